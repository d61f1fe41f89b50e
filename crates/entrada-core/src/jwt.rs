//! JSON Web Tokens, read without a signature check.

use std::cmp::Ordering;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use compact_str::CompactString;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::{Map, Value};

use super::{NumericDate, ScopeSet};

/// Base64url as in RFC 7515 §2. Padding is accepted, because some tools add it.
const BASE64_URL: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Space for the usual number of claims in an Entra access token.
const MEMBERS: usize = 32;

/// A JSON Web Token in compact form (RFC 7519 §3), read without checking its signature.
///
/// It can explain a token to its holder. It must never decide whether to trust one: Entra documents access tokens as opaque
/// to clients.
#[derive(Clone, Debug, PartialEq)]
pub struct Jwt {
    /// The JOSE header (RFC 7515 §4).
    pub header: Claims,
    /// The payload.
    pub claims: Claims,
    /// The length of the third part. Documentation and logs often strip it. `None` where only decoded claims are known.
    pub signature_length: Option<usize>,
}

/// The text is not a JWT in compact form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwtError {
    /// A compact JWT has three parts with dots between them.
    #[error("expected 3 dot-separated parts, found {found}")]
    Parts {
        /// The number of parts.
        found: usize,
    },
    /// A part is not base64url.
    #[error("the {part} is not base64url")]
    Base64 {
        /// `header` or `payload`.
        part: &'static str,
    },
    /// A part is not a JSON object.
    #[error("the {part} is not a JSON object")]
    Json {
        /// `header` or `payload`.
        part: &'static str,
    },
}

impl Jwt {
    /// Whether the third part is there. It may be wrong.
    pub fn has_signature(&self) -> bool {
        self.signature_length.is_some_and(|length| 0 < length)
    }

    /// Reads the header and payload of a compact JWT. It does not verify the signature.
    ///
    /// ```
    /// use entrada_core::Jwt;
    ///
    /// // {"alg":"none"} and {"aud":"https://outlook.office.com","scp":"IMAP.AccessAsUser.All"}
    /// let token = "eyJhbGciOiJub25lIn0.eyJhdWQiOiJodHRwczovL291dGxvb2sub2ZmaWNlLmNvbSIsInNjcCI6IklNQVAuQWNjZXNzQXNVc2VyLkFsbCJ9.";
    /// let jwt = Jwt::decode_unverified(token)?;
    /// assert_eq!(jwt.claims.aud(), Some("https://outlook.office.com"));
    /// assert!(jwt.claims.scp().unwrap().contains("IMAP.AccessAsUser.All"));
    /// # Ok::<(), entrada_core::JwtError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`JwtError`] names the part that is not valid.
    pub fn decode_unverified(jwt: &str) -> Result<Self, JwtError> {
        let jwt = jwt.trim();
        let mut dots = memchr::memchr_iter(b'.', jwt.as_bytes());
        let (Some(first), Some(second), None) = (dots.next(), dots.next(), dots.next()) else {
            return Err(JwtError::Parts { found: jwt.split('.').count() });
        };
        let (header, payload, signature) =
            (&jwt[..first], &jwt[first + 1..second], &jwt[second + 1..]);
        Ok(Self {
            header: Claims::decode(header, "header")?,
            claims: Claims::decode(payload, "payload")?,
            signature_length: Some(signature.len()),
        })
    }
}

/// The members of a JWT header or payload, with unique names.
///
/// Rules look up claims more than a hundred times per token. The list is sorted by a numeric key for speed, and names are
/// stored inline.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Claims(Vec<Member>);

#[derive(Clone, Debug, PartialEq)]
struct Member {
    key: u64,
    name: CompactString,
    value: Value,
}

/// The length and first seven bytes of `name`, which distinguish nearly all claims.
#[inline]
fn key(name: &str) -> u64 {
    let bytes = name.as_bytes();
    let start = &bytes[..bytes.len().min(7)];
    let start = start.iter().fold(0, |key, byte| key << 8 | u64::from(*byte));
    (bytes.len().min(255) as u64) << 56 | start
}

impl Member {
    fn new(name: CompactString, value: Value) -> Self {
        Self { key: key(&name), name, value }
    }

    fn cmp(&self, key: u64, name: &str) -> Ordering {
        let rest = || if name.len() <= 7 { Ordering::Equal } else { self.name.as_str().cmp(name) };
        self.key.cmp(&key).then_with(rest)
    }
}

impl Claims {
    /// Reads one base64url part of a token. `part` names it in errors.
    ///
    /// # Errors
    ///
    /// [`JwtError::Base64`] or [`JwtError::Json`], with `part`.
    pub fn decode(text: &str, part: &'static str) -> Result<Self, JwtError> {
        let bytes = BASE64_URL.decode(text).map_err(|_| JwtError::Base64 { part })?;
        serde_json::from_slice(&bytes).map_err(|_| JwtError::Json { part })
    }

    /// Of repeated members the last counts, as everywhere in entrada.
    fn of_members(mut members: Vec<Member>) -> Self {
        members.sort_by(|one, other| one.cmp(other.key, &other.name));
        members.dedup_by(|later, earlier| {
            let same = later.name == earlier.name;
            if same {
                std::mem::swap(later, earlier);
            }
            same
        });
        Self(members)
    }

    /// The members of a part that was parsed before.
    pub fn new(members: Map<String, Value>) -> Self {
        members.into_iter().collect()
    }

    /// The raw value of `name`.
    #[inline]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.find(key(name), name)
    }

    fn find(&self, key: u64, name: &str) -> Option<&Value> {
        let at = self.0.binary_search_by(|own| own.cmp(key, name)).ok()?;
        self.0.get(at).map(|member| &member.value)
    }

    /// Every member, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        let mut members: Vec<_> =
            self.0.iter().map(|member| (member.name.as_str(), &member.value)).collect();
        members.sort_unstable_by_key(|(name, _)| *name);
        members.into_iter()
    }

    /// The text of `name`, if it is a non-empty string.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_str().filter(|text| !text.is_empty())
    }

    /// The time of `name`. A fraction of a second is dropped (RFC 7519 §2 allows one).
    pub fn time(&self, name: &str) -> Option<NumericDate> {
        let value = self.get(name)?;
        let seconds = value.as_i64().or_else(|| {
            let float = value.as_f64()?;
            #[expect(
                clippy::cast_possible_truncation,
                reason = "range is checked, fraction is dropped"
            )]
            (float.abs() < 9e15).then_some(float as i64)
        })?;
        Some(NumericDate(seconds))
    }

    /// `exp`: the expiry time (RFC 7519 §4.1.4).
    pub fn exp(&self) -> Option<NumericDate> {
        self.time("exp")
    }

    /// `aud`: the audience (RFC 7519 §4.1.3); the first value of a list.
    pub fn aud(&self) -> Option<&str> {
        match self.get("aud")? {
            Value::String(aud) => Some(aud),
            Value::Array(all) => all.first()?.as_str(),
            _ => None,
        }
    }

    /// Every value of `aud`, which may be a list (RFC 7519 §4.1.3).
    pub fn audiences(&self) -> Vec<&str> {
        match self.get("aud") {
            Some(Value::String(aud)) => vec![aud],
            Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }

    /// Whether the token has a claim for delegated permissions, which may be empty: see [`Claims::scp`].
    pub fn has_scp(&self) -> bool {
        let scp = self.get("scp").or_else(|| self.get("scope"));
        scp.is_some_and(|scp| scp.is_string() || scp.is_array())
    }

    /// `scp`: delegated permissions, separated by spaces. Other issuers use a list, or the name `scope`.
    pub fn scp(&self) -> Option<ScopeSet> {
        match self.get("scp").or_else(|| self.get("scope"))? {
            Value::String(scp) => Some(ScopeSet::parse(scp)),
            Value::Array(all) => Some(all.iter().filter_map(Value::as_str).collect()),
            _ => None,
        }
    }

    /// `roles`: application permissions of an app-only token, or the user's app roles next to `scp`.
    pub fn roles(&self) -> Option<Vec<&str>> {
        match self.get("roles")? {
            Value::Array(all) => Some(all.iter().filter_map(Value::as_str).collect()),
            Value::String(one) => Some(vec![one]),
            _ => None,
        }
    }

    /// The client ID: `appid` in v1.0 tokens, `azp` in v2.0 tokens, `client_id` elsewhere (RFC 9068 §2.2).
    pub fn client_id(&self) -> Option<&str> {
        self.text("appid").or_else(|| self.text("azp")).or_else(|| self.text("client_id"))
    }

    /// The claim that marks the user as a guest in the token's tenant, with its value; `None` for a member.
    pub fn guest_claim(&self) -> Option<(&'static str, String)> {
        let acct = self.get("acct");
        if acct.and_then(|acct| acct.as_i64().or_else(|| acct.as_str()?.parse().ok())) == Some(1) {
            return Some(("acct", "1 (guest)".to_owned()));
        }
        if let Some(upn) = self.text("upn").filter(|upn| upn.contains("#EXT#")) {
            return Some(("upn", upn.to_owned()));
        }
        if let Some(name) = self.text("unique_name").filter(|name| name.starts_with("live.com#")) {
            return Some(("unique_name", name.to_owned()));
        }
        let (idp, tid) = (self.text("idp")?, self.text("tid")?);
        (!idp.contains(tid)).then(|| ("idp", idp.to_owned()))
    }

    /// The user name for display: `preferred_username`, `upn`, `unique_name` or `email`.
    pub fn user_name(&self) -> Option<&str> {
        self.user_names().next()
    }

    /// Every user name in the token. They may differ: a guest's `upn` is not the address in the home tenant, and a personal
    /// account's `unique_name` starts with `live.com#`.
    pub fn user_names(&self) -> impl Iterator<Item = &str> {
        ["preferred_username", "upn", "unique_name", "email"]
            .into_iter()
            .filter_map(|name| self.text(name))
            .map(|name| name.strip_prefix("live.com#").unwrap_or(name))
    }
}

impl FromIterator<(String, Value)> for Claims {
    fn from_iter<I: IntoIterator<Item = (String, Value)>>(members: I) -> Self {
        Self::of_members(
            members.into_iter().map(|(name, value)| Member::new(name.into(), value)).collect(),
        )
    }
}

impl<'de> Deserialize<'de> for Claims {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Claims;

            fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Claims, A::Error> {
                let mut members = Vec::with_capacity(MEMBERS);
                while let Some((name, value)) = map.next_entry()? {
                    members.push(Member::new(name, value));
                }
                Ok(Claims::of_members(members))
            }
        }

        deserializer.deserialize_map(Members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jwt(payload: &str) -> String {
        format!("e30.{}.c2ln", BASE64_URL.encode(payload))
    }

    #[test]
    fn a_wrong_number_of_parts_is_an_error_with_the_count() {
        for (text, found) in [("", 1), ("a.b", 2), ("a.b.c.d.e", 5)] {
            assert_eq!(Jwt::decode_unverified(text), Err(JwtError::Parts { found }));
        }
    }

    #[test]
    fn numbers_of_any_size_are_read_or_ignored() {
        let claims = |exp: &str| {
            Jwt::decode_unverified(&jwt(&format!(r#"{{"exp":{exp}}}"#))).map(|jwt| jwt.claims.exp())
        };
        assert_eq!(claims("17.9"), Ok(Some(NumericDate(17))));
        assert_eq!(claims("-1"), Ok(Some(NumericDate(-1))));
        for exp in ["1e308", "\"17\"", "null", "[1]", "99999999999999999999"] {
            assert_eq!(claims(exp), Ok(None), "{exp}");
        }
    }

    #[test]
    fn deep_json_is_an_error_not_a_stack_overflow() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(Jwt::decode_unverified(&jwt(&deep)), Err(JwtError::Json { part: "payload" }));
    }

    #[test]
    fn padding_is_accepted() {
        assert!(
            Jwt::decode_unverified("e30=.e30=.").is_ok_and(|jwt| jwt.signature_length == Some(0))
        );
    }
}
