//! Responses before they are sent.

use http::{HeaderValue, Response, StatusCode, header};
use serde_json::Value;

/// A response with its whole body.
pub(super) type Answer = Response<Vec<u8>>;

/// The OAuth `error` of a response, for the log.
#[derive(Clone)]
pub(super) struct LoggedError(pub(super) String);

const JSON: &str = "application/json; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";
/// Pages run no script, load nothing and cannot be framed.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'";
/// The page that posts a response to the client submits its form by script, if scripts are enabled.
const POLICY_POST: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; \
                           base-uri 'none'; frame-ancestors 'none'";

pub(super) fn plain(status: u16, content_type: &'static str, body: impl Into<Vec<u8>>) -> Answer {
    let mut answer = Response::new(body.into());
    *answer.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    answer
}

pub(super) fn json(status: u16, body: &Value) -> Answer {
    plain(status, JSON, body.to_string())
}

pub(super) fn html(status: u16, body: String) -> Answer {
    let mut answer = plain(status, HTML, body);
    set_header(&mut answer, "content-security-policy", POLICY);
    set_header(&mut answer, "referrer-policy", "no-referrer");
    answer
}

pub(super) fn html_that_posts(body: String) -> Answer {
    let mut answer = html(200, body);
    set_header(&mut answer, "content-security-policy", POLICY_POST);
    answer
}

pub(super) fn redirect(location: &str) -> Answer {
    let mut answer = plain(302, HTML, Vec::new());
    set_header(&mut answer, "location", location);
    set_header(&mut answer, "referrer-policy", "no-referrer");
    answer
}

/// Sets a header. An invalid value is ignored.
pub(super) fn set_header(answer: &mut Answer, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        answer.headers_mut().insert(name, value);
    }
}

/// Records `error` for the log.
pub(super) fn with_logged_error(mut answer: Answer, error: &str) -> Answer {
    answer.extensions_mut().insert(LoggedError(error.to_owned()));
    answer
}

/// Replaces every number in the members of `body`, and in its lists, with text.
pub(super) fn numbers_as_text(body: &mut Value) {
    match body {
        Value::Object(members) => members.values_mut().for_each(numbers_as_text),
        Value::Array(all) => all.iter_mut().for_each(numbers_as_text),
        Value::Number(number) => *body = Value::String(number.to_string()),
        _ => (),
    }
}
