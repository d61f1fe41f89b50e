//! The members of a token response that is not a plain JSON object. The refresh token in it may be the only one that
//! still works.

use serde_json::Value;

use super::HttpResponse;
use super::lenient::{self, Members};
use crate::json::with_readable_values;

/// Members of a token response, and of a refusal, as the specifications write them.
const NAMES: [&str; 10] = [
    "access_token",
    "client_info",
    "error",
    "expires_in",
    "foci",
    "id_token",
    "refresh_token",
    "refresh_token_expires_in",
    "scope",
    "token_type",
];

/// Prefixes that some servers put before JSON, so that a script of another site cannot run it.
const GUARDS: [&str; 5] = [")]}',", ")]}'", "for(;;);", "while(1);", "{}&&"];

/// The members in the body of `response`: of a JSON object, also behind a guard against scripts or a comment, alone in an array, in
/// one member of another object, cut off or with something behind it, or of a form. Their names are those of the specifications,
/// in any case (`refreshToken`, `REFRESH_TOKEN`).
pub(super) fn token_members(response: &HttpResponse) -> Option<Members> {
    let text = String::from_utf8_lossy(response.body());
    let text = with_readable_values(without_guard(&text));
    let text = &*text;
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    match values.next() {
        Some(Ok(Value::Object(members))) => Some(unwrapped(renamed(members))),
        Some(Ok(Value::Array(all))) => match <[Value; 1]>::try_from(all) {
            Ok([Value::Object(members)]) => Some(renamed(members)),
            _ => None,
        },
        _ if text.starts_with('{') => Some(lenient::recover_members(text)),
        _ => form(text),
    }
}

/// `text` from its JSON on.
fn without_guard(text: &str) -> &str {
    let blank = |c: char| c.is_whitespace() || matches!(c, '\u{feff}' | '\0');
    let mut text = text.trim_start_matches(blank);
    if let Some((_, rest)) = text.strip_prefix("/*").and_then(|text| text.split_once("*/")) {
        text = rest.trim_start_matches(blank);
    }
    let guarded = GUARDS.iter().find_map(|guard| text.strip_prefix(guard));
    guarded.unwrap_or(text).trim_start_matches(blank)
}

/// `members`, or those of its one member that holds a refresh token where it holds none itself.
fn unwrapped(members: Members) -> Members {
    let has = |members: &Members, name| lenient::text(members, name).is_some();
    if NAMES.iter().any(|name| members.contains_key(*name)) {
        return members;
    }
    let inner = members.values().filter_map(Value::as_object).cloned().map(renamed);
    let mut inner: Vec<Members> =
        inner.filter(|inner| has(inner, "refresh_token") && has(inner, "access_token")).collect();
    if inner.len() == 1 { inner.remove(0) } else { members }
}

/// The members of a form that is a token response.
fn form(text: &str) -> Option<Members> {
    let pairs = url::form_urlencoded::parse(text.trim_end().as_bytes());
    let members: Members =
        pairs.map(|(name, value)| (name.into_owned(), Value::from(value.into_owned()))).collect();
    let members = renamed(members);
    // A text about a refresh token is not a form that holds one.
    let is_one = lenient::text(&members, "access_token").is_some();
    is_one.then_some(members)
}

/// `members` with the names of the specifications.
fn renamed(mut members: Members) -> Members {
    let folded = |name: &str| name.replace(['_', '-'], "").to_ascii_lowercase();
    for name in NAMES.iter().filter(|name| !members.contains_key(**name)).collect::<Vec<_>>() {
        let own = members.keys().find(|own| folded(own) == folded(name)).cloned();
        if let Some(value) = own.and_then(|own| members.remove(&own)) {
            members.insert((*name).to_owned(), value);
        }
    }
    members
}
