//! Tokens that come with the redirect.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use super::code::location;
use super::*;

/// The members of the fragment.
fn fragment(answer: &HttpResponse) -> std::collections::BTreeMap<String, String> {
    let url = location(answer);
    form_urlencoded::parse(url.fragment().unwrap_or_default().as_bytes()).into_owned().collect()
}

fn half(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(&Sha256::digest(text)[..16])
}

#[test]
fn an_id_token_comes_with_the_redirect() {
    let bench = Bench::new("auto-approve");
    let ask = |response_type| bench.get(&bench.authorize_url(&[("response_type", response_type)]));
    let alone = fragment(&ask("id_token"));
    assert!(!alone.contains_key("code") && !alone.contains_key("access_token"), "{alone:?}");
    let claims = |members: &std::collections::BTreeMap<String, String>| {
        Jwt::decode_unverified(&members["id_token"]).unwrap().claims
    };
    assert_eq!(claims(&alone).text("nonce"), Some("n-1"));
    assert_eq!(alone["state"], "st&te");
    assert!(claims(&alone).get("at_hash").is_none() && claims(&alone).get("c_hash").is_none());

    let hybrid = fragment(&ask("code id_token"));
    assert_eq!(claims(&hybrid).text("c_hash"), Some(half(&hybrid["code"]).as_str()));
    assert_eq!(bench.redeem(&hybrid["code"], &[]).status(), 200);

    let implicit = fragment(&ask("id_token token"));
    let token = &implicit["access_token"];
    assert_eq!(claims(&implicit).text("at_hash"), Some(half(token).as_str()));
    assert_eq!(bench.graph(token, "/v1.0/me/messages").0, 200);
    assert!(!implicit.contains_key("refresh_token") && implicit["token_type"] == "Bearer");
}

#[test]
fn tokens_are_not_sent_in_a_query_or_without_a_nonce() {
    let bench = Bench::new("auto-approve");
    let hybrid = ("response_type", "code id_token");
    let query = bench.get(&bench.authorize_url(&[hybrid, ("response_mode", "query")]));
    assert_eq!(super::code::member(&query, "error").as_deref(), Some("invalid_request"));
    let url = bench.authorize_url(&[hybrid]).replace("&nonce=n-1", "");
    assert_eq!(fragment(&bench.get(&url))["error"], "invalid_request");
    for other in ["code token", "none", "code id_token sms"] {
        let url = bench.authorize_url(&[("response_type", other), ("response_mode", "fragment")]);
        assert_eq!(fragment(&bench.get(&url))["error"], "unsupported_response_type", "{other}");
    }
}
