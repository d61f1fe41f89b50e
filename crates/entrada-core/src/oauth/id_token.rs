//! Validates ID tokens (OIDC Core §3.1.3.7), and reads their signing keys (RFC 7517).
//!
//! Access tokens are not validated. They are for the API, and only Graph and Exchange can check the signatures of their
//! tokens.

use http::{Method, header};
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::Value;
use subtle::ConstantTimeEq as _;
use url::Url;

use super::{Answer, HttpRequest, HttpResponse, ProtocolError, read};
use crate::{Claims, Jwt, NumericDate, Secret, clean};

/// The allowed clock difference in seconds. Times are compared with the authority's clock if it sent its time.
const SKEW: i64 = 300;

/// The signing keys of an authority.
#[derive(Clone, Debug)]
pub struct Keys(Vec<Jwk>);

/// The values that an ID token must have.
#[derive(Clone, Copy, Debug)]
pub struct ExpectedIdToken<'a> {
    /// The issuer. `{tenantid}` in it stands for the token's own `tid`, as in Entra's metadata.
    pub issuer: &'a str,
    /// The client ID, which must be the audience.
    pub client_id: &'a str,
    /// The `nonce` of the request, if it had one.
    pub nonce: Option<&'a Secret>,
    /// The current time, by the authority's clock if it sent its time.
    pub now: NumericDate,
}

/// The reason why an ID token failed validation. The error holds only claims that name parties and times.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdTokenError {
    /// The token cannot be parsed.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    /// The algorithm is `none`, a shared secret, or not allowed for the key.
    #[error("its signature algorithm `{0}` is not accepted")]
    Algorithm(String),
    /// The header has critical members that entrada does not know (RFC 7515 §4.1.11).
    #[error("its header marks {0} as critical, and entrada does not support that")]
    Critical(String),
    /// The authority does not publish the key, or not for signatures.
    #[error("it is signed with a key (`{0}`) that the authority does not publish for signatures")]
    UnknownKey(String),
    /// The signature does not match the key.
    #[error("its signature does not match the authority's key")]
    Signature,
    /// A claim that every ID token has is missing (OIDC Core §2).
    #[error("it has no `{0}`")]
    Missing(&'static str),
    /// Another issuer issued it.
    #[error("it was issued by `{found}`, not by `{expected}`")]
    Issuer {
        /// Its `iss`.
        found: String,
        /// The issuer that was expected.
        expected: String,
    },
    /// The audience is another application.
    #[error("it is for `{found}`, not for `{expected}`")]
    Audience {
        /// Its `aud`, or its `azp`.
        found: String,
        /// The client ID.
        expected: String,
    },
    /// The token belongs to another sign-in.
    #[error("its `nonce` does not match this sign-in")]
    Nonce,
    /// The token has expired.
    #[error("it expired at {0}")]
    Expired(NumericDate),
    /// The token is not valid yet.
    #[error("it is valid from {0}")]
    NotYet(NumericDate),
}

impl IdTokenError {
    /// Whether newer keys could change the result.
    pub fn is_about_keys(&self) -> bool {
        matches!(self, Self::UnknownKey(_) | Self::Signature)
    }

    /// Whether the times are the only problem. The user is proven then.
    pub fn is_about_time(&self) -> bool {
        matches!(self, Self::Expired(_) | Self::NotYet(_))
    }
}

const STEP: &str = "the request for the signing keys";

/// Asks for the keys (RFC 7517 §5).
pub fn keys_request(endpoint: &Url) -> HttpRequest {
    let mut request = HttpRequest::new(Vec::new());
    *request.method_mut() = Method::GET;
    if let Ok(uri) = endpoint.as_str().parse() {
        *request.uri_mut() = uri;
    }
    let json = header::HeaderValue::from_static("application/json");
    request.headers_mut().insert(header::ACCEPT, json);
    request
}

/// Reads the response to [`keys_request`]. Keys of unknown types are skipped (RFC 7517 §5).
///
/// # Errors
///
/// [`ProtocolError`] if the response is not OAuth, for example a page of a proxy.
pub fn parse_keys(response: &HttpResponse) -> Result<Answer<Keys>, ProtocolError> {
    read(STEP, response, None, |members| {
        members.get("keys").and_then(Keys::from_value).ok_or_else(|| "it has no `keys`".to_owned())
    })
}

impl Keys {
    /// The ids of those that have one (RFC 7517 §4.5).
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|key| key.common.key_id.as_deref())
    }

    /// The keys as text, for the cache. Certificates are left out: they are not used and make up most of the text.
    pub fn to_text(&self) -> String {
        let bare = |key: &Jwk| {
            let mut key = key.clone();
            key.common.x509_chain = None;
            serde_json::to_value(&key).ok()
        };
        let keys: Vec<Value> = self.0.iter().filter_map(bare).collect();
        serde_json::json!({ "keys": keys }).to_string()
    }

    /// Keys from the cache.
    pub fn from_text(text: &[u8]) -> Option<Self> {
        let all: Value = serde_json::from_slice(text).ok()?;
        Self::from_value(all.get("keys")?)
    }

    fn from_value(keys: &Value) -> Option<Self> {
        let known = |key: &Value| serde_json::from_value::<Jwk>(key.clone()).ok();
        Some(Self(keys.as_array()?.iter().filter_map(known).collect()))
    }
}

/// Checks `token` against `expected`, and its signature if `keys` are available. The signature may stay unchecked for a
/// token that came over TLS from the token endpoint (OIDC Core §3.1.3.7, 6).
///
/// # Errors
///
/// [`IdTokenError`] says which rule of OIDC Core §3.1.3.7 the token breaks.
pub fn check(
    token: &Secret,
    keys: Option<&Keys>,
    expected: ExpectedIdToken<'_>,
) -> Result<(), IdTokenError> {
    let jwt = Jwt::decode_unverified(token.expose())
        .map_err(|error| IdTokenError::Unreadable(error.to_string()))?;
    let algorithm = check_header(&jwt.header)?;
    let claims = &jwt.claims;
    let issuer = claims.text("iss").ok_or(IdTokenError::Missing("iss"))?;
    let tid = claims.text("tid").unwrap_or_default();
    let wanted = expected.issuer.replace("{tenantid}", tid);
    if issuer != wanted {
        return Err(IdTokenError::Issuer { found: shown(issuer), expected: shown(&wanted) });
    }
    check_audience(claims, expected.client_id)?;
    claims.text("sub").ok_or(IdTokenError::Missing("sub"))?;
    let nonce = claims.text("nonce").unwrap_or_default();
    let same = |sent: &Secret| bool::from(sent.expose().as_bytes().ct_eq(nonce.as_bytes()));
    if !expected.nonce.is_none_or(same) {
        return Err(IdTokenError::Nonce);
    }
    if let Some(keys) = keys {
        check_signature(token, &jwt.header, algorithm, keys)?;
    }
    // Times are checked last: if only they are wrong, the user is proven.
    let time = |name| claims.time(name);
    let ends = time("exp").ok_or(IdTokenError::Missing("exp"))?;
    if ends.seconds_since(expected.now) < -SKEW {
        return Err(IdTokenError::Expired(ends));
    }
    let issued = time("iat").ok_or(IdTokenError::Missing("iat"))?;
    match [Some(issued), time("nbf")].into_iter().flatten().max() {
        Some(begins) if SKEW < begins.seconds_since(expected.now) => {
            Err(IdTokenError::NotYet(begins))
        }
        _ => Ok(()),
    }
}

/// `aud` must have the client ID. With several audiences, `azp` must be the client ID.
fn check_audience(claims: &Claims, client_id: &str) -> Result<(), IdTokenError> {
    let audiences = claims.audiences();
    if audiences.is_empty() {
        return Err(IdTokenError::Missing("aud"));
    }
    let wrong = |found: &str| {
        Err(IdTokenError::Audience { found: shown(found), expected: client_id.to_owned() })
    };
    if !audiences.contains(&client_id) {
        return wrong(&audiences.join(" "));
    }
    match claims.text("azp") {
        Some(azp) if azp != client_id => wrong(azp),
        None if 1 < audiences.len() => Err(IdTokenError::Missing("azp")),
        _ => Ok(()),
    }
}

/// Checks the header, with or without keys: the algorithm must be asymmetric, and no extension may be critical (RFC 7515
/// §4.1.11; entrada supports none).
fn check_header(header: &Claims) -> Result<Algorithm, IdTokenError> {
    if let Some(critical) = header.get("crit") {
        let names = critical.as_array().into_iter().flatten().filter_map(Value::as_str);
        let names: Vec<String> = names.map(|name| format!("`{}`", shown(name))).collect();
        let all = if names.is_empty() { "an unnamed member".to_owned() } else { names.join(", ") };
        return Err(IdTokenError::Critical(all.chars().take(200).collect()));
    }
    let named = header.text("alg").unwrap_or("none");
    let algorithm = named.parse().ok().filter(|algorithm| !is_shared_secret(*algorithm));
    algorithm.ok_or_else(|| IdTokenError::Algorithm(shown(named)))
}

/// With a shared secret, each party that can check a signature can also make one.
fn is_shared_secret(algorithm: Algorithm) -> bool {
    matches!(algorithm, Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512)
}

fn check_signature(
    token: &Secret,
    header: &Claims,
    algorithm: Algorithm,
    keys: &Keys,
) -> Result<(), IdTokenError> {
    let kid = header.text("kid");
    let mut verifying = keys.0.iter().filter(|key| verifies_signatures(key));
    let key = match kid {
        Some(kid) => verifying.find(|key| key.common.key_id.as_deref() == Some(kid)),
        // A token without a key id is clear only when there is one key.
        None => {
            let mut able = verifying.filter(|key| may_sign(key).contains(&algorithm));
            able.next().filter(|_| able.next().is_none())
        }
    };
    let key =
        key.ok_or_else(|| IdTokenError::UnknownKey(shown(kid.unwrap_or("without a name"))))?;
    if !may_sign(key).contains(&algorithm) {
        return Err(IdTokenError::Algorithm(shown(header.text("alg").unwrap_or("none"))));
    }
    let (signed, signature) =
        token.expose().trim().rsplit_once('.').ok_or(IdTokenError::Signature)?;
    let key = DecodingKey::from_jwk(key).map_err(|_| IdTokenError::Signature)?;
    match jsonwebtoken::crypto::verify(signature, signed.as_bytes(), &key, algorithm) {
        Ok(true) => Ok(()),
        _ => Err(IdTokenError::Signature),
    }
}

/// Whether the authority publishes the key for signatures: by its `use` and its `key_ops`, where it has them (RFC 7517 §4.2, §4.3).
fn verifies_signatures(key: &Jwk) -> bool {
    let usage = key.common.public_key_use.as_ref();
    let operations = key.common.key_operations.as_ref();
    usage.is_none_or(|usage| *usage == PublicKeyUse::Signature)
        && operations.is_none_or(|all| all.contains(&KeyOperations::Verify))
}

/// The algorithms that a key may be used for: its own `alg`, within its type. An RSA key without `alg`, such as Entra's, is
/// for RS256. A shared secret is for none, because each party that can check a signature with it can also make one.
fn may_sign(key: &Jwk) -> Vec<Algorithm> {
    use Algorithm::{ES256, ES384, EdDSA, PS256, PS384, PS512, RS256, RS384, RS512};
    let own = key.common.key_algorithm.and_then(|own| own.to_string().parse().ok());
    let kind: &[Algorithm] = match &key.algorithm {
        AlgorithmParameters::RSA(_) => &[RS256, RS384, RS512, PS256, PS384, PS512],
        AlgorithmParameters::EllipticCurve(curve) => match curve.curve {
            EllipticCurve::P256 => &[ES256],
            EllipticCurve::P384 => &[ES384],
            _ => &[],
        },
        AlgorithmParameters::OctetKeyPair(_) => &[EdDSA],
        _ => &[],
    };
    match (own, &key.algorithm) {
        (Some(own), _) => kind.iter().copied().filter(|algorithm| *algorithm == own).collect(),
        (None, AlgorithmParameters::RSA(_)) => vec![RS256],
        (None, _) => kind.to_vec(),
    }
}

fn shown(text: &str) -> String {
    clean(text).chars().take(200).collect()
}

#[cfg(test)]
mod tests;
