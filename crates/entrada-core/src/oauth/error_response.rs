//! An OAuth error response, with everything that Entra adds (RFC 6749 §5.2).

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::HttpResponse;
use super::lenient::{self, Members};
use crate::{NumericDate, clean};

/// Statuses after which the same request may succeed.
pub const RETRYABLE_STATUS: [u16; 6] = [408, 429, 500, 502, 503, 504];

/// An OAuth error, all members kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ErrorResponse {
    /// For example `invalid_grant`.
    pub error: String,
    /// Entra: `AADSTSnnnn: text Trace ID: … Correlation ID: … Timestamp: …`.
    pub error_description: Option<String>,
    /// AADSTS numbers, from the `error_codes` member; from the description when the member is missing.
    pub error_codes: Vec<u64>,
    /// Entra's more precise code, such as `consent_required` or `basic_action`.
    pub suberror: Option<String>,
    /// `cancel` when the user pressed the cancel button.
    pub error_subcode: Option<String>,
    /// The JSON text of a claims challenge, to send with the next request.
    pub claims: Option<String>,
    /// Identifies the request in the administrator's sign-in log.
    pub trace_id: Option<String>,
    /// Identifies the response in the administrator's sign-in log.
    pub correlation_id: Option<String>,
    /// `YYYY-MM-DD hh:mm:ssZ`, by the server's clock.
    pub timestamp: Option<String>,
    /// A page about the error.
    pub error_uri: Option<String>,
    /// The HTTP status, if the error came over HTTP.
    pub http_status: Option<u16>,
    /// Seconds from the `Retry-After` header (RFC 9110 §10.2.3).
    pub retry_after: Option<u64>,
}

impl ErrorResponse {
    /// Reads the body of `response`, received at `now`.
    pub(super) fn from_members(
        members: &Members,
        response: &HttpResponse,
        now: Option<NumericDate>,
    ) -> Self {
        Self {
            http_status: Some(response.status().as_u16()),
            retry_after: retry_after(response, now),
            ..Self::from_json(members)
        }
    }

    /// Reads the members of an error body. `error` may be an object, as resource servers send it.
    pub fn from_json(members: &Members) -> Self {
        let error = match members.get("error") {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Object(inner)) => lenient::text(inner, "code").unwrap_or_default(),
            _ => String::new(),
        };
        // RFC 6749 §5.2 defines short codes. A longer value is something else, perhaps a token that was sent.
        let error = if error.len() <= WORD_MAX { error } else { "(unreadable)".to_owned() };
        let error_description = lenient::text(members, "error_description");
        let mut error_codes = lenient::numbers(members, "error_codes");
        if error_codes.is_empty() {
            error_codes.extend(error_description.as_deref().into_iter().flat_map(aadsts_in));
        }
        // Pasted text has the numbers in the description.
        let within = |name: &str| {
            let description = error_description.as_deref()?;
            let at = description.find(name)? + name.len();
            let value: String = description[at..].trim_start().chars().take(ID_MAX).collect();
            let end = value.find(char::is_whitespace).unwrap_or(value.len());
            // A quotation in Markdown may end with its marks.
            let value = value[..end].trim_end_matches(['*', '`', '_']);
            Some(value.to_owned()).filter(|value| !value.is_empty())
        };
        let time_within = || {
            let (_, rest) = error_description.as_deref()?.split_once("Timestamp: ")?;
            let time = rest.get(..20)?;
            time.ends_with('Z').then(|| time.to_owned())
        };
        let or = |name: &str, label: &str| lenient::text(members, name).or_else(|| within(label));
        let (trace_id, correlation_id) =
            (or("trace_id", "Trace ID:"), or("correlation_id", "Correlation ID:"));
        let timestamp = lenient::text(members, "timestamp").or_else(time_within);
        Self {
            error,
            error_description,
            error_codes,
            suberror: lenient::text(members, "suberror"),
            error_subcode: lenient::text(members, "error_subcode"),
            claims: lenient::text(members, "claims"),
            trace_id,
            correlation_id,
            timestamp,
            error_uri: lenient::text(members, "error_uri"),
            http_status: None,
            retry_after: None,
        }
    }

    /// The time of the error, by the authority's clock.
    pub fn refused_at(&self) -> Option<NumericDate> {
        let text = self.timestamp.as_deref()?;
        let time = jiff::fmt::strtime::parse("%Y-%m-%d %H:%M:%SZ", text).ok()?;
        let time = time.to_datetime().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
        Some(NumericDate(time.timestamp().as_second()))
    }

    /// Whether one of `codes` is among the AADSTS numbers.
    pub fn has_code(&self, codes: &[u64]) -> bool {
        self.error_codes.iter().any(|code| codes.contains(code))
    }

    /// The AADSTS numbers, the more telling ones first: those of `error_codes` before those that only the text names, and of
    /// several in the text the last one. It is usually the reason, and the others wrap it:
    /// `AADSTS70002: Error validating credentials. AADSTS54005: …`.
    pub fn codes_by_relevance(&self) -> Vec<u64> {
        let in_text = aadsts_in(self.error_description.as_deref().unwrap_or_default());
        let place = |code: &u64| in_text.iter().position(|own| own == code);
        let mut codes = self.error_codes.clone();
        codes.sort_by_key(|code| std::cmp::Reverse(place(code)));
        codes.extend(in_text.iter().rev().filter(|code| !self.error_codes.contains(code)));
        codes
    }

    /// [`ErrorResponse::text`] without the ids at its end, which have members of their own.
    pub fn sentence(&self) -> String {
        let text = self.text();
        let end = text.find(" Trace ID: ").filter(|end| 0 < *end && self.trace_id.is_some());
        end.map_or_else(|| text.clone(), |end| text[..end].to_owned())
    }

    /// The server's message on one line, cleaned: the description, or else the bare `error`.
    pub fn text(&self) -> String {
        let text = self.error_description.as_deref().unwrap_or(&self.error);
        clean(text).into_owned()
    }
}

/// The longest `error` in characters: the longest in use has 30.
const WORD_MAX: usize = 64;

/// The longest id in characters: a GUID has 36.
const ID_MAX: usize = 64;

/// The most numbers that are read from one text: a response has one, sometimes three.
const CODES_MAX: usize = 20;

/// The numbers of every `AADSTSnnnn` in `text`.
fn aadsts_in(text: &str) -> Vec<u64> {
    let mut codes = Vec::new();
    for rest in text.split("AADSTS").skip(1) {
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        if let Ok(code) = digits.parse()
            && !codes.contains(&code)
        {
            codes.push(code);
        }
        if CODES_MAX <= codes.len() {
            break;
        }
    }
    codes
}

/// Seconds to wait, from the `Retry-After` of `response`, which arrived at `now`; see [`requested_delay`]. A date is compared
/// with the sender's own clock if it sent a `Date`.
pub fn retry_after(response: &HttpResponse, now: Option<NumericDate>) -> Option<u64> {
    let text = response.headers().get(http::header::RETRY_AFTER)?.to_str().ok()?;
    pause_of(text, server_date(response).or(now))
}

/// Seconds to wait, from a `Retry-After`: at most an hour, and absent when unreadable; see [`requested_delay`].
fn pause_of(text: &str, now: Option<NumericDate>) -> Option<u64> {
    const LONGEST: u64 = 3_600;
    requested_delay(text, now).map(|seconds| seconds.min(LONGEST))
}

/// The seconds that a `Retry-After` asks for, as a number or as a date (RFC 9110 §10.2.3); `None` for other values.
pub fn requested_delay(text: &str, now: Option<NumericDate>) -> Option<u64> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // A number with too many digits is a very long time.
        return Some(text.parse::<u64>().unwrap_or(u64::MAX));
    }
    let until = http_date(text)?.seconds_since(now?);
    Some(u64::try_from(until).unwrap_or(0))
}

/// The `Date` header: the server's current time.
pub(super) fn server_date(response: &HttpResponse) -> Option<NumericDate> {
    http_date(response.headers().get(http::header::DATE)?.to_str().ok()?)
}

/// An HTTP date (RFC 9110 §5.6.7).
pub fn http_date(text: &str) -> Option<NumericDate> {
    let time = httpdate::parse_http_date(text).ok()?;
    let since = time.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(NumericDate(0).plus(since))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::testing::response;

    #[test]
    fn the_last_number_of_the_text_is_the_most_telling() {
        let codes = |body: &str| {
            ErrorResponse::from_json(&serde_json::from_str(body).unwrap()).codes_by_relevance()
        };
        let text = "AADSTS70002: Error validating credentials. AADSTS54005: redeemed.";
        assert_eq!(codes(&format!(r#"{{"error_description":"{text}"}}"#)), [54005, 70002]);
        // The member counts more than a number that the text only mentions.
        let listed = format!(r#"{{"error_codes":[70002],"error_description":"{text}"}}"#);
        assert_eq!(codes(&listed), [70002, 54005]);
        assert_eq!(codes(r#"{"error_codes":[50076,50079]}"#), [50076, 50079]);
    }

    #[test]
    fn every_member_is_kept() {
        let body = r#"{"error":"invalid_grant","error_description":"AADSTS50076: no.\r\nTrace ID: t",
            "error_codes":[50076],"timestamp":"2026-01-01 00:00:00Z","trace_id":"t","correlation_id":"c",
            "error_uri":"https://login.microsoftonline.com/error?code=50076","suberror":"basic_action",
            "claims":"{\"access_token\":{}}"}"#;
        let members = serde_json::from_str(body).unwrap();
        let error = ErrorResponse::from_members(&members, &response(400, body), None);
        assert_eq!(error.error_codes, [50076]);
        assert_eq!(error.suberror.as_deref(), Some("basic_action"));
        assert_eq!(error.claims.as_deref(), Some(r#"{"access_token":{}}"#));
        assert_eq!(error.http_status, Some(400));
        assert_eq!(error.refused_at(), Some(NumericDate(1_767_225_600)));
        assert_eq!(error.text(), "AADSTS50076: no. Trace ID: t");
    }

    #[test]
    fn codes_are_found_in_the_description_when_the_member_is_missing() {
        let members = serde_json::from_str(
            r#"{"error":"x","error_description":"AADSTS65001: a AADSTS65001 b AADSTS70011."}"#,
        );
        assert_eq!(ErrorResponse::from_json(&members.unwrap()).error_codes, [65001, 70011]);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_and_is_bounded() {
        let with = |value: &str| {
            let mut answer = response(429, "{}");
            answer.headers_mut().insert("retry-after", value.parse().unwrap());
            retry_after(&answer, Some(NumericDate(784_111_770)))
        };
        assert_eq!(with("7"), Some(7));
        assert_eq!(with("999999999"), Some(3_600));
        assert_eq!(with("Sun, 06 Nov 1994 08:49:37 GMT"), Some(7));
        assert_eq!(with("Sunday, 06-Nov-94 08:49:37 GMT"), Some(7));
        assert_eq!(with("99999999999999999999999"), Some(3_600));
        assert_eq!(with("soon"), None);
        let mut answer = response(429, "{}");
        let headers = answer.headers_mut();
        headers.insert("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT".parse().unwrap());
        assert_eq!(retry_after(&answer, None), None, "there is no current time");
        answer.headers_mut().insert("date", "Sun, 06 Nov 1994 08:49:07 GMT".parse().unwrap());
        let slow = Some(NumericDate(784_000_000));
        assert_eq!(retry_after(&answer, slow), Some(30), "by the server's own clock");
    }
}
