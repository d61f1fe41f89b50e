//! Builds requests and reads responses (RFC 6749, 8628, 7636). No sockets, no clock, no randomness.
//!
//! The `oauth2` crate builds the requests for refresh, code redemption and device authorization. This module reads the
//! responses, because Entra sends more than the crate keeps: `error_codes`, `suberror`, `claims`, numbers as text, and
//! errors with status 200.

pub mod authorization;
mod build;
pub mod challenge;
pub mod code;
pub mod device_code;
pub mod discovery;
mod error_response;
pub mod id_token;
mod identity;
mod lenient;
pub mod refresh;
pub mod revocation;
pub mod sasl;
mod token_members;
mod token_response;

pub use error_response::{
    ErrorResponse, RETRYABLE_STATUS, http_date, requested_delay, retry_after,
};
pub use identity::{account_in_id_token, account_of, home_account_id, signed_in_account};
pub use token_response::TokenResponse;

use crate::json::with_readable_values;
use crate::{NumericDate, clean};

/// A request with its whole body.
pub type HttpRequest = http::Request<Vec<u8>>;
/// A response with its whole body.
pub type HttpResponse = http::Response<Vec<u8>>;

/// The response is neither a token response nor an OAuth error. Causes are a proxy, a captive portal, or the wrong host.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the response to {step} is not OAuth JSON (HTTP {status}, {content_type}): {reason}")]
pub struct ProtocolError {
    /// The request, for example `the device authorization request`.
    pub step: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// The `Content-Type` header, cleaned; `no content type` when absent.
    pub content_type: String,
    /// The reason, in words. It never quotes a part of the body that could hold a token.
    pub reason: String,
    /// The start of the body if it is markup, which holds no token: at most 80 characters, cleaned.
    pub snippet: Option<String>,
    /// Seconds from the `Retry-After` header (RFC 9110 §10.2.3).
    pub retry_after: Option<u64>,
}

impl ProtocolError {
    /// Whether the status alone suggests a retry.
    pub fn is_temporary(&self) -> bool {
        RETRYABLE_STATUS.contains(&self.status)
    }

    /// The error for a recorded response whose body is not a JSON object. Only its status, content type and text are known.
    pub fn of_text(
        step: &'static str,
        status: u16,
        content_type: Option<&str>,
        body: &[u8],
    ) -> Self {
        let mut response = http::Response::builder().status(status);
        if let Some(kind) = content_type.and_then(|kind| http::HeaderValue::from_str(kind).ok()) {
            response = response.header(http::header::CONTENT_TYPE, kind);
        }
        let response = response.body(body.to_vec()).unwrap_or_default();
        let reason = if body.is_empty() { "the body is empty" } else { "it is not JSON" };
        Self { status, ..Self::new(step, &response, reason) }
    }

    fn new(step: &'static str, response: &HttpResponse, reason: impl Into<String>) -> Self {
        let content_type = response
            .headers()
            .get(http::header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .map_or_else(|| "no content type".to_owned(), |value| clean(value).into_owned());
        let text = String::from_utf8_lossy(&response.body()[..response.body().len().min(400)]);
        let start: String = clean(&text).chars().take(80).collect();
        Self {
            step,
            status: response.status().as_u16(),
            content_type,
            reason: reason.into(),
            snippet: start.starts_with('<').then_some(start),
            retry_after: retry_after(response, None),
        }
    }
}

/// The result of a request: the value that was asked for, or an OAuth error.
type Answer<T> = Result<T, Box<ErrorResponse>>;

/// Reads a response that is a success if it has no `error` member, regardless of the status: Entra's `/devicecode` sends errors
/// with status 200, and proxies send anything.
fn read<T>(
    step: &'static str,
    response: &HttpResponse,
    received_at: Option<NumericDate>,
    success: impl FnOnce(&serde_json::Map<String, serde_json::Value>) -> Result<T, String>,
) -> Result<Answer<T>, ProtocolError> {
    let fail = |reason: String| ProtocolError {
        retry_after: retry_after(response, received_at),
        ..ProtocolError::new(step, response, reason)
    };
    let body = response.body().strip_prefix(b"\xef\xbb\xbf").unwrap_or(response.body());
    if let Some(coding) = coding_of(response) {
        return Err(fail(format!("it is compressed (`{coding}`), which was not asked for")));
    }
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err(fail("the body is empty".to_owned()));
    }
    // serde's message could quote the body.
    let value = serde_json::from_slice(body).or_else(|error| {
        let text = std::str::from_utf8(body).map_err(|_| error)?;
        serde_json::from_str(&with_readable_values(text))
    });
    let value: serde_json::Value = value.map_err(|error: serde_json::Error| {
        fail(format!("invalid JSON at line {} column {}", error.line(), error.column()))
    })?;
    let serde_json::Value::Object(members) = value else {
        return Err(fail("the JSON is not an object".to_owned()));
    };
    if is_refusal(&members) {
        return Ok(Err(Box::new(ErrorResponse::from_members(&members, response, received_at))));
    }
    if !response.status().is_success() {
        return Err(fail("it has no `error` member".to_owned()));
    }
    success(&members).map(Ok).map_err(fail)
}

/// The `Content-Encoding` of `response`, if the body is compressed.
fn coding_of(response: &HttpResponse) -> Option<String> {
    let named = response.headers().get(http::header::CONTENT_ENCODING);
    let named = named.and_then(|coding| coding.to_str().ok()).unwrap_or_default().trim();
    // A proxy may have unpacked the body and left the header.
    let is_text = response.body().iter().find(|byte| !byte.is_ascii_whitespace());
    let is_text = is_text.is_none_or(|byte| b"{[<\"\xef".contains(byte));
    if response.body().starts_with(b"\x1f\x8b") {
        return Some("gzip".to_owned());
    }
    let is_coding = !named.is_empty() && !named.eq_ignore_ascii_case("identity");
    (is_coding && !is_text).then(|| clean(named).chars().take(40).collect())
}

/// Values of `error` in a response with tokens that mean no error.
const NO_ERROR: [&str; 7] = ["", "0", "false", "none", "no_error", "null", "success"];

/// Whether `members` are those of an OAuth error: `error` has a value that means an error. Some servers send `error` with a success.
pub fn is_refusal(members: &serde_json::Map<String, serde_json::Value>) -> bool {
    let has_token = lenient::text(members, "access_token").is_some();
    match members.get("error") {
        Some(serde_json::Value::String(text)) if has_token => {
            !NO_ERROR.contains(&text.trim().to_ascii_lowercase().as_str())
        }
        Some(serde_json::Value::String(text)) => !text.is_empty(),
        Some(serde_json::Value::Object(error)) => !(has_token && error.is_empty()),
        _ => false,
    }
}

#[cfg(test)]
pub(crate) mod testing {
    use super::HttpResponse;

    pub(crate) fn response(status: u16, body: &str) -> HttpResponse {
        http::Response::builder()
            .status(status)
            .header("content-type", "application/json; charset=utf-8")
            .body(body.as_bytes().to_vec())
            .unwrap()
    }
}
