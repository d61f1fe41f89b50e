//! HTTP answers of a token endpoint or of an API.

use serde_json::{Map, Value};

use super::{ERRORS, page, sign_in_page};
use crate::Evidence;
use crate::service::{HttpAnswer, hosts};
use crate::shape::Shape;
use entrada_core::NumericDate;
use entrada_core::oauth::{ErrorResponse, ProtocolError, TokenResponse, is_refusal};

/// Whether it is an API's error, not an authority's: its `error` is an object (Graph, ARM, OData).
pub(super) fn is_api_error(members: &Map<String, Value>) -> bool {
    let named = ["error", "odata.error"].iter().any(|name| {
        let Some(Value::Object(error)) = members.get(*name) else { return false };
        // A number as the code, or none; an authority's error that is wrapped keeps its own number.
        let said = error.get("message").and_then(Value::as_str);
        error.get("code").is_some_and(Value::is_string)
            || said.is_some_and(|said| !said.is_empty() && !said.contains("AADSTS"))
    });
    named
        || (members.get("code").is_some_and(Value::is_string)
            && members.get("message").is_some_and(Value::is_string))
}

/// Adds an HTTP answer of a token endpoint or of an API to the evidence. `local` is the clock of the client, if
/// it was given in addition to the server's.
pub(super) fn take_answer(answer: HttpAnswer, evidence: &mut Evidence, local: Option<NumericDate>) {
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
        let told = of_authority || answer.body.contains("AADSTS");
        // SharePoint writes its own errors in this form as well.
        let of_api = answer.host().is_some_and(|host| hosts::resource(&host).is_some());
        if (told || !of_api) && is_oauth_refusal(&members, told) {
            evidence.refusal = Some(of_answer(ErrorResponse::from_json(&members), &answer, at));
            return;
        }
        if let Some(mut response) = TokenResponse::from_json(&members, at) {
            response.server_date = server;
            evidence.response = Some(response);
            // Tokens with an error status, or next to other content, do not prove a working endpoint.
            let failed = answer.status.is_some() && !answer.is_success();
            evidence.answer = failed.then_some(answer);
            return;
        }
        // An authority's refusal that an API passes on: SharePoint does, in the words of OData 3.
        let passed_on = answer.message().filter(|_| is_api_error(&members));
        if let Some(refusal) = passed_on.as_deref().and_then(refusal_that_starts) {
            evidence.refusal = Some(of_answer(refusal, &answer, at));
            return;
        }
    } else if !answer.is_success()
        && let Some(refusal) = sign_in_page::refusal_on(after_list(&answer)).or_else(|| {
            // Text before or after the authority's JSON, as in logs.
            let is_error = answer.status.is_some_and(|status| 400 <= status);
            page::named(&answer.body).filter(|_| is_error && !answer.is_html())
        })
    {
        evidence.refusal = Some(of_answer(refusal, &answer, at));
        return;
    } else if of_authority && let Some(status) = answer.status {
        let body = answer.body.as_bytes();
        let kind = answer.header("content-type").next();
        evidence.not_oauth = Some(ProtocolError {
            retry_after: answer.pause(at),
            ..ProtocolError::of_text("the authority's endpoint", status, kind, body)
        });
        return;
    }
    evidence.answer = Some(answer);
}

/// Where an authority's refusal can stand in the body of `answer`. A number of Entra in the subject of a message that a service lists
/// in XML is none, with a status or without, whatever a log adds after it.
fn after_list(answer: &HttpAnswer) -> &str {
    let body = &answer.body;
    let is_done = match answer.status {
        Some(status) => (200..300).contains(&status),
        None => body.contains(">NoError<") && !answer.says_error(),
    };
    let is_list = is_done && body.trim_start().starts_with('<') && !answer.is_html();
    body.rfind('>').filter(|_| is_list).map_or(body, |end| &body[end + 1..])
}

/// The token in an `Authorization` header.
fn sent_token(authorization: &str) -> Option<Shape> {
    let (scheme, rest) = authorization.split_once(' ').unwrap_or((authorization, ""));
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(Shape::of(&format!("Bearer {rest}")));
    }
    if scheme.eq_ignore_ascii_case("basic") && Shape::of_plain_jwt(rest.trim()).is_some() {
        return Some(Shape::sent_as_basic(rest.chars().count()));
    }
    // The scheme is missing: the header contains only the token.
    (rest.is_empty() && 40 < scheme.len()).then(|| Shape::Broken {
        reason: "it was sent without the word `Bearer` before it".to_owned(),
        length: scheme.chars().count(),
    })
}

/// The authority's refusal in `answer`, as JSON or on a page.
pub(crate) fn refusal_in(answer: &HttpAnswer) -> Option<ErrorResponse> {
    let members = answer.json().and_then(|json| json.as_object().cloned()).filter(is_refusal);
    let refusal = members.map(|members| ErrorResponse::from_json(&members));
    refusal
        .or_else(|| sign_in_page::refusal_on(&answer.body))
        .map(|refusal| ErrorResponse { http_status: answer.status, ..refusal })
}

/// `refusal` with the status and the pause from its answer, received at `at`.
fn of_answer(refusal: ErrorResponse, answer: &HttpAnswer, at: NumericDate) -> ErrorResponse {
    ErrorResponse { http_status: answer.status, retry_after: answer.pause(at), ..refusal }
}

/// The refusal that `message` is: its AADSTS number stands first.
fn refusal_that_starts(message: &str) -> Option<ErrorResponse> {
    let message = message.trim_start();
    message.starts_with("AADSTS").then(|| page::aadsts(message)).flatten()
}

/// Beginnings of what services write into an `error_description`, in lower case: SharePoint, and the managed identity endpoint of
/// a machine.
const OF_SERVICES: [&str; 4] = [
    "token type is not allowed.",
    "identity not found",
    "multiple user assigned identities exist",
    "required metadata header not specified",
];

/// Whether `members` are an error that a service writes in the form of an OAuth error.
pub(super) fn is_of_a_service(members: &Map<String, Value>) -> bool {
    let said = members.get("error_description").and_then(Value::as_str).unwrap_or_default();
    let said = said.trim().to_ascii_lowercase();
    OF_SERVICES.iter().any(|start| said.starts_with(start))
}

/// Whether `members` are those of an OAuth error. `told`: an authority sent it, so `error` may be missing. APIs send an
/// `error_description` alone as well (SharePoint).
fn is_oauth_refusal(members: &Map<String, Value>, told: bool) -> bool {
    if is_of_a_service(members) {
        return false;
    }
    let described = members.get("error_description").and_then(Value::as_str);
    match members.get("error") {
        Some(Value::String(error)) => {
            told || described.is_some()
                || members.contains_key("error_codes")
                || ERRORS.contains(&error.as_str())
        }
        None | Some(Value::Null) => {
            told && described.is_some_and(|text| !text.is_empty())
                && !members.contains_key("access_token")
        }
        Some(_) => false,
    }
}
