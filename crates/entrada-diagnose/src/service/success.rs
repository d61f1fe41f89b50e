//! Decides whether a call succeeded, from the status, the headers and the whole body.

use serde_json::{Map, Value};

use super::body::{has_error_within, is_error, plain};
use super::{HttpAnswer, Service, xml};
use crate::read::is_label;
use entrada_core::entra::clouds::Cloud;

/// Headers of Exchange that list the ActiveSync capabilities: the answer has no body.
const ACTIVE_SYNC: [&str; 2] = ["ms-asprotocolversions", "ms-asprotocolcommands"];

/// Headers that Microsoft's services add to every answer.
const MARKS: [&str; 4] = ["client-request-id", "request-id", "x-feserver", "x-ms-request-id"];

/// Segments of paths that services answer without a token as well, in lower case.
const PUBLIC_PATHS: [&str; 12] = [
    "autodiscover.json",
    "endpoints",
    "favicon.ico",
    "health",
    "healthcheck",
    "healthcheck.htm",
    "healthz",
    "livez",
    "openapi.json",
    "readyz",
    "robots.txt",
    "swagger.json",
];

/// Values of a header about errors where there is none.
const NO_ERROR: [&str; 7] = ["", "0", "false", "no", "none", "noerror", "null"];

/// Maximum length, in characters, of a line that a terminal or `curl -w` adds after a body.
const OUTPUT_MAX: usize = 200;

/// Maximum number of parts that are read from a multipart answer.
const PARTS_MAX: usize = 100;

impl HttpAnswer {
    /// Whether the call succeeded. Only a body that was read completely proves that.
    pub fn is_success(&self) -> bool {
        let done = self.status.is_some_and(|status| {
            // RFC 9110 §15.3.4: a proxy has changed an answer with status 203.
            (200..300).contains(&status) && status != 203
        });
        // A page that redirects, in a header.
        let leads_away = self.header("refresh").next().is_some();
        done && !leads_away
            && !self.is_html()
            && !self.is_challenged()
            && !self.has_error_header()
            && !self.says_error()
            && self.is_whole()
    }

    /// Whether the service answers this request without a token, as far as the request is known: metadata, the authority's
    /// public documents, a preflight; or a request without a token to a host that is no known API.
    pub(crate) fn needs_no_token(&self) -> bool {
        if matches!(self.method.as_deref(), Some("CONNECT" | "OPTIONS"))
            && !self.is_of_active_sync()
        {
            return true;
        }
        let is_anonymous = self.authorization.is_none();
        if self.is_public_document() {
            return true;
        }
        // Its answer has no content that only a signed-in caller gets.
        let reads = matches!(self.method.as_deref(), Some("GET" | "HEAD"));
        if is_anonymous && reads && self.is_unreadable() && !self.is_of_active_sync() {
            return true;
        }
        let host = self.host().unwrap_or_default();
        if host.is_empty() {
            return false;
        }
        let path = self.plain_segments();
        let last = path.last().map_or("", String::as_str);
        Cloud::of_authority_host(&host).is_some()
            || path.iter().any(|segment| segment == ".well-known")
            || matches!(last, "$metadata" | "v1.0" | "beta" | "")
            || (is_anonymous && path.iter().any(|segment| PUBLIC_PATHS.contains(&segment.as_str())))
            || (is_anonymous && self.service() == Service::Other)
    }

    /// Whether the answer is an error despite a success status.
    pub fn is_refusal_under_success(&self) -> bool {
        self.says_error()
            || self.is_challenged()
            || self.has_error_header()
            || self.refused_within().is_some()
    }

    /// Whether a header alone says that the call failed, whatever the status: `x-ms-error-code`, a status of gRPC that is not 0.
    fn has_error_header(&self) -> bool {
        self.headers.iter().any(|(name, value)| {
            let value = value.trim();
            match name.as_str() {
                "grpc-status" => value != "0",
                "status" => status_in(&Value::from(value))
                    .is_some_and(|status| (400..600).contains(&status)),
                "x-ms-diagnostics"
                | "x-ms-diagnostic"
                | "x-ms-failure-cause"
                | "x-ews-policy-reason" => !value.is_empty(),
                name if name.starts_with("x-") && name.contains("error") => {
                    !NO_ERROR.iter().any(|no| no.eq_ignore_ascii_case(value))
                }
                _ => false,
            }
        })
    }

    /// Whether it is an ActiveSync answer with its capabilities.
    pub fn is_of_active_sync(&self) -> bool {
        ACTIVE_SYNC.iter().any(|name| self.header(name).next().is_some())
    }

    /// Whether the body cannot be checked: it is empty, a picture or a file.
    pub(crate) fn is_unreadable(&self) -> bool {
        let kinds =
            ["application/octet-stream", "application/pdf", "audio/", "font/", "image/", "video/"];
        let kind = self.header("content-type").next().unwrap_or_default().to_ascii_lowercase();
        self.body.trim().is_empty() || kinds.iter().any(|own| kind.starts_with(own))
    }

    /// Whether a challenge names an error (RFC 6750 §3).
    pub(super) fn is_challenged(&self) -> bool {
        self.header("www-authenticate").any(|value| value.contains("error="))
    }

    /// Whether the whole body could be parsed, and no part of it reports a failure.
    fn is_whole(&self) -> bool {
        if self.body.trim().is_empty() {
            return self.may_be_empty();
        }
        if let Some(boundary) = self.boundary() {
            return self.is_multipart_done(&boundary);
        }
        if let Some((value, rest)) = self.leading_json() {
            let several = self.status == Some(207);
            return is_end_of_output(rest)
                && !has_failed_part(&value)
                && is_batch_done(&value)
                && !has_failed_provisioning(&value)
                && !has_error_within(&value)
                && (!several || has_status(&value));
        }
        let body = self.body.trim_start_matches('\u{feff}').trim();
        if body.starts_with('<') {
            let end = body.rfind('>').map_or(body.len(), |end| end + 1);
            let (body, rest) = body.split_at(end);
            return is_end_of_output(rest)
                && xml::is_whole(body)
                && self.is_multi_status_done(body);
        }
        // `$count` returns only a number.
        let is_status = body.parse::<u16>().is_ok_and(|number| (400..600).contains(&number));
        let counts = self.plain_segments().last().is_some_and(|last| last == "$count");
        body.len() < 20 && body.bytes().all(|byte| byte.is_ascii_digit()) && (counts || !is_status)
    }

    /// Whether an answer to this request may be empty (RFC 9110 §9.3, §15.3).
    fn may_be_empty(&self) -> bool {
        let by_service = MARKS.iter().any(|name| self.header(name).next().is_some());
        matches!(self.status, Some(202 | 204 | 205))
            || match self.method.as_deref() {
                Some("HEAD") => true,
                Some("DELETE" | "OPTIONS" | "PATCH" | "POST" | "PUT") => by_service,
                _ => false,
            }
            || self.is_of_active_sync()
    }

    /// The separator of the parts of a multipart body (RFC 2046 §5.1).
    fn boundary(&self) -> Option<String> {
        let kind = self.header("content-type").next()?;
        let lower = kind.to_ascii_lowercase();
        let at = lower.starts_with("multipart/").then(|| lower.find("boundary="))??;
        let value = kind[at + "boundary=".len()..].split(';').next()?.trim().trim_matches('"');
        Some(format!("--{value}"))
    }

    /// Whether every part of a multipart body is a successful answer.
    fn is_multipart_done(&self, boundary: &str) -> bool {
        for (read, part) in self.body.split(boundary).skip(1).take(PARTS_MAX).enumerate() {
            if part.starts_with("--") {
                return 0 < read;
            }
            if !Self::parse(part).is_some_and(|answer| answer.is_success()) {
                return false;
            }
        }
        // The closing boundary is missing, or follows too many parts.
        false
    }

    /// The first part of a multipart body that is an error.
    pub(super) fn refused_part(&self) -> Option<Self> {
        let boundary = self.boundary()?;
        let mut parts = self.body.split(&boundary).skip(1).take(PARTS_MAX).filter_map(Self::parse);
        let refused = parts.find(|part| part.status.is_some_and(|status| 400 <= status))?;
        Some(Self { method: None, ..refused.with_request_of(self) })
    }

    fn with_request_of(self, outer: &Self) -> Self {
        Self { url: outer.url.clone(), authorization: outer.authorization.clone(), ..self }
    }

    /// Whether no status line in an XML body reports a failure (RFC 4918 §13). A 207 has at least one status line.
    fn is_multi_status_done(&self, xml: &str) -> bool {
        let mut statuses = xml.match_indices(">HTTP/").map(|(at, _)| {
            let mut words = xml[at + 1..].split([' ', '<']);
            words.nth(1).is_some_and(|status| status.starts_with('2'))
        });
        match self.status {
            Some(207) => statuses.next() == Some(true) && statuses.all(|done| done),
            _ => statuses.all(|done| done),
        }
    }
}

/// Whether the text after a body is terminal output: a prompt, a line of `curl -v`, numbers from `curl -w`. curl's own error says
/// that the body is not whole.
fn is_end_of_output(rest: &str) -> bool {
    rest.lines().map(str::trim).all(|line| {
        if line.starts_with("curl: (") {
            return false;
        }
        // Another body or a token, which must be diagnosed separately.
        let is_boundary = 4 < line.len() && line.starts_with("--") && line.ends_with("--");
        let is_body =
            line.starts_with(['{', '[', '<', '"']) || OUTPUT_MAX < line.len() || is_boundary;
        ["%", ">"].contains(&line) || line.starts_with("* ") || (!is_body && is_label(line))
    })
}

/// Whether each answer of a batch (`$batch` of Graph and Resource Manager) has a final status, and at least one came back. A part may
/// lead to the content of a file (302), but not to a sign-in page.
fn is_batch_done(value: &Value) -> bool {
    let Some(parts) = value.get("responses").and_then(Value::as_array) else { return true };
    let is_done = |part: &Value| {
        let status = part.get("status").or_else(|| part.get("httpStatusCode"));
        let Some(status) = status.and_then(status_in) else { return true };
        let location = part.get("headers").and_then(|headers| headers.get("Location"));
        let leads_to_sign_in = location.and_then(Value::as_str).is_some_and(|location| {
            location.contains("/oauth2/") || location.starts_with("https://login.")
        });
        (200..400).contains(&status) && !leads_to_sign_in
    };
    !parts.is_empty() && parts.iter().all(is_done)
}

/// Whether Resource Manager reports that the resource could not be made or changed.
fn has_failed_provisioning(value: &Value) -> bool {
    let state = value.get("properties").and_then(|inner| inner.get("provisioningState"));
    state.and_then(Value::as_str).is_some_and(|state| ["Canceled", "Failed"].contains(&state))
}

/// Whether an object anywhere in `value` has an error status, for example a response of a batch.
fn has_failed_part(value: &Value) -> bool {
    match value {
        Value::Array(all) => all.iter().any(has_failed_part),
        Value::Object(members) => {
            // The schedule of one of several users. An entity with an `id` may have an error of its own.
            let is_refused = !members.contains_key("id")
                && members.get("error").is_some_and(|error| {
                    error.get("message").is_some()
                        && ["code", "responseCode"].iter().any(|code| error.get(code).is_some())
                });
            is_refused
                || is_failed_item(members)
                || members.iter().any(|(name, value)| {
                    is_status(name)
                        && status_in(value).is_some_and(|status| (400..600).contains(&status))
                        || has_failed_part(value)
                })
        }
        _ => false,
    }
}

/// Whether `members` are one of several answers, with its id and its error, and no entity, which has more members.
fn is_failed_item(members: &Map<String, Value>) -> bool {
    const OF_AN_ITEM: [&str; 14] = [
        "body",
        "code",
        "error",
        "errors",
        "headers",
        "id",
        "index",
        "key",
        "message",
        "requestid",
        "status",
        "statuscode",
        "success",
        "target",
    ];
    ["id", "index", "key"].iter().any(|name| members.contains_key(*name))
        && members.keys().all(|name| OF_AN_ITEM.contains(&plain(name).as_str()))
        && members.iter().any(|(name, value)| is_error(name, value))
}

/// Whether an object anywhere in `value` has a status.
fn has_status(value: &Value) -> bool {
    match value {
        Value::Array(all) => all.iter().any(has_status),
        Value::Object(members) => members.iter().any(|(name, value)| {
            (is_status(name) && status_in(value).is_some()) || has_status(value)
        }),
        _ => false,
    }
}

pub(super) fn is_status(name: &str) -> bool {
    ["status", "statuscode", "httpstatus", "httpstatuscode"].contains(&&*plain(name))
}

/// `403`, `"403"` and `"HTTP/1.1 403 Forbidden"`.
pub(super) fn status_in(value: &Value) -> Option<u16> {
    let number = match value {
        Value::Number(number) => number.as_u64()?,
        Value::String(text) => {
            let mut words = text.split_whitespace();
            let first = words.next()?;
            let word = if first.starts_with("HTTP/") { words.next()? } else { first };
            word.parse().ok()?
        }
        _ => return None,
    };
    u16::try_from(number).ok()
}
