//! What was put in front of us: told by its content, never by a file name.

mod address;
mod file;
pub(super) mod limits;
mod msal;
mod page;
mod phrase;
mod printed;

use serde_json::{Map, Value};

use super::service::{HttpAnswer, MailLog};
use super::shape::Shape;
use super::{Evidence, har};
use entrada_core::NumericDate;
use entrada_core::har::Har;
use entrada_core::oauth::{ErrorResponse, ProtocolError, TokenResponse, is_refusal, pause_of};

/// Words for a refusal: RFC 6749 §5.2, RFC 8628 §3.5, OIDC Core §3.1.2.6, and Entra's own.
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

/// Characters that the shortest token has.
const TOKEN_MIN: usize = 16;

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

/// Reads `input`: a token of any shape; a token response, an OAuth error, an AADSTS text, a redirect; an HTTP answer with
/// its head or an API's error alone; lines of a mail protocol; an MSAL cache; an HTTP archive; an evidence file.
///
/// `now` is when it is judged; evidence that has a time of its own is judged as of that.
///
/// ```
/// use entrada_core::NumericDate;
/// use entrada_diagnose::{recognise, run};
///
/// let now = NumericDate(1_790_000_000);
/// let asked = recognise(r#"{"version":1,"requested_scopes":"https://outlook.office.com/IMAP.AccessAsUser.All"}"#, now)?;
/// let refused = recognise("AADSTS65001: The user has not consented.", now)?;
/// let diagnosis = run(&asked.join(refused));
/// assert_eq!(diagnosis.cause().unwrap().rule.id, "user-consent-required");
/// # Ok::<(), entrada_diagnose::RecogniseError>(())
/// ```
///
/// # Errors
///
/// [`RecogniseError`] where `input` is empty, or begins like a file whose form is broken.
pub fn recognise(input: &str, now: NumericDate) -> Result<Evidence, RecogniseError> {
    let text = Har::trimmed(input);
    let mut evidence = Evidence { now: Some(now), ..Evidence::default() };
    if text.is_empty() {
        return Err(RecogniseError::Empty);
    }
    // By far the most that is pasted, so it is tried first.
    if let Some(jwt) = Shape::of_plain_jwt(text) {
        evidence.token = Some(jwt);
        return Ok(evidence);
    }
    evidence.redactor.learn_text(limits::start_of(text));
    if text.starts_with('{') {
        limits::weigh(text)?;
        match read_json(text, &mut evidence, now) {
            Ok(()) => return Ok(evidence),
            // Python's way to show a dictionary, and JSON that lost its end, may still tell.
            Err(error) => match page::refusal(text) {
                Some(refusal) => evidence.refusal = Some(refusal),
                None => match single_token(text) {
                    Some(token) => evidence.token = Some(token),
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
    } else if text.starts_with('<') && text.contains("ResponseCode") {
        take_answer(HttpAnswer::of_body(text), &mut evidence, None);
    } else if let Some(answer) = phrase::status_and_reason(text) {
        // A status before what an authority said.
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
            // A token with something around it: a shell's `export`, a line of a log.
            Shape::Opaque { .. } | Shape::Broken { .. }
                if text.contains([' ', '\n']) && single_token(text).is_some() =>
            {
                evidence.token = single_token(text);
            }
            // Words, not a token: another kind of answer, a log, a mistake.
            Shape::Opaque { .. } if text.contains(char::is_whitespace) => {
                evidence.unrecognised = true;
            }
            // A word: no token is so short.
            Shape::Opaque { length } if length < TOKEN_MIN => evidence.unrecognised = true,
            shape => evidence.token = Some(shape),
        }
    }
    Ok(evidence)
}

fn read_json(text: &str, evidence: &mut Evidence, now: NumericDate) -> Result<(), RecogniseError> {
    if let Some(har) = Har::parse(text) {
        let known = std::mem::take(&mut evidence.redactor);
        *evidence = har::evidence(&har.map_err(RecogniseError::Json)?, now);
        evidence.redactor.join(&known);
        return Ok(());
    }
    // Not serde's message: it can quote the input.
    let broken = |error: serde_json::Error| {
        let place = format!("line {} column {}", error.line(), error.column());
        RecogniseError::Json(format!("it breaks at {place}"))
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
        // What tools print; a response within another object; claims that somebody decoded.
        let within = || {
            members
                .values()
                .filter_map(Value::as_object)
                .find_map(|inner| TokenResponse::from_json(inner, now))
        };
        evidence.token = printed::token(members);
        if evidence.token.is_none() {
            evidence.response = within();
            evidence.unrecognised = evidence.response.is_none();
            return Ok(());
        }
        evidence.unrecognised = evidence.token.is_none();
    }
    Ok(())
}

/// Whether an API said this, rather than an authority: its `error` is an object (Graph, ARM, OData).
fn is_api_error(members: &Map<String, Value>) -> bool {
    let named = ["error", "odata.error"].iter().any(|name| {
        members.get(*name).and_then(|error| error.get("code")).is_some_and(Value::is_string)
    });
    named
        || (members.get("code").is_some_and(Value::is_string)
            && members.get("message").is_some_and(Value::is_string))
}

/// Takes an HTTP answer for what it is: of a token endpoint, or of an API. `local` is the clock of whoever got it, where
/// that was told beside the server's.
fn take_answer(answer: HttpAnswer, evidence: &mut Evidence, local: Option<NumericDate>) {
    let answer = answer.refused_within().unwrap_or(answer);
    if let Some(authorization) = &answer.authorization {
        evidence.token = sent_token(authorization.expose()).or(evidence.token.take());
    }
    let server = answer.date();
    evidence.now = local.or(server).or(evidence.now);
    let at = evidence.now.unwrap_or_default();
    let of_authority = answer.is_of_an_authority();
    let members = match answer.json() {
        Some(Value::Object(members)) => Some(members),
        _ => page::error_form(&answer.body),
    };
    if let Some(members) = members {
        let refused = members.get("error").is_some_and(Value::is_string)
            && (members.contains_key("error_codes")
                || members.contains_key("error_description")
                || answer.body.contains("AADSTS")
                || of_authority
                || is_oauth_error(&members));
        if refused {
            let mut refusal = ErrorResponse::from_json(&members);
            refusal.http_status = answer.status;
            let asked = answer.header("retry-after").next();
            refusal.retry_after = asked.and_then(|text| pause_of(text, server.or(Some(at))));
            evidence.refusal = Some(refusal);
            return;
        }
        if let Some(mut response) = TokenResponse::from_json(&members, at) {
            response.server_date = server;
            evidence.response = Some(response);
            // Tokens under a status of failure show no endpoint that works.
            let failed = answer.status.is_some_and(|status| !(200..300).contains(&status));
            evidence.answer = failed.then_some(answer);
            return;
        }
    } else if let Some(refusal) = page::aadsts(&answer.body).or_else(|| {
        // Words before or behind the authority's JSON, as logs have them.
        let is_error = answer.status.is_some_and(|status| 400 <= status);
        page::named(&answer.body).filter(|_| is_error && !answer.is_html())
    }) {
        evidence.refusal = Some(ErrorResponse { http_status: answer.status, ..refusal });
        return;
    } else if of_authority && let Some(status) = answer.status {
        let body = answer.body.as_bytes();
        let kind = answer.header("content-type").next();
        evidence.not_oauth =
            Some(ProtocolError::of_text("the authority's endpoint", status, kind, body));
        return;
    }
    evidence.answer = Some(answer);
}

/// What was shown as a token in an `Authorization` header.
fn sent_token(authorization: &str) -> Option<Shape> {
    let (scheme, rest) = authorization.split_once(' ').unwrap_or((authorization, ""));
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(Shape::of(&format!("Bearer {rest}")));
    }
    // The scheme was forgotten: what stands there is the token itself.
    (rest.is_empty() && 40 < scheme.len()).then(|| Shape::Broken {
        reason: "it was sent without the word `Bearer` before it".to_owned(),
        length: scheme.chars().count(),
    })
}

fn is_oauth_error(members: &Map<String, Value>) -> bool {
    members.get("error").and_then(Value::as_str).is_some_and(|error| ERRORS.contains(&error))
}

/// Takes what a mail server and its client said, and the token that they spoke of.
fn take_talk(talk: MailLog, evidence: &mut Evidence) {
    if evidence.token.is_none() {
        let token = talk.initial.as_ref().and_then(|initial| initial.token.as_ref());
        evidence.token = token.map(|token| Shape::of(token.expose()));
    }
    evidence.mail = Some(talk);
}

/// Tokens in a text of which one is looked for.
const SEVERAL: usize = 8;

/// The one JWT that stands in `text`; two are none, because nobody knows which is meant.
fn single_token(text: &str) -> Option<Shape> {
    // Said twice, so it was sent twice.
    if text.to_ascii_lowercase().contains("bearer bearer") {
        return None;
    }
    let part = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let found = text
        .split(|c| !part(c))
        .filter(|word| word.starts_with("eyJ"))
        .filter_map(Shape::of_plain_jwt);
    let mut found: Vec<Shape> = found.take(SEVERAL).collect();
    // Beside the ID token of the same sign-in, the other one is meant.
    if 1 < found.len() {
        found.retain(|shape| !shape.is_of_an_id_token());
        found.dedup();
    }
    match found.len() {
        0 => None,
        1 => found.pop(),
        _ => Some(Shape::Broken {
            reason: "there are several tokens in it: give one, or judge each line with `--stream`"
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
            "the input starts like JSON but is none: it breaks at line 1 column 23"
        );
    }
}
