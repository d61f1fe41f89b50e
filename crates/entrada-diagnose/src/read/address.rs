//! Redirect URLs with a code, a token, or an error (RFC 6749 §4.1.2).

use serde_json::{Map, Value};
use url::Url;

use super::ERRORS;
use crate::shape::Shape;
use entrada_core::entra::oauth_errors;
use entrada_core::oauth::is_refusal;

/// The shortest authorization code of a provider, in characters: GitHub's have 20.
const CODE_MIN: usize = 20;

/// How Entra's authorization codes begin: those of organisations, and of personal accounts.
const OF_ENTRA: [&str; 3] = ["0.A", "1.A", "M.C"];

/// A code or token in a redirect URL.
pub(super) fn came_back(text: &str) -> Option<Shape> {
    let members = parameters(text)?;
    let named = |name: &str| members.get(name).and_then(Value::as_str);
    if let Some(token) = named("access_token") {
        return Some(Shape::of(token));
    }
    let code = named("code").filter(|_| named("error").is_none())?;
    match Shape::of(code) {
        shape @ (Shape::EntraGrant { .. } | Shape::MsaRefreshToken { .. }) => Some(shape),
        _ if is_random(code) || OF_ENTRA.iter().any(|start| code.starts_with(start)) => {
            Some(Shape::EntraGrant { tenant: None, client_id: None, length: code.chars().count() })
        }
        _ => None,
    }
}

/// Whether `code` may be an authorization code: long, and of letters and digits as a generator makes them. The number of an error
/// (`https://login.microsoftonline.com/error?code=50011`), a placeholder and a coupon are not.
fn is_random(code: &str) -> bool {
    let has = |test: fn(&u8) -> bool| code.as_bytes().iter().any(test);
    CODE_MIN <= code.len()
        && has(u8::is_ascii_digit)
        && has(u8::is_ascii_alphabetic)
        && !code.contains(char::is_whitespace)
}

/// The parameters of a redirect URL with an error of OAuth. A program's own page has errors of its own: `?error=Configuration`.
pub(crate) fn refusal(text: &str) -> Option<Map<String, Value>> {
    let is_known = |error: &str| ERRORS.contains(&error) || oauth_errors::find(error).is_some();
    parameters(text).filter(is_refusal).filter(|members| {
        members.contains_key("error_description")
            || members.get("error").and_then(Value::as_str).is_none_or(is_known)
    })
}

/// The parameters after `?` or `#` in a URL, whichever the authority used.
fn parameters(text: &str) -> Option<Map<String, Value>> {
    if text.contains(char::is_whitespace) {
        return None;
    }
    let url = Url::parse(text).ok()?;
    let parts = [url.query(), url.fragment()];
    parts.into_iter().flatten().find_map(|part| {
        let members: Map<String, Value> = url::form_urlencoded::parse(part.as_bytes())
            .map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())))
            .collect();
        let of_authority = ["error", "code", "access_token"];
        of_authority.iter().any(|name| members.contains_key(*name)).then_some(members)
    })
}
