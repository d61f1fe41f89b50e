//! Validates ID tokens (OIDC Core §3.1.3.7), and reads the keys that they are signed with (RFC 7517).
//!
//! Access tokens are never validated here: they are the API's to judge, and those of Graph and Exchange cannot be checked
//! by anyone else.

use http::{Method, header};
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::Value;
use subtle::ConstantTimeEq as _;
use url::Url;

use super::{Answer, HttpRequest, HttpResponse, ProtocolError, read};
use crate::{Claims, Jwt, NumericDate, Secret, clean};

/// Seconds that clocks may differ. The authority's own clock is what a token is held against, where it told it.
const SKEW: i64 = 300;

/// Keys of an authority.
#[derive(Clone, Debug)]
pub struct Keys(Vec<Jwk>);

/// What an ID token must say.
#[derive(Clone, Copy, Debug)]
pub struct ExpectedIdToken<'a> {
    /// The issuer; `{tenantid}` in it stands for the token's own `tid`, as in Entra's metadata.
    pub issuer: &'a str,
    /// The application that asked: the audience.
    pub client_id: &'a str,
    /// What was sent as `nonce`, where something was.
    pub nonce: Option<&'a Secret>,
    /// Now, by the authority's clock where it told it.
    pub now: NumericDate,
}

/// Why an ID token is not believed. Holds no part of the token but claims that name parties and times.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdTokenError {
    /// It cannot be read.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    /// `none`, a shared secret, or not what the key is for.
    #[error("it is signed with `{0}`, which proves nothing here")]
    Algorithm(String),
    /// It says that it means something else to whoever does not know these header members (RFC 7515 §4.1.11).
    #[error("its header says that whoever does not know {0} must not accept it")]
    Critical(String),
    /// The authority does not publish that key.
    #[error("it is signed with a key (`{0}`) that the authority does not publish")]
    UnknownKey(String),
    /// The signature is not that key's.
    #[error("its signature is not the authority's")]
    Signature,
    /// A claim that every ID token has is missing (OIDC Core §2).
    #[error("it has no `{0}`")]
    Missing(&'static str),
    /// Somebody else issued it.
    #[error("it was issued by `{found}`, not by `{expected}`")]
    Issuer {
        /// Its `iss`.
        found: String,
        /// What it should be.
        expected: String,
    },
    /// It is for somebody else.
    #[error("it is for `{found}`, not for `{expected}`")]
    Audience {
        /// Its `aud`, or its `azp`.
        found: String,
        /// The application.
        expected: String,
    },
    /// It belongs to another sign-in.
    #[error("its `nonce` is not the one of this sign-in")]
    Nonce,
    /// It has run out.
    #[error("it ended at {0}")]
    Expired(NumericDate),
    /// It is not valid yet.
    #[error("it begins at {0}")]
    NotYet(NumericDate),
}

impl IdTokenError {
    /// Whether newer keys could change the verdict.
    pub fn is_about_keys(&self) -> bool {
        matches!(self, Self::UnknownKey(_) | Self::Signature)
    }

    /// Whether all is well with it but its times: whose it is has been proven.
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

/// Reads the answer to [`keys_request`]. Keys of kinds that we do not know are passed over (RFC 7517 §5).
///
/// # Errors
///
/// [`ProtocolError`] where the answer is not OAuth, for example a page of a proxy.
pub fn parse_keys(response: &HttpResponse) -> Result<Answer<Keys>, ProtocolError> {
    read(STEP, response, None, |members| {
        members.get("keys").and_then(Keys::from_value).ok_or_else(|| "it has no `keys`".to_owned())
    })
}

impl Keys {
    /// The keys as text, to be kept: without certificates, which are not looked at and are most of it.
    pub fn to_text(&self) -> String {
        let bare = |key: &Jwk| {
            let mut key = key.clone();
            key.common.x509_chain = None;
            serde_json::to_value(&key).ok()
        };
        let keys: Vec<Value> = self.0.iter().filter_map(bare).collect();
        serde_json::json!({ "keys": keys }).to_string()
    }

    /// Keys that were kept.
    pub fn from_text(text: &[u8]) -> Option<Self> {
        let all: Value = serde_json::from_slice(text).ok()?;
        Self::from_value(all.get("keys")?)
    }

    fn from_value(keys: &Value) -> Option<Self> {
        let known = |key: &Value| serde_json::from_value::<Jwk>(key.clone()).ok();
        Some(Self(keys.as_array()?.iter().filter_map(known).collect()))
    }
}

/// Checks `token` against `expected`; its signature too, where `keys` could be had. Over TLS from the token endpoint
/// itself, the signature may go unchecked (OIDC Core §3.1.3.7, 6).
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
    // The times come last: where they alone are wrong, whose it is has been proven.
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

/// `aud` holds the application; with several audiences, `azp` is it.
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

/// What the header says, whether or not keys could be had: a signature that somebody else can check, and no extension that
/// has to be understood (RFC 7515 §4.1.11; we understand none).
fn check_header(header: &Claims) -> Result<Algorithm, IdTokenError> {
    if let Some(critical) = header.get("crit") {
        let names = critical.as_array().into_iter().flatten().filter_map(Value::as_str);
        let names: Vec<String> = names.map(|name| format!("`{}`", shown(name))).collect();
        let all = if names.is_empty() { "its `crit`".to_owned() } else { names.join(", ") };
        return Err(IdTokenError::Critical(all.chars().take(200).collect()));
    }
    let named = header.text("alg").unwrap_or("none");
    let algorithm = named.parse().ok().filter(|algorithm| !is_shared_secret(*algorithm));
    algorithm.ok_or_else(|| IdTokenError::Algorithm(shown(named)))
}

/// Whoever can check such a signature can make one.
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
    let key = match kid {
        Some(kid) => keys.0.iter().find(|key| key.common.key_id.as_deref() == Some(kid)),
        // Without a name it is clear which one only where there is one.
        None => {
            let mut able = keys.0.iter().filter(|key| may_sign(key).contains(&algorithm));
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

/// What a key may be used for: what it says of itself, within its kind. An RSA key that says nothing, as Entra's, is for
/// RS256. A shared secret is for nothing: whoever can check with it can sign with it.
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
