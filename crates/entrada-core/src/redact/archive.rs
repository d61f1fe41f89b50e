//! Redacts archives that are to be shared: the values of listed names stay, all others become fingerprints.

use std::borrow::Cow;
use std::sync::{Arc, Mutex};

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use url::{Url, form_urlencoded};

use super::names::{
    PRIVATE_CLAIMS, URL_HEADERS, is_error_code, is_error_object, is_public, is_public_header,
    is_secret_name,
};
use super::{DEPTH_MAX, FINGERPRINT, KnownSecrets, Redactor, locked};
use crate::har::{Pair, Token, pairs_of};
use crate::{Jwt, Secret, clean};

/// The longest claim that is shown, in characters. A longer one may contain another token.
const CLAIM_MAX: usize = 300;
/// Claims with a list of permissions, which may be long: each of its words is measured.
const PERMISSION_CLAIMS: [&str; 3] = ["roles", "scp", "wids"];
/// The longest plain word, in characters.
const WORD_MAX: usize = 16;
/// The shortest replaced value that is searched for in other texts, in bytes. A shorter one would match everywhere.
const SEEN_MIN: usize = 6;

/// The fingerprints of one archive.
pub(super) struct Fingerprints {
    salt: [u8; 16],
    /// The values that were replaced because of their names. Not all are secret, so no other text is searched for them.
    seen: Mutex<KnownSecrets>,
}

impl Fingerprints {
    /// The fingerprint of `value`.
    pub(super) fn of(&self, value: &str) -> String {
        let digest = Sha256::new_with_prefix(self.salt).chain_update(value).finalize();
        let digits: String = digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
        format!("{FINGERPRINT}{digits}-{}", value.chars().count())
    }

    /// `text` with a fingerprint in place of each value that was replaced before.
    pub(super) fn replace_seen<'t>(&self, text: &'t str) -> Cow<'t, str> {
        locked(&self.seen).replace(text, |secret: &Secret| self.of(secret.expose()))
    }
}

/// What an archive shows. Without [`Redactor::with_fingerprints`] the same methods replace the values of secret names only, by
/// `[secret]`.
impl Redactor {
    /// The redactor of one archive. It knows the secrets of this one, also those that are registered later.
    ///
    /// It replaces secrets with fingerprints: `redacted-`, twelve hexadecimal digits, a dash and the number of characters. A
    /// secret has the same fingerprint throughout one archive, and a different one in every other. The digits are those of a
    /// SHA-256 with `salt`, 16 random bytes that are not stored, so that short codes cannot be found by brute force.
    ///
    /// Every value is secret whose name is not listed as public. A value that was replaced once is replaced wherever the
    /// archive repeats it, even under a listed name.
    #[must_use]
    pub fn with_fingerprints(&self, salt: [u8; 16]) -> Self {
        let fingerprints = Fingerprints { salt, seen: Mutex::default() };
        Self { fingerprints: Some(Arc::new(fingerprints)), ..self.clone() }
    }

    /// What replaces `value`, which is secret where it stands. The value is remembered.
    pub fn hide(&self, value: &str) -> String {
        if value.is_empty() || is_redacted(value) {
            return value.to_owned();
        }
        self.remember(value);
        self.mark(value)
    }

    /// What replaces the value of the member or parameter `name`.
    fn hide_member(&self, name: &str, value: &str) -> String {
        if is_plain_word(name, value) { self.mark(value) } else { self.hide(value) }
    }

    /// Registers a value that is secret by its name.
    pub(super) fn remember(&self, value: &str) {
        match &self.fingerprints {
            Some(fingerprints) if SEEN_MIN <= value.len() => {
                locked(&fingerprints.seen).register(value);
            }
            Some(_) => (),
            None => self.register(value),
        }
    }

    /// Whether the member or parameter `name` is secret: in an archive, unless its name is listed as public.
    pub(super) fn is_secret_member(&self, name: &str) -> bool {
        if self.fingerprints.is_some() { !is_public(name) } else { is_secret_name(name) }
    }

    /// The same for the member `name` with the value `text`, of the object `parent`: the code of an error is public.
    pub(super) fn is_secret_in(&self, parent: &str, name: &str, text: &str) -> bool {
        let is_code = name == "code" && is_error_object(parent) && is_error_code(text);
        !is_code && self.is_secret_member(name)
    }

    fn is_secret_header(&self, lower_name: &str) -> bool {
        if self.fingerprints.is_some() {
            !is_public_header(lower_name)
        } else {
            lower_name.ends_with("authorization") || is_secret_name(lower_name)
        }
    }

    /// `text` on one line, without known secrets.
    pub fn one_line(&self, text: &str) -> String {
        self.text(&clean(text)).into_owned()
    }

    /// Redacts the parameters of a URL, or the members of a form.
    pub fn pairs(&self, pairs: &[Pair]) -> Vec<Pair> {
        // Secrets are registered first, so that they are also found in the texts next to them.
        let hidden: Vec<Option<String>> = pairs
            .iter()
            .map(|pair| {
                self.is_secret_member(&pair.name).then(|| self.hide_member(&pair.name, &pair.value))
            })
            .collect();
        let shown = pairs.iter().zip(hidden).map(|(pair, hidden)| Pair {
            name: self.one_line(&pair.name),
            value: hidden.unwrap_or_else(|| self.one_line(&pair.value)),
        });
        shown.collect()
    }

    /// Redacts a URL with its parameters.
    pub fn url(&self, url: &Url) -> (String, Vec<Pair>) {
        let query = self.pairs(&pairs_of(url.query().unwrap_or_default().as_bytes()));
        let fragment = url.fragment().map(|fragment| {
            if fragment.contains('=') {
                joined(&self.pairs(&pairs_of(fragment.as_bytes())))
            } else {
                self.hide(fragment)
            }
        });
        let mut shown = url.clone();
        shown
            .set_query(Some(&joined(&query)).filter(|query| !query.is_empty()).map(String::as_str));
        shown.set_fragment(fragment.as_deref());
        if !shown.username().is_empty() || shown.password().is_some() {
            let _ = shown.set_password(None);
            let _ = shown.set_username("redacted");
        }
        (self.text(shown.as_str()).into_owned(), query)
    }

    /// Redacts a header.
    pub fn header(&self, name: &str, value: &str) -> Pair {
        let lower = name.to_ascii_lowercase();
        let value = if URL_HEADERS.contains(&&*lower) {
            match Url::parse(value) {
                Ok(url) => self.url(&url).0,
                Err(_) if value.starts_with('/') && !value.contains(['?', '#']) => {
                    self.one_line(value)
                }
                Err(_) => self.hide(value),
            }
        } else if !self.is_secret_header(&lower) {
            self.one_line(value)
        } else {
            self.hide(value)
        };
        Pair { name: self.one_line(&lower), value }
    }

    /// The members of a response that may hold secrets.
    pub fn members(&self, members: &Map<String, Value>) -> Map<String, Value> {
        self.learn_members(members);
        let shown = members.iter();
        shown.map(|(name, value)| (self.one_line(name), self.member("", name, value, 0))).collect()
    }

    /// The member `name` of the object `parent`.
    fn member(&self, parent: &str, name: &str, value: &Value, depth: usize) -> Value {
        match value {
            Value::String(text) if !self.is_secret_in(parent, name, text) => {
                Value::String(self.one_line(text))
            }
            Value::String(text) => Value::String(self.hide_member(name, text)),
            Value::Number(_) if self.is_secret_member(name) => {
                Value::String(self.hide(&value.to_string()))
            }
            Value::Number(_) | Value::Bool(_) | Value::Null => value.clone(),
            Value::Array(_) | Value::Object(_) if DEPTH_MAX <= depth => Value::Null,
            Value::Array(all) => {
                all.iter().map(|value| self.member(parent, name, value, depth + 1)).collect()
            }
            Value::Object(members) => {
                let shown = |(member, value): (&String, &Value)| {
                    (self.one_line(member), self.member(name, member, value, depth + 1))
                };
                members.iter().map(shown).collect()
            }
        }
    }

    /// A document that was fetched without a secret, such as the keys of an authority.
    pub fn document(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.one_line(text)),
            Value::Array(all) => all.iter().map(|value| self.document(value)).collect(),
            Value::Object(members) => members
                .iter()
                .map(|(name, value)| (self.one_line(name), self.document(value)))
                .collect(),
            other => other.clone(),
        }
    }

    /// The header and claims of `token`, if it is a readable JWT.
    pub fn token(&self, token: &str) -> Option<Token> {
        let jwt = Jwt::decode_unverified(token).ok()?;
        let shown = |name: &str, value: &Value| {
            let text = value.to_string();
            let length = if PERMISSION_CLAIMS.contains(&name) {
                text.split([' ', ',']).map(str::len).max().unwrap_or_default()
            } else {
                text.len()
            };
            let long = CLAIM_MAX < length || text.contains("eyJ");
            match value {
                Value::String(text) if PRIVATE_CLAIMS.contains(&name) || long => {
                    Value::String(self.hide(text))
                }
                // Lists of groups are long and rarely useful.
                _ if long => Value::Null,
                value => self.document(value),
            }
        };
        Some(Token {
            signature_length: jwt.signature_length.unwrap_or_default(),
            header: jwt
                .header
                .iter()
                .map(|(name, value)| (name.to_owned(), shown(name, value)))
                .collect(),
            claims: jwt
                .claims
                .iter()
                .map(|(name, value)| (name.to_owned(), shown(name, value)))
                .collect(),
        })
    }
}

/// Whether `value` is a plain word under an unlisted name, such as `access_type=offline`. It is not remembered: other texts
/// contain it by chance.
pub(super) fn is_plain_word(name: &str, value: &str) -> bool {
    (1..=WORD_MAX).contains(&value.len())
        && value.bytes().all(|byte| byte.is_ascii_lowercase())
        && name != "code"
        && !is_secret_name(name)
}

/// Whether `value` is a fingerprint.
pub fn is_redacted(value: &str) -> bool {
    value.strip_prefix(FINGERPRINT).is_some_and(|rest| {
        rest.split_once('-').is_some_and(|(digits, length)| {
            digits.len() == 12
                && digits.chars().all(|c| c.is_ascii_hexdigit())
                && !length.is_empty()
                && length.chars().all(|c| c.is_ascii_digit())
        })
    })
}

fn joined(pairs: &[Pair]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs.iter().map(|pair| (&pair.name, &pair.value)))
        .finish()
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::prelude::BASE64_URL_SAFE_NO_PAD as URL_SAFE_NO_PAD;
    use serde_json::json;

    use super::*;

    fn redactor() -> Redactor {
        Redactor::default().with_fingerprints([7; 16])
    }

    fn pairs(text: &str) -> Vec<Pair> {
        pairs_of(text.as_bytes())
    }

    #[test]
    fn a_plain_word_under_an_unlisted_name_hides_nothing_else() {
        let redactor = redactor();
        let pair = |name: &str, value: &str| Pair { name: name.into(), value: value.into() };
        let shown = redactor.pairs(&[
            pair("access_type", "offline"),
            pair("scope", "offline_access"),
            pair("client_secret", "hunters"),
        ]);
        assert!(is_redacted(&shown[0].value) && is_redacted(&shown[2].value));
        assert_eq!(shown[1].value, "offline_access");
        assert!(
            !redactor.text("the hunters").contains("hunters"),
            "a secret name is one for every value"
        );
    }

    #[test]
    fn a_long_list_of_permissions_is_shown() {
        let scp = vec!["Mail.Read"; 60].join(" ");
        let roles = vec!["User.Read.All"; 60];
        let claims = json!({ "scp": scp, "roles": roles, "groups": roles, "upn": "x".repeat(400) });
        let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let token = format!("{}.{}.c2ln", part(json!({ "alg": "RS256" })), part(claims));
        let shown = redactor().token(&token).unwrap().claims;
        assert_eq!((&shown["scp"], &shown["roles"]), (&json!(scp), &json!(roles)));
        assert!(shown["groups"].is_null() && is_redacted(shown["upn"].as_str().unwrap()));
    }

    #[test]
    fn a_value_that_is_not_listed_becomes_a_fingerprint() {
        let redactor = redactor();
        let form = "grant_type=refresh_token&refresh_token=1.Asecret&client_id=c&scope=a+b&client_secret=hunter2\
                    &password=pw&otp=123456&code_verifier=v3rifier&client_assertion=eyJ.as.sert";
        let shown = redactor.pairs(&pairs(form));
        let text = format!("{shown:?}");
        for secret in ["1.Asecret", "hunter2", "123456", "v3rifier", "eyJ.as.sert"] {
            assert!(!text.contains(secret), "{text}");
        }
        assert_eq!(crate::har::value_of(&shown, "scope"), Some("a b"));
        let one = crate::har::value_of(&shown, "refresh_token").unwrap();
        assert!(one.starts_with("redacted-") && one.ends_with("-9"), "{one}");
        assert_eq!(redactor.hide("1.Asecret"), one, "the same secret, the same fingerprint");
        assert_ne!(
            Redactor::default().with_fingerprints([8; 16]).hide("1.Asecret"),
            one,
            "but not in another file"
        );
        assert_eq!(redactor.hide(one), one);
    }

    #[test]
    fn without_fingerprints_only_secret_names_hide_their_values() {
        let redactor = Redactor::default();
        let url = Url::parse("http://localhost/?client_secret=hunter2-2&state=st4te").unwrap();
        assert_eq!(
            redactor.url(&url).0,
            "http://localhost/?client_secret=%5Bsecret%5D&state=st4te"
        );
        for (name, value, expected) in [
            ("Authorization", "Bearer x", "[secret]"),
            ("Cookie", "a=b-and-more", "[secret]"),
            ("x-unheard-of", "x, hunter2-2", "x, [secret]"),
        ] {
            assert_eq!(redactor.header(name, value).value, expected, "{name}");
        }
        let members = json!({ "refresh_token": "r-token", "unlisted": "r-token, 1" });
        let shown = Value::Object(redactor.members(members.as_object().unwrap()));
        assert_eq!(shown, json!({ "refresh_token": "[secret]", "unlisted": "[secret], 1" }));
    }

    #[test]
    fn a_secret_is_found_again_in_texts_that_are_shown() {
        let redactor = redactor();
        let answer = json!({
            "user_code": "ABCD-1234", "device_code": "d3vice/code", "verification_uri": "https://x.example/device",
            "message": "go to https://x.example/device and enter ABCD-1234", "interval": 5, "pin": 4711,
            "error_description": "AADSTS1: d3vice/code or d3vice%2Fcode is bad", "nested": { "access_token": "inner-token" },
        });
        let shown = redactor.members(answer.as_object().unwrap());
        let text = Value::Object(shown.clone()).to_string();
        for secret in ["ABCD-1234", "d3vice/code", "d3vice%2Fcode", "4711", "inner-token"] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
        assert_eq!(shown["interval"], 5);
        assert!(shown["message"].as_str().unwrap().starts_with("go to https://x.example/device"));
    }

    #[test]
    fn the_code_of_an_error_object_is_shown_and_an_authorization_code_is_not() {
        let redactor = redactor();
        let answer = json!({
            "error": {
                "code": "ErrorAccessDenied", "message": "Access is denied.",
                "innerError": { "date": "2026-11-30T10:00:00", "request-id": "r-1", "code": "AKV10032" },
                "details": [{ "code": "Forbidden", "target": "x" }],
            },
            "code": "AnotherWord",
        });
        let shown = redactor.members(answer.as_object().unwrap());
        assert_eq!(shown["error"]["code"], "ErrorAccessDenied");
        assert_eq!(shown["error"]["innerError"], answer["error"]["innerError"]);
        assert_eq!(shown["error"]["details"][0]["code"], "Forbidden");
        assert!(is_redacted(shown["code"].as_str().unwrap()), "{shown:?}");
        for code in
            ["1.AXoAbcDEf_gh", "M.C525_BAY.2.U.1234", "0c0ffee0111142228333444455556666", "a-b"]
        {
            let answer = json!({ "error": { "code": code } });
            let shown = redactor.members(answer.as_object().unwrap());
            assert!(is_redacted(shown["error"]["code"].as_str().unwrap()), "{shown:?}");
        }
    }

    #[test]
    fn addresses_and_headers_keep_their_shape() {
        let redactor = redactor();
        let url = "http://user:pw@localhost:8400/?code=c0de-value&state=st4te&error=access_denied#id_token=to.ke.n";
        let (shown, query) = redactor.url(&Url::parse(url).unwrap());
        assert!(shown.starts_with("http://redacted@localhost:8400/?code=redacted-"), "{shown}");
        assert!(shown.contains("&error=access_denied#id_token=redacted-"), "{shown}");
        assert_eq!(query.len(), 3);
        for (name, value, expected) in [
            ("Content-Type", "text/html", "text/html"),
            ("Location", "/result", "/result"),
            ("Referer", "https://a.example/?x=1", "https://a.example/?x=redacted-"),
            ("Location", "/back?code=c0de-value", "redacted-"),
            ("Cookie", "a=b", "redacted-"),
            ("Authorization", "Bearer x", "redacted-"),
            ("x-unheard-of", "x", "redacted-"),
            ("www-authenticate", "Bearer error=\"c0de-value\"", "Bearer error=\"redacted-"),
        ] {
            let shown = redactor.header(name, value).value;
            assert!(shown.starts_with(expected), "{name}: {shown}");
        }
    }

    #[test]
    fn a_token_is_shown_without_signature_handles_and_other_tokens() {
        use base64::Engine as _;
        let part = |json: Value| base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(json.to_string());
        let token = format!(
            "{}.{}.{}",
            part(json!({ "alg": "RS256", "kid": "k" })),
            part(
                json!({ "aud": "x", "scp": "Mail.Read", "nonce": "n0nce-value", "act": "eyJx.y.z", "groups": vec!["g"; 200] })
            ),
            "s1gnature"
        );
        let shown = redactor().token(&token).unwrap();
        let text = serde_json::to_string(&shown).unwrap();
        assert_eq!(
            (&shown.claims["aud"], &shown.claims["scp"]),
            (&json!("x"), &json!("Mail.Read"))
        );
        assert_eq!(shown.header["kid"], "k");
        for secret in ["s1gnature", "n0nce-value", "eyJx"] {
            assert!(!text.contains(secret), "{text}");
        }
        assert_eq!(shown.claims["groups"], Value::Null);
        assert_eq!(redactor().token("opaque"), None);
    }
}
