//! Redirect URLs with a code, a token, or an error (RFC 6749 §4.1.2).

use serde_json::{Map, Value};
use url::Url;

use crate::shape::Shape;
use entrada_core::oauth::is_refusal;

/// A code or token in a redirect URL.
pub(super) fn came_back(text: &str) -> Option<Shape> {
    let members = parameters(text)?;
    let named = |name: &str| members.get(name).and_then(Value::as_str);
    if let Some(token) = named("access_token") {
        return Some(Shape::of(token));
    }
    // `error_uri`: `https://login.microsoftonline.com/error?code=50011`.
    let is_number = |code: &&str| code.len() <= 8 && code.bytes().all(|byte| byte.is_ascii_digit());
    let code = named("code").filter(|code| named("error").is_none() && !is_number(code))?;
    Some(match Shape::of(code) {
        shape @ (Shape::EntraGrant { .. } | Shape::MsaRefreshToken { .. }) => shape,
        _ => Shape::EntraGrant { tenant: None, client_id: None, length: code.chars().count() },
    })
}

/// The parameters of a redirect URL with an error.
pub(crate) fn refusal(text: &str) -> Option<Map<String, Value>> {
    parameters(text).filter(is_refusal)
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
