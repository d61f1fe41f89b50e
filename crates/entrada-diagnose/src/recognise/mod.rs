//! Recognises the kind of the input from its content, never from a file name.

mod address;
mod answer;
mod file;
pub(super) mod limits;
mod msal;
mod other_text;
mod page;
mod phrase;
mod printed;

use serde_json::{Map, Value};

pub(super) use self::answer::refusal_in;
use self::answer::{is_api_error, take_answer};
pub(super) use self::other_text::is_label;
use super::service::{HttpAnswer, MailLog, has_failure, is_error_document, is_error_object};
use super::shape::Shape;
use super::{Evidence, har};
use entrada_core::NumericDate;
use entrada_core::har::{Har, HarError};
use entrada_core::oauth::{ErrorResponse, TokenResponse, is_refusal};

/// Error codes: RFC 6749 §5.2, RFC 8628 §3.5, OIDC Core §3.1.2.6, and Entra's own.
const ERRORS: [&str; 19] = [
    "access_denied",
    "authorization_declined",
    "authorization_pending",
    "bad_verification_code",
    "consent_required",
    "expired_token",
    "interaction_required",
    "invalid_client",
    "invalid_grant",
    "invalid_request",
    "invalid_resource",
    "invalid_scope",
    "login_required",
    "server_error",
    "slow_down",
    "temporarily_unavailable",
    "unauthorized_client",
    "unsupported_grant_type",
    "unsupported_response_type",
];

/// Minimum length of a token in characters.
const TOKEN_MIN: usize = 16;

/// The input cannot be diagnosed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecogniseError {
    /// The input is empty.
    #[error("the input is empty; give a token, a token response or an OAuth error")]
    Empty,
    /// It starts like JSON but is not valid JSON.
    #[error("the input starts like JSON but is not valid: {0}")]
    Json(String),
    /// An HTTP archive that lacks a required part or has a part of the wrong type.
    #[error("the HTTP archive cannot be diagnosed: {0}")]
    Har(HarError),
    /// An evidence file with a member of the wrong type.
    #[error("the evidence file's `{member}` is not {expected}")]
    Member {
        /// Which member.
        member: &'static str,
        /// The expected type.
        expected: &'static str,
    },
}

/// Reads `input`: a token of any shape; a token response, an OAuth error, an AADSTS text, a redirect; an HTTP answer with
/// its head or an API's error alone; lines of a mail protocol; an MSAL cache; an HTTP archive; an evidence file.
///
/// `now` is the time of the diagnosis; evidence with its own time uses that instead.
///
/// ```
/// use entrada_core::NumericDate;
/// use entrada_diagnose::{recognise, run};
///
/// let now = NumericDate(1_790_000_000);
/// let asked = recognise(r#"{"version":1,"requested_scopes":"https://outlook.office.com/IMAP.AccessAsUser.All"}"#, now)?;
/// let refused = recognise("AADSTS65001: The user has not consented.", now)?;
/// let diagnosis = run(&asked.join(refused));
/// assert_eq!(diagnosis.cause().unwrap().rule.id.as_str(), "user-consent-required");
/// # Ok::<(), entrada_diagnose::RecogniseError>(())
/// ```
///
/// # Errors
///
/// [`RecogniseError`] if `input` is empty, or starts like a file with broken syntax.
pub fn recognise(input: &str, now: NumericDate) -> Result<Evidence, RecogniseError> {
    let text = Har::trimmed(input);
    let mut evidence = Evidence { now: Some(now), ..Evidence::default() };
    if text.is_empty() {
        return Err(RecogniseError::Empty);
    }
    // By far the most common input, so it is tried first.
    if let Some(jwt) = Shape::of_plain_jwt(text) {
        evidence.token = Some(jwt);
        return Ok(evidence);
    }
    evidence.redactor.learn_text(limits::start_of(text));
    if text.starts_with('{') {
        limits::weigh(text)?;
        match read_json(text, &mut evidence, now) {
            Ok(()) => return Ok(evidence),
            Err(error @ RecogniseError::Har(_)) => return Err(error),
            // A Python dictionary or truncated JSON may still contain a refusal or a token.
            Err(error) => match page::refusal(text) {
                Some(refusal) => evidence.refusal = Some(refusal),
                None => match single_token(text) {
                    Some(token) => {
                        evidence.token = Some(token);
                        other_text::read(text, &mut evidence, now);
                    }
                    None => return Err(error),
                },
            },
        }
        return Ok(evidence);
    }
    let text = limits::start_of(text);
    if let Some(answer) = HttpAnswer::parse(text) {
        take_answer(answer, &mut evidence, None);
    } else if let Some(shape) = address::came_back(text) {
        evidence.token = Some(shape);
    } else if let Some(members) = address::refusal(text) {
        evidence.refusal = Some(ErrorResponse::from_json(&members));
        evidence.context.grant_type = Some("authorization_code".to_owned());
    } else if text.starts_with('<') && (text.contains("ResponseCode") || is_error_document(text)) {
        take_answer(HttpAnswer::of_body(text), &mut evidence, None);
    } else if let Some(answer) = phrase::status_and_reason(text) {
        // A status before an authority's error.
        match page::named(text) {
            Some(refusal) => {
                evidence.refusal = Some(ErrorResponse { http_status: answer.status, ..refusal });
            }
            None => take_answer(answer, &mut evidence, None),
        }
    } else if let Some(talk) = MailLog::parse(text) {
        take_talk(talk, &mut evidence);
    } else if let Some(refusal) = page::refusal(text) {
        evidence.refusal = Some(refusal);
    } else if let Some(talk) = MailLog::in_prose(text) {
        take_talk(talk, &mut evidence);
    } else if let Some(answer) = phrase::in_words(text) {
        take_answer(answer, &mut evidence, None);
    } else if let Some(body) = page::api_error(text) {
        take_answer(HttpAnswer::of_body(&body), &mut evidence, None);
    } else if let Some(answer) = HttpAnswer::in_prose(text) {
        take_answer(answer, &mut evidence, None);
    } else {
        match Shape::of(text) {
            // A token with text around it: a shell's `export`, a line of a log.
            shape
                if (is_loose(&shape) || has_words(text))
                    && text.contains([' ', '\n'])
                    && single_token(text).is_some() =>
            {
                evidence.token = single_token(text);
                other_text::read(text, &mut evidence, now);
            }
            // Words, not a token: an unknown kind of answer, a log, or a mistake.
            Shape::Opaque { .. } if text.contains(char::is_whitespace) => {
                evidence.unrecognised = true;
            }
            // A word: it is too short for a token.
            Shape::Opaque { length } if length < TOKEN_MIN => evidence.unrecognised = true,
            shape => evidence.token = Some(shape),
        }
    }
    if evidence.token.is_some() {
        evidence.call = super::call_of(text);
    }
    Ok(evidence)
}

fn read_json(text: &str, evidence: &mut Evidence, now: NumericDate) -> Result<(), RecogniseError> {
    if let Some(har) = Har::parse(text) {
        let known = std::mem::take(&mut evidence.redactor);
        let har = har.map_err(|error| match error {
            HarError::Broken(_) => RecogniseError::Json(error.to_string()),
            error => RecogniseError::Har(error),
        })?;
        *evidence = har::evidence(&har, now);
        evidence.redactor.join(&known);
        if evidence.unrecognised
            && let Some(lack) = Har::lack(text)
        {
            return Err(RecogniseError::Har(HarError::Lack(lack)));
        }
        return Ok(());
    }
    // Not serde's message, which can quote the input.
    let broken = |error: serde_json::Error| {
        let place = format!("line {} column {}", error.line(), error.column());
        RecogniseError::Json(format!("syntax error at {place}"))
    };
    let members: Map<String, Value> = serde_json::from_str(text).map_err(broken)?;
    evidence.redactor.learn_members(&members);
    read_object(&members, text, evidence, now)
}

fn read_object(
    members: &Map<String, Value>,
    text: &str,
    evidence: &mut Evidence,
    now: NumericDate,
) -> Result<(), RecogniseError> {
    if file::is_one(members) && !members.contains_key("access_token") && !is_refusal(members) {
        return file::read(members, evidence);
    }
    if msal::read(members, evidence, now) {
        return Ok(());
    }
    if is_api_error(members) {
        take_answer(HttpAnswer::of_body(text), evidence, None);
        return Ok(());
    }
    if is_refusal(members) {
        evidence.refusal = Some(ErrorResponse::from_json(members));
        return Ok(());
    }
    evidence.response = TokenResponse::from_json(members, now);
    if let Some(response) = &mut evidence.response {
        printed::dated(members, response, &mut evidence.context);
    }
    if evidence.response.is_none() {
        // The output of tools; a response inside another object; decoded claims.
        let within = || {
            members
                .values()
                .filter_map(Value::as_object)
                .find_map(|inner| TokenResponse::from_json(inner, now))
        };
        evidence.token = printed::token(members);
        if evidence.token.is_none() {
            evidence.response = within();
            if evidence.response.is_none() && is_error_object(members) {
                take_answer(HttpAnswer::of_body(text), evidence, None);
                return Ok(());
            }
            evidence.unrecognised = evidence.response.is_none();
            return Ok(());
        }
        evidence.unrecognised = evidence.token.is_none();
    }
    if has_failure(members) {
        evidence.answer = Some(HttpAnswer::of_body(text));
    }
    Ok(())
}

/// Adds a mail conversation and its token to the evidence.
fn take_talk(talk: MailLog, evidence: &mut Evidence) {
    if evidence.token.is_none() {
        let token = talk.initial.as_ref().and_then(|initial| initial.token.as_ref());
        evidence.token = token.map(|token| Shape::of(token.expose()));
    }
    evidence.mail = Some(talk);
}

/// Whether `shape` is that of a text which is not a token by itself.
fn is_loose(shape: &Shape) -> bool {
    matches!(shape, Shape::Opaque { .. } | Shape::Broken { .. })
}

/// Whether `text` has words that are not pieces of a token that a terminal wrapped: one piece is a token with a complete
/// signature, or a short word means a refusal.
fn has_words(text: &str) -> bool {
    text.contains(char::is_whitespace)
        && text.split_whitespace().any(|word| match Shape::of_plain_jwt(word) {
            Some(Shape::Jwt(jwt)) => WHOLE_SIGNATURES.contains(&jwt.signature_length),
            _ => word.len() <= PIECE_MAX && other_text::refuses(word),
        })
}

/// Lengths of Entra's signatures in characters: RSA with keys of 2,048 and 4,096 bits.
const WHOLE_SIGNATURES: [usize; 2] = [342, 683];

/// Maximum length of an ordinary word in characters.
const PIECE_MAX: usize = 24;

/// Maximum number of tokens that are read from a text.
const SEVERAL: usize = 8;

/// The only JWT in `text`. Several tokens are an error, because it is unknown which one is meant.
fn single_token(text: &str) -> Option<Shape> {
    // `Bearer` occurs twice, so it was sent twice.
    if text.to_ascii_lowercase().contains("bearer bearer") {
        return None;
    }
    let part = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let found = text
        .split(|c| !part(c))
        .filter(|word| word.starts_with("eyJ"))
        .filter_map(Shape::of_plain_jwt);
    let mut found: Vec<Shape> = found.take(SEVERAL).collect();
    // Next to an ID token of the same sign-in, the other token is meant.
    if 1 < found.len() {
        found.retain(|shape| !shape.is_of_an_id_token());
        found.dedup();
    }
    match found.len() {
        0 => None,
        1 => found.pop(),
        _ => Some(Shape::Broken {
            reason: "it contains several tokens: give one, or check each line with `--stream`"
                .to_owned(),
            length: text.chars().count(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use entrada_core::{Job, ScopeSet};

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
        assert!(matches!(read("an-opaque-token-of-somebody").token, Some(Shape::Opaque { .. })));
        assert!(read(r#"{"accessToken":"a.b.c"}"#).token.is_some());
        for input in ["some words", "hello", "{}"] {
            let evidence = read(input);
            assert!(evidence.unrecognised && evidence.token.is_none(), "{input}");
        }
        let answer =
            read("HTTP/1.1 401 Unauthorized\r\nDate: Tue, 14 Nov 2023 22:13:20 GMT\r\n\r\n");
        assert_eq!(answer.answer.unwrap().status, Some(401));
        assert_eq!(answer.now, Some(NumericDate(1_700_000_000)), "the server's clock counts");
        assert!(read("a1 NO AUTHENTICATE failed.").mail.is_some());
        assert!(
            read(r#"{"error":{"code":"InvalidAuthenticationToken","message":"x"}}"#)
                .answer
                .is_some()
        );
        let endpoint =
            "HTTP/1.1 400 Bad Request\r\n\r\n{\"error\":\"invalid_grant\",\"error_codes\":[65001]}";
        assert_eq!(read(endpoint).refusal.unwrap().http_status, Some(400));
        let redirect = read(
            "http://localhost:1234/?error=access_denied&error_description=AADSTS65004%3A+no&state=x",
        );
        assert_eq!(redirect.refusal.unwrap().error_codes, [65004]);
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
            "the input starts like JSON but is not valid: syntax error at line 1 column 23"
        );
    }
}
