//! Redacts archives that are to be shared: listed values stay, all others become fingerprints.

use std::borrow::Cow;

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use url::{Url, form_urlencoded};

use super::public::{ADDRESSES, PRIVATE_CLAIMS, is_public, is_public_header};
use super::{Pair, Token};
use crate::{self as model, FINGERPRINT, Jwt, Secret, clean};

/// The longest claim that is shown, in characters. A longer one may contain another token.
const CLAIM_MAX: usize = 300;
/// The shortest secret that is searched for in other texts, in characters. A shorter one would match everywhere.
const KNOWN_MIN: usize = 6;
/// The prefix of a fingerprint.
const MARK: &str = FINGERPRINT;
/// The depth to which JSON is searched.
const DEPTH_MAX: usize = 16;

/// Replaces secrets with fingerprints: `redacted-`, twelve hexadecimal digits, a dash and the number of characters. A
/// secret has the same fingerprint throughout one file, and a different one in every other file. The digits are those of a
/// SHA-256 with a salt that is not stored, so that short codes cannot be found by brute force.
///
/// A value that was replaced once is replaced wherever it appears again, even under a listed name.
pub struct HarRedactor {
    salt: [u8; 16],
    /// The values that were replaced.
    replaced: model::Redactor,
    /// The secrets of this run.
    run: model::Redactor,
}

impl HarRedactor {
    /// A redactor with this salt, 16 random bytes, that also replaces the secrets of `run`.
    pub fn new(salt: [u8; 16], run: model::Redactor) -> Self {
        Self { salt, replaced: model::Redactor::default(), run }
    }

    /// The fingerprint of `value`. The value is remembered.
    pub fn hide(&mut self, value: &str) -> String {
        if value.is_empty() || is_redacted(value) {
            return value.to_owned();
        }
        if KNOWN_MIN <= value.len() {
            self.replaced.register(value);
        }
        self.mark(value)
    }

    fn mark(&self, value: &str) -> String {
        let digest = Sha256::new_with_prefix(self.salt).chain_update(value).finalize();
        let digits: String = digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
        format!("{MARK}{digits}-{}", value.chars().count())
    }

    /// `text` on one line, with every known secret replaced.
    pub fn clear(&self, text: &str) -> String {
        self.scrub(&clean(text))
    }

    fn scrub(&self, text: &str) -> String {
        let mark = |secret: &Secret| self.mark(secret.expose());
        let text = self.replaced.replace(text, mark);
        self.run.replace(&text, mark).into_owned()
    }

    /// `value` with every known secret in its texts replaced. Names stay: they are those of the format.
    pub fn texts(&self, value: &mut Value) {
        match value {
            Value::String(text) => {
                let shown = self.run.replace(text, |secret| self.mark(secret.expose()));
                if let Cow::Owned(shown) = shown {
                    *text = shown;
                }
            }
            Value::Array(all) => all.iter_mut().for_each(|value| self.texts(value)),
            Value::Object(members) => members.values_mut().for_each(|value| self.texts(value)),
            _ => (),
        }
    }

    /// Redacts the parameters of a URL, or the members of a form.
    pub fn pairs(&mut self, pairs: &[Pair]) -> Vec<Pair> {
        let public = |pair: &Pair| is_public(&pair.name);
        // Secrets are registered first, so that they are also found in the texts next to them.
        let hidden: Vec<Option<String>> =
            pairs.iter().map(|pair| (!public(pair)).then(|| self.hide(&pair.value))).collect();
        let shown = pairs.iter().zip(hidden).map(|(pair, hidden)| Pair {
            name: self.clear(&pair.name),
            value: hidden.unwrap_or_else(|| self.clear(&pair.value)),
        });
        shown.collect()
    }

    /// Redacts a URL with its parameters.
    pub fn address(&mut self, url: &Url) -> (String, Vec<Pair>) {
        let query = self.pairs(&super::pairs_of(url.query().unwrap_or_default().as_bytes()));
        let fragment = url.fragment().map(|fragment| {
            if fragment.contains('=') {
                joined(&self.pairs(&super::pairs_of(fragment.as_bytes())))
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
        (self.scrub(shown.as_str()), query)
    }

    /// Redacts a header.
    pub fn header(&mut self, name: &str, value: &str) -> Pair {
        let lower = name.to_ascii_lowercase();
        let value = if ADDRESSES.contains(&&*lower) {
            match Url::parse(value) {
                Ok(url) => self.address(&url).0,
                Err(_) if value.starts_with('/') && !value.contains(['?', '#']) => {
                    self.clear(value)
                }
                Err(_) => self.hide(value),
            }
        } else if is_public_header(&lower) {
            self.clear(value)
        } else {
            self.hide(value)
        };
        Pair { name: self.clear(&lower), value }
    }

    /// The members of a response that may hold secrets.
    pub fn members(&mut self, members: &Map<String, Value>) -> Map<String, Value> {
        self.learn(members, 0);
        let shown = members.iter();
        shown.map(|(name, value)| (self.clear(name), self.value(name, value, 0))).collect()
    }

    /// Remembers every secret text in `members`.
    fn learn(&mut self, members: &Map<String, Value>, depth: usize) {
        for (name, value) in members {
            match value {
                Value::String(text) if !is_public(name) => {
                    self.hide(text);
                }
                Value::Object(inner) if depth < DEPTH_MAX => self.learn(inner, depth + 1),
                _ => (),
            }
        }
    }

    fn value(&mut self, name: &str, value: &Value, depth: usize) -> Value {
        match value {
            Value::String(text) if is_public(name) => Value::String(self.clear(text)),
            Value::String(text) => Value::String(self.hide(text)),
            Value::Number(_) if !is_public(name) => Value::String(self.hide(&value.to_string())),
            Value::Number(_) | Value::Bool(_) | Value::Null => value.clone(),
            Value::Array(_) | Value::Object(_) if DEPTH_MAX <= depth => Value::Null,
            Value::Array(all) => {
                all.iter().map(|value| self.value(name, value, depth + 1)).collect()
            }
            Value::Object(members) => members
                .iter()
                .map(|(name, value)| (self.clear(name), self.value(name, value, depth + 1)))
                .collect(),
        }
    }

    /// A document that was fetched without a secret, such as the keys of an authority.
    pub fn document(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.clear(text)),
            Value::Array(all) => all.iter().map(|value| self.document(value)).collect(),
            Value::Object(members) => members
                .iter()
                .map(|(name, value)| (self.clear(name), self.document(value)))
                .collect(),
            other => other.clone(),
        }
    }

    /// The header and claims of `token`, if it is a readable JWT.
    pub fn token(&mut self, token: &str) -> Option<Token> {
        let jwt = Jwt::decode_unverified(token).ok()?;
        let mut shown = |name: &str, value: &Value| {
            let long = CLAIM_MAX < value.to_string().len() || value.to_string().contains("eyJ");
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
            signature_length: jwt.signature_length,
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

/// Whether `value` is a fingerprint.
pub fn is_redacted(value: &str) -> bool {
    value.strip_prefix(MARK).is_some_and(|rest| {
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
    use serde_json::json;

    use super::*;

    fn redactor() -> HarRedactor {
        HarRedactor::new([7; 16], model::Redactor::default())
    }

    fn pairs(text: &str) -> Vec<Pair> {
        super::super::pairs_of(text.as_bytes())
    }

    #[test]
    fn a_value_that_is_not_listed_becomes_a_fingerprint() {
        let mut redactor = redactor();
        let form = "grant_type=refresh_token&refresh_token=1.Asecret&client_id=c&scope=a+b&client_secret=hunter2\
                    &password=pw&otp=123456&code_verifier=v3rifier&client_assertion=eyJ.as.sert";
        let shown = redactor.pairs(&pairs(form));
        let text = format!("{shown:?}");
        for secret in ["1.Asecret", "hunter2", "123456", "v3rifier", "eyJ.as.sert"] {
            assert!(!text.contains(secret), "{text}");
        }
        assert_eq!(super::super::value_of(&shown, "scope"), Some("a b"));
        let one = super::super::value_of(&shown, "refresh_token").unwrap();
        assert!(one.starts_with("redacted-") && one.ends_with("-9"), "{one}");
        assert_eq!(redactor.hide("1.Asecret"), one, "the same secret, the same fingerprint");
        assert_ne!(
            HarRedactor::new([8; 16], model::Redactor::default()).hide("1.Asecret"),
            one,
            "but not in another file"
        );
        assert_eq!(redactor.hide(one), one);
    }

    #[test]
    fn a_secret_is_found_again_in_texts_that_are_shown() {
        let mut redactor = redactor();
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
    fn addresses_and_headers_keep_their_shape() {
        let mut redactor = redactor();
        let url = "http://user:pw@localhost:8400/?code=c0de-value&state=st4te&error=access_denied#id_token=to.ke.n";
        let (shown, query) = redactor.address(&Url::parse(url).unwrap());
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
