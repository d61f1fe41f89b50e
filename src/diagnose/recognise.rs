//! What was put in front of us: told by its content, never by a file name.

use serde_json::{Map, Value};

use super::shape::Shape;
use super::{Context, Evidence, har};
use crate::har::Har;
use crate::model::{As, Job, NumericDate, ScopeSet, clean};
use crate::oauth::{ErrorResponse, TokenResponse, is_refusal};

/// The input cannot be judged at all.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecogniseError {
    /// There is nothing.
    #[error("the input is empty; give a token, a token response or an OAuth error")]
    Empty,
    /// It starts like JSON and is not.
    #[error("the input starts like JSON but is none: {0}")]
    Json(String),
    /// An evidence file whose member is of the wrong type.
    #[error("the evidence file's `{member}` is not {expected}")]
    Member {
        /// Which member.
        member: &'static str,
        /// What it should be.
        expected: &'static str,
    },
}

/// Reads `input`: an HTTP archive, an evidence file, a token response, an OAuth error, an AADSTS text, or a bare token of any shape.
///
/// `now` is when it is judged; an evidence file may name its own.
pub fn recognise(input: &str, now: NumericDate) -> Result<Evidence, RecogniseError> {
    let text = input.trim_start_matches('\u{feff}').trim();
    let mut evidence = Evidence { now: Some(now), ..Evidence::default() };
    if text.is_empty() {
        return Err(RecogniseError::Empty);
    }
    if text.starts_with('{') {
        let value = serde_json::from_str(text).map_err(|error| {
            // Not serde's message: it can quote the input.
            let place = format!("line {} column {}", error.line(), error.column());
            RecogniseError::Json(format!("it breaks at {place}"))
        })?;
        let Value::Object(members) = value else {
            return Err(RecogniseError::Json("it is not an object".to_owned()));
        };
        read_object(&members, &mut evidence, now)?;
    } else if let Some(refusal) = aadsts_text(text) {
        evidence.refusal = Some(refusal);
    } else {
        match Shape::of(text) {
            // Words, not a token: another kind of answer, a log, a mistake.
            Shape::Opaque { .. } if text.contains(char::is_whitespace) => {
                evidence.unrecognised = true;
            }
            shape => evidence.token = Some(shape),
        }
    }
    Ok(evidence)
}

/// Members of an evidence file, version 1 (`docs/json.md`).
const KNOWN: [&str; 14] = [
    "version",
    "job",
    "as",
    "requested_scopes",
    "client_id",
    "tenant",
    "account",
    "grant_type",
    "token",
    "token_response",
    "oauth_error",
    "oauth_request",
    "now",
    "audience",
];

fn read_object(
    members: &Map<String, Value>,
    evidence: &mut Evidence,
    now: NumericDate,
) -> Result<(), RecogniseError> {
    if Har::is_one(members) {
        let har: Har = serde_json::from_value(Value::Object(members.clone()))
            .map_err(|_| RecogniseError::Json("it is no whole HTTP archive".to_owned()))?;
        *evidence = har::evidence(&har, now);
        return Ok(());
    }
    let is_evidence = members.contains_key("version")
        || ["token", "token_response", "oauth_error"]
            .iter()
            .any(|name| members.contains_key(*name));
    if is_evidence && !members.contains_key("access_token") && !is_refusal(members) {
        return read_evidence(members, evidence);
    }
    if is_refusal(members) {
        evidence.refusal = Some(ErrorResponse::from_json(members));
        return Ok(());
    }
    evidence.response = TokenResponse::from_json(members, now);
    if evidence.response.is_none() {
        // What `az account get-access-token` prints.
        evidence.token = members.get("accessToken").and_then(Value::as_str).map(Shape::of);
        evidence.unrecognised = evidence.token.is_none();
    }
    Ok(())
}

fn read_evidence(
    members: &Map<String, Value>,
    evidence: &mut Evidence,
) -> Result<(), RecogniseError> {
    let text = |member: &'static str| match members.get(member) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(RecogniseError::Member { member, expected: "text" }),
    };
    let object = |member: &'static str| match members.get(member) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(object)) => Ok(Some(object)),
        Some(_) => Err(RecogniseError::Member { member, expected: "an object" }),
    };
    if let Some(now) = members.get("now") {
        let now = now.as_i64().ok_or(RecogniseError::Member {
            member: "now",
            expected: "a number of seconds since 1970",
        })?;
        evidence.now = Some(NumericDate(now));
    }
    let at = evidence.now.unwrap_or_default();
    evidence.token = text("token")?.map(|token| Shape::of(&token));
    evidence.response =
        object("token_response")?.and_then(|response| TokenResponse::from_json(response, at));
    evidence.refusal = object("oauth_error")?.map(ErrorResponse::from_json);
    let request = object("oauth_request")?;
    if let (Some(refusal), Some(request)) = (&mut evidence.refusal, request) {
        refusal.http_status = request
            .get("http_status")
            .and_then(Value::as_u64)
            .and_then(|status| u16::try_from(status).ok());
    }
    let asked = |name: &str| {
        let value = request?.get(name)?.as_str()?;
        Some(value.to_owned())
    };
    evidence.context = Context {
        job: match text("job")? {
            Some(job) => Some(
                Job::parse(&job)
                    .ok_or(RecogniseError::Member { member: "job", expected: "a known job" })?,
            ),
            None => None,
        },
        acting: match text("as")?.as_deref() {
            Some("user") => Some(As::User),
            Some("app") => Some(As::App),
            Some(_) => {
                return Err(RecogniseError::Member { member: "as", expected: "`user` or `app`" });
            }
            None => None,
        },
        requested: requested(members)?.or_else(|| Some(ScopeSet::parse(&asked("scope")?))),
        client_id: text("client_id")?.or_else(|| asked("client_id")),
        tenant: text("tenant")?.or_else(|| asked("tenant")),
        account: text("account")?,
        grant_type: text("grant_type")?.or_else(|| asked("grant_type")),
        audience: text("audience")?,
        ..Context::default()
    };
    evidence.unknown_members = members
        .keys()
        .filter(|name| !KNOWN.contains(&name.as_str()))
        .map(|name| clean(name).into_owned())
        .collect();
    Ok(())
}

fn requested(members: &Map<String, Value>) -> Result<Option<ScopeSet>, RecogniseError> {
    match members.get("requested_scopes") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(ScopeSet::parse(text))),
        Some(Value::Array(all)) => {
            let words = all.iter().filter_map(Value::as_str).flat_map(str::split_whitespace);
            Ok(Some(words.collect()))
        }
        Some(_) => {
            Err(RecogniseError::Member { member: "requested_scopes", expected: "a list of scopes" })
        }
    }
}

/// A text pasted from a log or a browser page that names an AADSTS number.
fn aadsts_text(text: &str) -> Option<ErrorResponse> {
    let number = text.to_ascii_uppercase();
    let number = number.strip_prefix("AADSTS").unwrap_or(&number).trim();
    let bare = (5..=7).contains(&number.len()) && number.chars().all(|c| c.is_ascii_digit());
    let text = if bare { &format!("AADSTS{number}") } else { text };
    let at = text.find("AADSTS")?;
    if !text[at + 6..].starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let mut members = Map::new();
    members.insert("error_description".to_owned(), Value::String(text.to_owned()));
    Some(ErrorResponse::from_json(&members))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(input: &str) -> Evidence {
        recognise(input, NumericDate(1_000)).unwrap()
    }

    #[test]
    fn the_kind_of_input_is_told_by_its_content() {
        assert!(read(r#"{"access_token":"a","token_type":"Bearer"}"#).response.is_some());
        assert_eq!(read(r#"{"error":"invalid_grant"}"#).refusal.unwrap().error, "invalid_grant");
        for input in ["Sorry: AADSTS50011: no", "50011", "aadsts50011"] {
            assert_eq!(read(input).refusal.unwrap().error_codes, [50011], "{input}");
        }
        assert!(matches!(read("hello").token, Some(Shape::Opaque { .. })));
        assert!(read(r#"{"accessToken":"a.b.c"}"#).token.is_some());
        for input in ["HTTP/1.1 401 Unauthorized\r\n\r\n", "a1 NO AUTHENTICATE failed.", "{}"] {
            let evidence = read(input);
            assert!(evidence.unrecognised && evidence.token.is_none(), "{input}");
        }
        assert_eq!(recognise(" \n", NumericDate(0)).unwrap_err(), RecogniseError::Empty);
    }

    #[test]
    fn an_evidence_file_brings_its_context_and_its_clock() {
        let evidence = read(
            r#"{"version":1,"job":"imap","as":"user","requested_scopes":["a","b"],"tenant":"t",
                "token":"x","now":17,"mood":"good"}"#,
        );
        assert_eq!(evidence.context.job, Some(Job::Imap));
        assert_eq!(evidence.context.requested, Some(ScopeSet::parse("a b")));
        assert_eq!(evidence.now, Some(NumericDate(17)));
        assert_eq!(evidence.unknown_members, ["mood"]);
    }

    #[test]
    fn broken_json_is_not_quoted() {
        let error = recognise(r#"{"access_token":"SECRET"#, NumericDate(0)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the input starts like JSON but is none: it breaks at line 1 column 23"
        );
    }
}
