//! A service's claims challenge, which names the claims that a new token must have (RFC 9110 §11.6.1, RFC 6750 §3, and
//! Microsoft's "Claims challenges, claims requests and client capabilities").

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Value};
use url::{Url, form_urlencoded};

use crate::{ClaimsRequest, ClaimsRequestError};

/// The text has no challenge that entrada can answer. The error never quotes the text, which may hold a token.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChallengeError {
    /// The text has no claims challenge.
    #[error("there is no claims challenge in it")]
    None,
    /// The service refused the token and asks for no other claims.
    #[error(
        "its `WWW-Authenticate` has no `claims`: a token with other claims would be refused too"
    )]
    NoClaims,
    /// The claims cannot be parsed.
    #[error("its claims cannot be read: {0}")]
    Claims(#[from] ClaimsRequestError),
}

/// The claims that `text` asks for. `text` is an HTTP response with its headers, as `curl -i` and `curl -v` print it; a
/// `WWW-Authenticate` header or its value; an OAuth error with `claims`; a URL with `claims` in its query; or the claims
/// alone, as JSON or base64.
///
/// ```
/// use entrada_core::oauth::challenge;
///
/// let header = r#"Bearer error="insufficient_claims", claims="eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZX19fQ==""#;
/// let claims = challenge::read(header)?;
/// assert_eq!(claims.to_string(), r#"{"access_token":{"nbf":{"essential":true}}}"#);
/// # Ok::<(), entrada_core::oauth::challenge::ChallengeError>(())
/// ```
///
/// # Errors
///
/// [`ChallengeError`] if `text` requests no claims, or its claims cannot be read.
pub fn read(text: &str) -> Result<ClaimsRequest, ChallengeError> {
    let text = text.trim();
    if let Ok(Value::Object(members)) = serde_json::from_str(text) {
        return of_json(&members, text);
    }
    let headers: Vec<&str> = text.lines().filter_map(header).collect();
    let values = if headers.is_empty() { vec![text] } else { headers.clone() };
    if let Some(claims) = values.iter().find_map(|value| parameter(value)) {
        return decode(&claims);
    }
    if !headers.is_empty() {
        return Err(ChallengeError::NoClaims);
    }
    let address = Url::parse(text).ok().and_then(|url| {
        url.query_pairs().find(|(name, _)| name == "claims").map(|(_, value)| value.into_owned())
    });
    match address {
        Some(claims) => decode(&claims),
        None if text.contains(char::is_whitespace) => Err(ChallengeError::None),
        None => decode(text).map_err(|_| ChallengeError::None),
    }
}

/// The scopes that a service requires, in the value of its `WWW-Authenticate` header: the `scope` beside `insufficient_scope`
/// (RFC 6750 §3). `None` where the challenge has another error.
///
/// ```
/// use entrada_core::oauth::challenge::required_scope;
///
/// let header = r#"Bearer error="insufficient_scope", scope="Orders.Read""#;
/// assert_eq!(required_scope(header).as_deref(), Some("Orders.Read"));
/// ```
pub fn required_scope(value: &str) -> Option<String> {
    let challenges = http_auth::parse_challenges(value).ok()?;
    challenges.iter().find_map(|challenge| {
        let of = |wanted: &str| {
            let mut all = challenge.params.iter();
            all.find(|(name, _)| name.eq_ignore_ascii_case(wanted))
                .map(|(_, value)| value.to_unescaped())
        };
        let scope = of("scope").filter(|_| of("error").as_deref() == Some("insufficient_scope"))?;
        let scope = scope.trim();
        (!scope.is_empty()).then(|| scope.to_owned())
    })
}

/// The value of a `WWW-Authenticate` line. `curl -v` puts `< ` before it.
fn header(line: &str) -> Option<&str> {
    let (name, value) = line.trim_start_matches("< ").split_once(':')?;
    name.trim().eq_ignore_ascii_case("www-authenticate").then_some(value.trim())
}

/// The `claims` parameter of the first challenge in `value` that has one.
fn parameter(value: &str) -> Option<String> {
    let Ok(challenges) = http_auth::parse_challenges(value) else { return loose(value) };
    let mut all = challenges.iter().flat_map(|challenge| &challenge.params);
    all.find(|(name, _)| name.eq_ignore_ascii_case("claims")).map(|(_, value)| value.to_unescaped())
}

/// The same, for a value that is truncated, wrapped or quoted in a way that RFC 9110 does not allow.
fn loose(value: &str) -> Option<String> {
    let lower = value.to_ascii_lowercase();
    let starts = lower.match_indices("claims=").map(|(at, name)| (at, at + name.len()));
    let mut own = starts.filter(|(at, _)| {
        !lower[..*at].ends_with(|c: char| c.is_ascii_alphanumeric() || "-_%&?".contains(c))
    });
    let (_, from) = own.next()?;
    let rest = &value[from..];
    let found = match rest.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next(),
        None => rest.split([',', ' ', '\t', '\r', '\n']).next(),
    };
    found.filter(|claims| !claims.is_empty()).map(str::to_owned)
}

/// An OAuth error with `claims`, or a claims request itself.
fn of_json(members: &Map<String, Value>, text: &str) -> Result<ClaimsRequest, ChallengeError> {
    if let Some(claims) = members.get("claims").and_then(Value::as_str) {
        return decode(claims);
    }
    let asks = ["access_token", "id_token", "userinfo"];
    if asks.iter().any(|name| members.get(*name).is_some_and(Value::is_object)) {
        return Ok(ClaimsRequest::parse(text)?);
    }
    Err(ChallengeError::None)
}

/// The claims, from JSON, from base64 of JSON in either alphabet, with or without padding, or from percent-encoded text.
fn decode(claims: &str) -> Result<ClaimsRequest, ChallengeError> {
    let claims = claims.trim();
    if claims.starts_with('{') {
        return Ok(ClaimsRequest::parse(claims)?);
    }
    if claims.starts_with("%7B") || claims.starts_with("%7b") {
        let whole = format!("claims={claims}");
        let decoded = form_urlencoded::parse(whole.as_bytes()).next();
        return Ok(ClaimsRequest::parse(&decoded.map(|(_, value)| value).unwrap_or_default())?);
    }
    let standard: String = claims
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| match c {
            '-' => '+',
            '_' => '/',
            other => other,
        })
        .collect();
    let either = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    let engine = GeneralPurpose::new(&alphabet::STANDARD, either);
    let json = engine.decode(standard).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let json = json.ok_or_else(|| {
        ClaimsRequestError::Json("the text is neither JSON nor base64 of JSON".to_owned())
    })?;
    Ok(ClaimsRequest::parse(&json)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `{"access_token":{"nbf":{"essential":true, "value":"1604106651"}}}`, as Microsoft's page has it.
    const NBF: &str =
        "eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZSwgInZhbHVlIjoiMTYwNDEwNjY1MSJ9fX0=";
    const READ: &str = r#"{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}"#;

    #[test]
    fn a_challenge_is_found_in_every_form() {
        let header = format!(
            "Bearer realm=\"\", authorization_uri=\"https://login.microsoftonline.com/common/oauth2/authorize\", \
             error=\"insufficient_claims\", claims=\"{NBF}\""
        );
        let json = format!(r#"{{"error":"interaction_required","claims":{}}}"#, Value::from(READ));
        let encoded: String = form_urlencoded::byte_serialize(READ.as_bytes()).collect();
        for text in [
            header.clone(),
            format!("WWW-Authenticate: {header}\n"),
            format!(
                "HTTP/1.1 401 Unauthorized\r\nwww-authenticate: Negotiate\r\nWWW-AUTHENTICATE: {header}\r\n\r\n{{}}"
            ),
            format!(
                "> GET /v1.0/me HTTP/2\n> authorization: Bearer abc\n>\n< HTTP/2 401 \n< www-authenticate: {header}\n< \n"
            ),
            format!("Negotiate, {header}, Basic realm=\"x\""),
            format!("Bearer error=\"insufficient_claims\", claims={NBF}"),
            // The terminal broke the line.
            header.replace("IsI", "IsI\n").replace("bmJm", "bmJm\n  "),
            format!("Bearer claims=\"{NBF}"),
            json,
            format!(
                "https://login.microsoftonline.com/common/oauth2/v2.0/authorize?x=y&claims={encoded}"
            ),
            encoded,
            NBF.to_owned(),
            NBF.trim_end_matches('=').to_owned(),
            format!(" {READ}\n"),
        ] {
            assert_eq!(read(&text).map(|claims| claims.to_string()), Ok(READ.to_owned()), "{text}");
        }
    }

    #[test]
    fn text_without_a_challenge_is_an_error_that_never_quotes_it() {
        let garbled = read("Bearer claims=\"!!s3cret!!\"").unwrap_err();
        assert!(
            matches!(garbled, ChallengeError::Claims(_)) && !garbled.to_string().contains("s3cret")
        );
        for (text, expected) in [
            ("", ChallengeError::None),
            ("hello there", ChallengeError::None),
            ("eyJ0eXAiOiJKV1QifQ.eyJhdWQiOiJ4In0.sig", ChallengeError::None),
            (r#"{"error":"invalid_grant"}"#, ChallengeError::None),
            (r#"{"access_token":"eyJ"}"#, ChallengeError::None),
            ("WWW-Authenticate: Bearer error=\"invalid_token\"", ChallengeError::NoClaims),
            ("WWW-Authenticate: Bearer xclaims=\"e30=\"", ChallengeError::NoClaims),
        ] {
            assert_eq!(read(text), Err(expected), "{text}");
        }
    }
}
