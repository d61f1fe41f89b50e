//! JSON objects: which of the known kinds an object is, and what it shows.

use serde_json::{Map, Value};

use super::answer::{is_api_error, is_of_a_service, take_answer};
use super::artifact::ArtifactKind;
use super::reading::read_inner;
use super::{RecogniseError, file, msal, printed, sign_in_log};
use crate::service::{HttpAnswer, has_failure, is_error_object};
use crate::shape::Shape;
use crate::{Evidence, har};
use entrada_core::har::{Har, HarError};
use entrada_core::oauth::{ErrorResponse, TokenResponse, is_refusal};
use entrada_core::{Claims, NumericDate};

/// Maximum number of bytes of the texts in an object of unknown kind that are searched.
const TEXTS_MAX: usize = 64 << 10;

/// Maximum depth at which texts are collected from an object.
const NESTED_MAX: usize = 8;

/// Reads `text`, a complete JSON document; `None` if it is valid and of no known kind.
///
/// # Errors
///
/// [`RecogniseError::Json`] for broken syntax; the others for a broken archive or evidence file.
pub(super) fn document(
    text: &str,
    base: &Evidence,
    now: NumericDate,
    depth: usize,
) -> Result<Option<(ArtifactKind, Evidence)>, RecogniseError> {
    if let Some(har) = Har::parse(text) {
        let har = har.map_err(|error| match error {
            HarError::Broken(_) => RecogniseError::Json(error.to_string()),
            error => RecogniseError::Har(error),
        })?;
        let evidence = har::evidence(&har, now);
        evidence.redactor.join(&base.redactor);
        if evidence.unrecognised
            && let Some(missing) = Har::missing_part(text)
        {
            return Err(RecogniseError::Har(HarError::Missing(missing)));
        }
        return Ok(Some((ArtifactKind::HttpArchive, evidence)));
    }
    // Not serde's message, which can quote the input.
    let broken = |error: serde_json::Error| {
        let place = format!("line {} column {}", error.line(), error.column());
        RecogniseError::Json(format!("syntax error at {place}"))
    };
    let members: Map<String, Value> = serde_json::from_str(text).map_err(broken)?;
    object(&members, text, base, now, depth)
}

/// What an object shows; `text` is its JSON. `None` if it is of no known kind and its texts show nothing.
///
/// # Errors
///
/// [`RecogniseError::Member`] for an evidence file with a member of the wrong type.
pub(super) fn object(
    members: &Map<String, Value>,
    text: &str,
    base: &Evidence,
    now: NumericDate,
    depth: usize,
) -> Result<Option<(ArtifactKind, Evidence)>, RecogniseError> {
    let mut evidence = base.clone();
    evidence.redactor.learn_members(members);
    let found = |kind, evidence| Ok(Some((kind, evidence)));
    if let Some(refusal) = sign_in_log::refusal(members) {
        evidence.refusal = Some(refusal);
        return found(ArtifactKind::OauthError, evidence);
    }
    if file::is_one(members) && !members.contains_key("access_token") && !is_refusal(members) {
        file::read(members, &mut evidence)?;
        // Records of logs have a member `version` or `token` as well.
        if evidence.is_empty()
            && let Some(found) = inner(members, base, now, depth)
        {
            return Ok(Some(found));
        }
        return found(ArtifactKind::EvidenceFile, evidence);
    }
    if msal::read(members, &mut evidence, now) {
        return found(ArtifactKind::TokenCache, evidence);
    }
    if is_api_error(members) {
        // An authority's error inside an API's error is the more exact one.
        take_answer(HttpAnswer::of_body(text), &mut evidence, None);
        return found(kind_of(&evidence), evidence);
    }
    // An exception in the place of the code: its text tells more.
    if is_refusal(members)
        && !has_code(members)
        && let Some(found) = inner(members, base, now, depth)
    {
        return Ok(Some(found));
    }
    if is_of_a_service(members) {
        take_answer(HttpAnswer::of_body(text), &mut evidence, None);
        return found(ArtifactKind::ApiError, evidence);
    }
    if is_refusal(members) && has_code(members) {
        evidence.refusal = Some(ErrorResponse::from_json(members));
        return found(ArtifactKind::OauthError, evidence);
    }
    if let Some(token) = printed::by_entrada(members) {
        if token.claims().and_then(Claims::exp).is_none() {
            evidence.context.expires_at = printed::expiry(members, now);
        }
        evidence.token = Some(token);
        return found(ArtifactKind::ToolOutput, evidence);
    }
    evidence.response = TokenResponse::from_json(members, now);
    if let Some(response) = &mut evidence.response {
        printed::dated(members, response, &mut evidence.context);
        note_failure(members, text, &mut evidence);
        return found(ArtifactKind::TokenResponse, evidence);
    }
    // The output of tools; a response inside another object; decoded claims.
    evidence.token = printed::token(members);
    if let Some(token) = &evidence.token {
        if token.claims().and_then(Claims::exp).is_none() {
            evidence.context.expires_at = printed::expiry(members, now);
        }
        if token.claims().is_none() {
            evidence.context.granted = printed::granted(members);
        }
        note_failure(members, text, &mut evidence);
        return found(ArtifactKind::ToolOutput, evidence);
    }
    let within = members.values().filter_map(Value::as_object);
    evidence.response = within.into_iter().find_map(|inner| TokenResponse::from_json(inner, now));
    if evidence.response.is_some() {
        return found(ArtifactKind::TokenResponse, evidence);
    }
    if let Some((kind, mut inside)) = inner(members, base, now, depth) {
        if inside.is_good_only() {
            note_failure(members, text, &mut inside);
        }
        return found(kind, inside);
    }
    if is_error_object(members) {
        take_answer(HttpAnswer::of_body(text), &mut evidence, None);
        return found(kind_of(&evidence), evidence);
    }
    Ok(None)
}

/// The longest code of an error, in bytes.
const CODE_MAX: usize = 64;

/// Whether the `error` of `members` may be a code of an authority (RFC 6749 §5.2): one word in lower case, and neither a text, nor a
/// reason of HTTP such as `Unauthorized`, nor an exception.
fn has_code(members: &Map<String, Value>) -> bool {
    let is_code = |code: &str| {
        let is_of_word =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-.".contains(&byte);
        !code.is_empty() && code.len() <= CODE_MAX && code.bytes().all(is_of_word)
    };
    ["error_description", "error_codes", "suberror"].iter().any(|name| members.contains_key(*name))
        || match members.get("error") {
            Some(Value::String(code)) => is_code(code.trim()),
            Some(Value::Object(error)) => {
                ["code", "error"]
                    .iter()
                    .any(|name| error.get(*name).and_then(Value::as_str).is_some_and(is_code))
                    || error.contains_key("error_description")
            }
            _ => true,
        }
}

fn kind_of(evidence: &Evidence) -> ArtifactKind {
    if evidence.refusal.is_some() { ArtifactKind::OauthError } else { ArtifactKind::ApiError }
}

/// Members next to a token that report a failure.
fn note_failure(members: &Map<String, Value>, text: &str, evidence: &mut Evidence) {
    if has_failure(members) && evidence.answer.is_none() {
        evidence.answer = Some(HttpAnswer::of_body(text));
    }
}

/// What the texts in the object show.
fn inner(
    members: &Map<String, Value>,
    base: &Evidence,
    now: NumericDate,
    depth: usize,
) -> Option<(ArtifactKind, Evidence)> {
    // An object of a known kind in it counts before its texts.
    for value in members.values() {
        let Value::Object(object) = value else { continue };
        let known = is_api_error(object)
            || is_refusal(object)
            || TokenResponse::from_json(object, now).is_some();
        if known
            && let Ok(found @ Some(_)) = self::object(object, &value.to_string(), base, now, depth)
        {
            return found;
        }
    }
    let mut texts = String::new();
    collect(statements(members), NESTED_MAX, &mut texts);
    if texts.trim().is_empty() {
        return None;
    }
    let message = message_of_record(members);
    // A file as the message is more exact than the texts of the record, and a token alone has no words around it.
    let file = message.filter(|text| text.trim_start().starts_with('{'));
    file.and_then(|text| read_inner(text, base, now, depth))
        .filter(|(kind, _)| kind.is_whole_case())
        .or_else(|| read_inner(&texts, base, now, depth))
        .or_else(|| {
            let (kind, evidence) = read_inner(message?, base, now, depth)?;
            let is_long = match &evidence.token {
                Some(Shape::Opaque { length }) => TOKEN_MIN <= *length,
                _ => true,
            };
            is_long.then_some((kind, evidence))
        })
}

/// Minimum length in characters of an opaque token that is the message of a log record: shorter ones are names of events.
const TOKEN_MIN: usize = 64;

/// The message of a log record: an object with a time or a level.
fn message_of_record(members: &Map<String, Value>) -> Option<&str> {
    const RECORD: [&str; 10] = [
        "level",
        "severity",
        "lvl",
        "time",
        "timestamp",
        "ts",
        "@timestamp",
        "@t",
        "Level",
        "Timestamp",
    ];
    const MESSAGES: [&str; 8] =
        ["msg", "message", "log", "text", "@m", "MESSAGE", "Message", "textPayload"];
    let is_record = RECORD.iter().any(|name| members.contains_key(*name));
    let message = MESSAGES.iter().find_map(|name| members.get(*name)?.as_str());
    message.filter(|_| is_record)
}

/// The texts in `values`, a line each.
fn collect<'a>(values: impl Iterator<Item = &'a Value>, depth: usize, texts: &mut String) {
    if depth == 0 {
        return;
    }
    for value in values {
        match value {
            Value::String(text) if texts.len() + text.len() < TEXTS_MAX => {
                texts.push_str(text);
                texts.push('\n');
            }
            Value::Array(all) => collect(all.iter(), depth - 1, texts),
            Value::Object(members) => collect(statements(members), depth - 1, texts),
            _ => (),
        }
    }
}

/// The members of an object in which a program or a service states something. What a message is about, in the list of a mailbox, and
/// the rows of a query's result are the words of others.
fn statements(members: &Map<String, Value>) -> impl Iterator<Item = &Value> {
    const OF_OTHERS: [&str; 5] =
        ["bodyPreview", "snippet", "subject", "Subject", "normalizedSubject"];
    let is_table = members.contains_key("columns") && members.contains_key("rows");
    let of_others = move |name: &str| OF_OTHERS.contains(&name) || (is_table && name == "rows");
    members.iter().filter(move |(name, _)| !of_others(name)).map(|(_, value)| value)
}
