//! ID tokens signed with a test key, each changed in one way.

use std::sync::LazyLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{self, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use super::*;
use crate::oauth::testing::response;

const NOW: i64 = 1_700_000_000;
const ISSUER: &str = "https://login.example/{tenantid}/v2.0";

static KEY: LazyLock<KeyPair> = LazyLock::new(|| KeyPair::generate(KeySize::Rsa2048).unwrap());

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// A token with this header and these claims. The key signs it whatever the header says.
fn signed(header: &Value, claims: &Value) -> String {
    let text = format!("{}.{}", part(header), part(claims));
    let mut signature = vec![0; KEY.public_modulus_len()];
    let rng = SystemRandom::new();
    KEY.sign(&signature::RSA_PKCS1_SHA256, &rng, text.as_bytes(), &mut signature).unwrap();
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn modulus() -> Vec<u8> {
    KEY.public_key().modulus().big_endian_without_leading_zero().to_vec()
}

/// The key set. It also has a key of an unknown type.
fn keys(change: impl FnOnce(&mut Value)) -> Keys {
    let exponent = KEY.public_key().exponent().big_endian_without_leading_zero().to_vec();
    // Entra's keys have no `alg`, and have members of their own.
    let mut key = json!({
        "kty": "RSA", "use": "sig", "kid": "one", "x5t": "one", "x5c": ["MII"], "issuer": ISSUER,
        "n": URL_SAFE_NO_PAD.encode(modulus()), "e": URL_SAFE_NO_PAD.encode(exponent),
    });
    change(&mut key);
    let body = json!({ "keys": [{ "kty": "AKP", "kid": "two", "alg": "ML-DSA-44" }, key] });
    parse_keys(&response(200, &body.to_string())).unwrap().unwrap()
}

fn header() -> Value {
    json!({ "alg": "RS256", "typ": "JWT", "kid": "one" })
}

fn claims() -> Value {
    json!({
        "iss": "https://login.example/t-1/v2.0", "tid": "t-1", "aud": "client", "sub": "s",
        "nonce": "the-nonce", "iat": NOW - 300, "nbf": NOW - 300, "exp": NOW + 3_600,
    })
}

fn judged(token: &str, keys: Option<&Keys>) -> Result<(), IdTokenError> {
    let nonce = Secret::new("the-nonce");
    let expected = ExpectedIdToken {
        issuer: ISSUER,
        client_id: "client",
        nonce: Some(&nonce),
        now: NumericDate(NOW),
    };
    check(&Secret::new(token), keys, expected)
}

/// The result for a token whose claim `name` is `value`, or missing for null.
fn with(name: &str, value: Value) -> Result<(), IdTokenError> {
    let mut claims = claims();
    if value.is_null() {
        claims.as_object_mut().unwrap().remove(name);
    } else {
        claims[name] = value;
    }
    judged(&signed(&header(), &claims), Some(&keys(|_| ())))
}

#[test]
fn a_good_token_passes_with_and_without_its_keys() {
    let token = signed(&header(), &claims());
    assert_eq!(judged(&token, Some(&keys(|_| ()))), Ok(()));
    assert_eq!(judged(&token, Some(&keys(|key| key["alg"] = json!("RS256")))), Ok(()));
    assert_eq!(judged(&token, None), Ok(()));
}

#[test]
fn every_claim_is_checked_against_the_request() {
    use IdTokenError::{Expired, Missing, Nonce, NotYet};
    let issuer = |found: &str| {
        Err(IdTokenError::Issuer {
            found: found.to_owned(),
            expected: "https://login.example/t-1/v2.0".to_owned(),
        })
    };
    let audience = |found: &str| {
        Err(IdTokenError::Audience { found: found.to_owned(), expected: "client".to_owned() })
    };
    for (name, value, expected) in [
        ("iss", json!("https://evil.example/t-1/v2.0"), issuer("https://evil.example/t-1/v2.0")),
        ("iss", json!("https://login.example/t-2/v2.0"), issuer("https://login.example/t-2/v2.0")),
        ("iss", Value::Null, Err(Missing("iss"))),
        ("aud", json!("another"), audience("another")),
        ("aud", json!(["client"]), Ok(())),
        ("aud", json!(["client", "another"]), Err(Missing("azp"))),
        ("aud", Value::Null, Err(Missing("aud"))),
        ("azp", json!("client"), Ok(())),
        ("azp", json!("another"), audience("another")),
        ("sub", Value::Null, Err(Missing("sub"))),
        ("nonce", json!("another"), Err(Nonce)),
        ("nonce", Value::Null, Err(Nonce)),
        ("exp", json!(NOW - 299), Ok(())),
        ("exp", json!(NOW - 301), Err(Expired(NumericDate(NOW - 301)))),
        ("exp", Value::Null, Err(Missing("exp"))),
        ("iat", json!(NOW + 299), Ok(())),
        ("iat", json!(NOW + 301), Err(NotYet(NumericDate(NOW + 301)))),
        ("iat", Value::Null, Err(Missing("iat"))),
        ("nbf", json!(NOW + 301), Err(NotYet(NumericDate(NOW + 301)))),
        ("nbf", Value::Null, Ok(())),
    ] {
        assert_eq!(with(name, value.clone()), expected, "{name} = {value}");
    }
    // Without a `tid`, the placeholder has no value.
    assert!(with("tid", Value::Null).is_err());
}

#[test]
fn only_a_signature_by_the_authority_is_accepted() {
    let all = keys(|_| ());
    let good = signed(&header(), &claims());
    let (text, signature) = good.rsplit_once('.').unwrap();
    let mut other = claims();
    other["sub"] = json!("another user");
    let moved = format!("{}.{}.{signature}", part(&header()), part(&other));
    assert_eq!(judged(&moved, Some(&all)), Err(IdTokenError::Signature));
    assert_eq!(judged(&format!("{text}."), Some(&all)), Err(IdTokenError::Signature));

    let algorithm = |name: &str| {
        let mut header = header();
        header["alg"] = json!(name);
        judged(&signed(&header, &claims()), Some(&all))
    };
    for name in ["none", "None", "HS256", "RS512", "PS256", "ES256", "EdDSA", "x\u{1b}[2J"] {
        assert!(matches!(algorithm(name), Err(IdTokenError::Algorithm(_))), "{name}");
    }
    let unnamed = json!({ "typ": "JWT", "kid": "one" });
    let unnamed = judged(&signed(&unnamed, &claims()), Some(&all));
    assert_eq!(unnamed, Err(IdTokenError::Algorithm("none".to_owned())));

    // The public key as a shared secret, which everyone knows.
    let mut shared = jsonwebtoken::Header::new(Algorithm::HS256);
    shared.kid = Some("one".to_owned());
    let secret = jsonwebtoken::EncodingKey::from_secret(&modulus());
    let confused = jsonwebtoken::encode(&shared, &claims(), &secret).unwrap();
    assert_eq!(judged(&confused, Some(&all)), Err(IdTokenError::Algorithm("HS256".to_owned())));

    let mut foreign = header();
    foreign["kid"] = json!("three");
    let foreign = judged(&signed(&foreign, &claims()), Some(&all));
    assert_eq!(foreign, Err(IdTokenError::UnknownKey("three".to_owned())));
    let nameless = signed(&json!({ "alg": "RS256" }), &claims());
    assert_eq!(judged(&nameless, Some(&all)), Ok(()), "there is one key that it can be");
    assert!(judged("not a token", Some(&all)).is_err());
}

#[test]
fn a_key_that_is_not_for_signatures_verifies_none() {
    let token = signed(&header(), &claims());
    let nameless = signed(&json!({ "alg": "RS256" }), &claims());
    let with = |usage: Value, operations: Value| {
        keys(|key| {
            key["use"] = usage;
            key["key_ops"] = operations;
        })
    };
    for (usage, operations) in [
        (json!("sig"), json!(["verify"])),
        (json!("sig"), json!(["sign", "verify"])),
        (Value::Null, json!(["verify"])),
        (Value::Null, Value::Null),
    ] {
        let all = with(usage.clone(), operations.clone());
        for token in [&token, &nameless] {
            assert_eq!(judged(token, Some(&all)), Ok(()), "{usage} {operations}");
        }
    }
    for (usage, operations) in [
        (json!("enc"), Value::Null),
        (json!("enc"), json!(["verify"])),
        (json!("tls"), Value::Null),
        (json!("sig"), json!(["encrypt"])),
        (Value::Null, json!(["sign", "wrapKey"])),
        (Value::Null, json!([])),
    ] {
        let all = with(usage.clone(), operations.clone());
        let cached = Keys::from_text(all.to_text().as_bytes()).unwrap();
        for all in [&all, &cached] {
            for token in [&token, &nameless] {
                let verdict = judged(token, Some(all));
                assert!(
                    matches!(verdict, Err(IdTokenError::UnknownKey(_))),
                    "{usage} {operations}: {verdict:?}"
                );
            }
        }
    }
}

#[test]
fn an_unknown_critical_extension_is_refused() {
    for critical in [json!(["b64"]), json!(["exp"]), json!([]), json!("exp"), Value::Null] {
        let mut header = header();
        header["crit"] = critical.clone();
        let token = signed(&header, &claims());
        for keys in [Some(&keys(|_| ())), None] {
            let verdict = judged(&token, keys);
            assert!(matches!(verdict, Err(IdTokenError::Critical(_))), "{critical}: {verdict:?}");
        }
    }
}

#[test]
fn a_signature_that_cannot_be_checked_is_refused_without_keys_too() {
    for name in ["none", "HS256", "HS384", "HS512", "x"] {
        let token = signed(&json!({ "alg": name, "kid": "one" }), &claims());
        assert_eq!(judged(&token, None), Err(IdTokenError::Algorithm(name.to_owned())));
    }
}

#[test]
fn cached_keys_give_the_same_result() {
    let kept = keys(|key| key["x5c"] = json!(["MII".repeat(500)])).to_text();
    assert!(kept.len() < 1_000, "without certificates: {kept}");
    let kept = Keys::from_text(kept.as_bytes()).unwrap();
    assert_eq!(judged(&signed(&header(), &claims()), Some(&kept)), Ok(()));
    for text in ["", "[]", "{}", "<html>"] {
        assert!(Keys::from_text(text.as_bytes()).is_none(), "{text}");
    }
}

#[test]
fn an_invalid_key_set_is_not_read() {
    for body in ["{}", r#"{"keys":7}"#, "<html>", ""] {
        assert!(parse_keys(&response(200, body)).is_err(), "{body}");
    }
}
