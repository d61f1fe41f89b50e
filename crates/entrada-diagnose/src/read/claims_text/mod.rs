//! Decoded tokens as people paste them: JSON of jwt.ms and jwt.io, tables, lists of names and values.

mod lines;
#[cfg(test)]
mod tests;
mod time;

use std::ops::Range;

use serde_json::{Map, Value};

use super::lenient_json::{self, Found};
use entrada_core::entra::resources;

/// A decoded token. Its signature is not there, so nothing in it is verified.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct DecodedToken {
    /// Its place in the text, in bytes, with header and signature mark.
    pub(crate) span: Range<usize>,
    /// The header, where it was pasted too.
    pub(crate) header: Option<Map<String, Value>>,
    /// The claims, with times in seconds since 1970 as numbers.
    pub(crate) claims: Map<String, Value>,
}

type Members = Map<String, Value>;

/// Claims that a token of Entra ID has beside `aud`. One of them is needed: other JSON has an `aud` as well.
const BESIDE_AUD: [&str; 7] = ["iss", "exp", "appid", "azp", "tid", "scp", "roles"];
/// Maximum depth at which claims are looked for in an object.
const DEPTH_MAX: usize = 4;
/// Maximum length in bytes of a label between header and claims.
const LABEL_MAX: usize = 80;

/// The first decoded token in `text`: as JSON, as a table, or as lines of names and values.
pub(crate) fn claims_in(text: &str) -> Option<DecodedToken> {
    memchr::memmem::find(text.as_bytes(), b"aud")?;
    in_objects(text, &lenient_json::objects(text)).or_else(|| lines::token(text))
}

/// As [`claims_in`], of the objects that [`lenient_json::objects`] found in `text`.
pub(crate) fn in_objects(text: &str, objects: &[Found]) -> Option<DecodedToken> {
    objects.iter().enumerate().find_map(|(at, found)| {
        let (inner, claims) = claims_of(&found.value, DEPTH_MAX)?;
        let mut token = DecodedToken {
            span: found.span.clone(),
            header: inner.cloned(),
            claims: typed(claims),
        };
        let before = at.checked_sub(1).map(|before| &objects[before]);
        if token.header.is_none()
            && let Some(before) = before
            && let Some(header) = before.value.as_object().filter(|members| is_header(members))
            && is_label(&text[before.span.end..found.span.start])
        {
            token.header = Some(header.clone());
            token.span.start = before.span.start;
        }
        token.span.end += signature_length(&text[found.span.end..]);
        Some(token)
    })
}

/// The header and the claims in `value`: itself, or a member that holds them.
fn claims_of(value: &Value, depth: usize) -> Option<(Option<&Members>, &Members)> {
    match value {
        Value::Object(members) if is_claims(members) => Some((None, members)),
        Value::Object(members) if 0 < depth => members.values().find_map(|member| {
            let (header, claims) = claims_of(member, depth - 1)?;
            let beside = members
                .iter()
                .find(|(name, _)| name.to_ascii_lowercase().contains("header"))
                .and_then(|(_, header)| header.as_object())
                .filter(|header| is_header(header));
            Some((header.or(beside), claims))
        }),
        // [header, claims], as some libraries return them.
        Value::Array(values) if 0 < depth => values.iter().enumerate().find_map(|(at, member)| {
            let (header, claims) = claims_of(member, depth - 1)?;
            let before = at.checked_sub(1).and_then(|before| values[before].as_object());
            Some((header.or(before.filter(|members| is_header(members))), claims))
        }),
        _ => None,
    }
}

/// Whether `members` are the claims of a token.
fn is_claims(members: &Map<String, Value>) -> bool {
    let audience = match members.get("aud") {
        Some(Value::String(aud)) => !aud.is_empty(),
        Some(Value::Array(auds)) => auds.iter().any(Value::is_string),
        _ => false,
    };
    let some = |name: &&str| {
        members.get(*name).is_some_and(|value| !value.is_null() && !value.is_object())
    };
    audience && (BESIDE_AUD.iter().any(some) || is_short(members))
}

/// Whether `members` are a few claims of a token for a known API: no other JSON has that audience.
pub(crate) fn is_short(members: &Map<String, Value>) -> bool {
    let audience = members.get("aud").and_then(Value::as_str);
    audience.is_some_and(|aud| resources::of_audience(aud).is_some())
        && members.keys().all(|name| lines::is_name(name))
}

/// The audience of a known API in words: `the aud = 00000003-0000-0000-c000-000000000000`.
pub(crate) fn audience_in_words(text: &str) -> Option<DecodedToken> {
    const NAME: &str = "aud";
    const MARKS: [char; 5] = ['"', '\'', '`', '*', ' '];
    let is_of_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    text.match_indices(NAME).find_map(|(at, _)| {
        let rest = &text[at + NAME.len()..];
        if text[..at].ends_with(is_of_word) || rest.starts_with(is_of_word) {
            return None;
        }
        let rest = rest.trim_start_matches(MARKS);
        let rest = rest.strip_prefix("claim").unwrap_or(rest).trim_start_matches(MARKS);
        let rest = ["=>", "=", ":", "is "].iter().find_map(|mark| rest.strip_prefix(mark))?;
        let value = rest.trim_start_matches(['=', ' ', '"', '\'', '`', '*']);
        let ends = |c: char| c.is_whitespace() || "\"'`*,;)<>".contains(c);
        let aud = value.split(ends).next()?.trim_end_matches(['.', '?', '!']);
        resources::of_audience(aud)?;
        let end = text.len() - value.len() + aud.len();
        let claims = Map::from_iter([(NAME.to_owned(), Value::from(aud))]);
        Some(DecodedToken { span: at..end, header: None, claims })
    })
}

fn is_header(members: &Map<String, Value>) -> bool {
    let algorithm = members.get("alg").is_some_and(Value::is_string);
    (algorithm || members.get("typ").is_some_and(Value::is_string)) && !members.contains_key("aud")
}

/// Whether `between`, the text after a header, is a label of the claims or the dot of a token.
fn is_label(between: &str) -> bool {
    between.len() <= LABEL_MAX && !between.contains(['{', '}'])
}

/// The length of `.[Signature]`, as jwt.ms shows the signature, at the start of `text`.
fn signature_length(text: &str) -> usize {
    let rest = text.trim_start_matches([' ', '\n', '\r', '.']);
    let marks = ["[Signature]", "[signature]"];
    let mark = marks.iter().find(|mark| rest.starts_with(**mark));
    mark.map_or(0, |mark| text.len() - rest.len() + mark.len())
}

/// Claims whose times are numbers, where the paste has dates or quotes.
fn typed(claims: &Map<String, Value>) -> Map<String, Value> {
    let mut claims = claims.clone();
    for name in time::CLAIMS {
        if let Some(Value::String(text)) = claims.get(name) {
            match time::seconds(text) {
                Some(seconds) => drop(claims.insert(name.to_owned(), seconds.into())),
                None => drop(claims.remove(name)),
            }
        }
    }
    if let Some(Value::Array(scopes)) = claims.get("scp") {
        let scopes: Vec<&str> = scopes.iter().filter_map(Value::as_str).collect();
        claims.insert("scp".to_owned(), scopes.join(" ").into());
    }
    claims
}
