//! HTTP archives (HAR 1.2), as browsers' developer tools save them and `--trace` writes them.
//!
//! Source: "HTTP Archive (HAR) format", W3C Web Performance Working Group, <https://w3c.github.io/web-performance/specs/HAR/Overview.html>;
//! custom members begin with `_` in it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::NumericDate;
pub use crate::redact::is_redacted;

/// The version that entrada writes.
const VERSION: &str = "1.2";

/// An HTTP archive.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Har {
    /// The only member.
    pub log: Log,
}

/// The content of the archive.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Log {
    /// `1.2`, or `1.1` of old tools.
    #[serde(default)]
    pub version: String,
    /// The program that wrote the archive.
    #[serde(default)]
    pub creator: Creator,
    /// Requests and responses, in order of time.
    #[serde(default)]
    pub entries: Vec<HarEntry>,
    /// A comment for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// The context of the run, if entrada wrote the archive.
    #[serde(default, rename = "_entrada", skip_serializing_if = "Option::is_none")]
    pub summary: Option<TraceSummary>,
}

/// A program, by name and version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Creator {
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// Its version.
    #[serde(default)]
    pub version: String,
}

/// The context of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TraceSummary {
    /// The command, without its arguments.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// The jobs of the token, as `--job` spells them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub jobs: Vec<String>,
    /// The kind of subject that was to sign in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The exit code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit: Option<u8>,
}

/// One request and its response.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HarEntry {
    /// When the request was sent: RFC 3339, with milliseconds.
    #[serde(default)]
    pub started_date_time: String,
    /// Milliseconds until the response was complete.
    #[serde(default)]
    pub time: f64,
    /// The request.
    #[serde(default)]
    pub request: Request,
    /// The response; status 0 without one.
    #[serde(default)]
    pub response: Response,
    /// Always empty in entrada's archives.
    #[serde(default)]
    pub cache: Map<String, Value>,
    /// The parts of `time`.
    #[serde(default)]
    pub timings: Timings,
    /// A comment for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// Headers and claims of the tokens in the response, by member name, without signatures.
    #[serde(default, rename = "_tokens", skip_serializing_if = "BTreeMap::is_empty")]
    pub tokens: BTreeMap<String, Token>,
}

/// The readable content of a token, without the parts that would make it usable.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Token {
    /// The JOSE header.
    #[serde(default)]
    pub header: Map<String, Value>,
    /// The payload.
    #[serde(default)]
    pub claims: Map<String, Value>,
    /// The length of the signature, which is left out.
    #[serde(default)]
    pub signature_length: usize,
}

/// A name and its value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pair {
    /// The name.
    pub name: String,
    /// The value, or a fingerprint of a secret value.
    #[serde(default)]
    pub value: String,
}

/// A request.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Request {
    /// `GET`, `POST`.
    pub method: String,
    /// The whole URL.
    pub url: String,
    /// `HTTP/1.1`, `HTTP/2.0`; empty without a response.
    pub http_version: String,
    /// Always empty in entrada's archives: cookies are among the headers, as fingerprints.
    pub cookies: Vec<Value>,
    /// The headers.
    pub headers: Vec<Pair>,
    /// The parameters of `url`.
    pub query_string: Vec<Pair>,
    /// The body of a POST.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub post_data: Option<PostData>,
    /// The size of the head in bytes; -1 if unknown.
    pub headers_size: i64,
    /// The size of the body in bytes, as sent.
    pub body_size: i64,
}

/// The body of a POST.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PostData {
    /// Its media type.
    pub mime_type: String,
    /// The members of a form.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub params: Vec<Pair>,
    /// Any other body. Browsers also write forms here, next to `params` or in place of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// A response.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// The reason phrase of the status: `OK`.
    pub status_text: String,
    /// The HTTP version, as in [`Request`].
    pub http_version: String,
    /// Always empty in entrada's archives.
    pub cookies: Vec<Value>,
    /// The headers.
    pub headers: Vec<Pair>,
    /// The body.
    pub content: Content,
    /// The target of a redirect.
    #[serde(rename = "redirectURL")]
    pub redirect_url: String,
    /// The size of the head in bytes; -1 if unknown.
    pub headers_size: i64,
    /// The size of the body in bytes, as received.
    pub body_size: i64,
    /// The reason for a missing response, as Chromium writes it.
    #[serde(rename = "_error", skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// The body of a response.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Content {
    /// The size in bytes.
    pub size: i64,
    /// Its media type.
    pub mime_type: String,
    /// The body, with fingerprints in place of secrets; left out if it is not JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// `base64` if `text` is base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// A comment for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// The parts of the duration, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Timings {
    /// Sending; not measured by entrada.
    pub send: f64,
    /// Waiting until the response was complete.
    pub wait: f64,
    /// Receiving; not measured by entrada.
    pub receive: f64,
}

/// A text starts like an HTTP archive, but cannot be parsed as one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HarError {
    /// The text is not valid JSON.
    #[error("the JSON is invalid at {0}")]
    Broken(String),
    /// The text ends in the middle of the archive.
    #[error("it is incomplete: it ends in the middle, at {0}; export or copy the whole archive")]
    Incomplete(String),
    /// A member does not have the type of HAR 1.2.
    #[error("a member at {0} does not have the type of HAR 1.2")]
    Type(String),
    /// A required part is missing.
    #[error("{0}")]
    Missing(&'static str),
}

impl Har {
    /// An empty archive by entrada.
    pub fn new(comment: &str, summary: TraceSummary) -> Self {
        Self {
            log: Log {
                version: VERSION.to_owned(),
                creator: Creator {
                    name: "entrada".to_owned(),
                    version: env!("CARGO_PKG_VERSION").to_owned(),
                },
                entries: Vec::new(),
                comment: Some(comment.to_owned()),
                summary: Some(summary),
            },
        }
    }

    /// Parses `text`; `None` if it is not an HTTP archive.
    ///
    /// ```
    /// use entrada_core::har::Har;
    ///
    /// let text = r#"{"log":{"version":"1.2","creator":{"name":"x","version":"1"},"entries":[]}}"#;
    /// assert!(Har::parse(text).unwrap().unwrap().log.entries.is_empty());
    /// assert!(Har::parse("{}").is_none(), "JSON, but not an archive");
    /// ```
    ///
    /// # Errors
    ///
    /// The problem and its position. The text is not quoted.
    pub fn parse(text: &str) -> Option<Result<Self, HarError>> {
        let text = Self::trimmed(text);
        let is_one = Self::begins(text) || Self::holds(text);
        is_one.then(|| {
            serde_json::from_str(text).map_err(|error| {
                let place = format!("line {} column {}", error.line(), error.column());
                match error.classify() {
                    serde_json::error::Category::Data => {
                        Self::missing_part(text).map_or(HarError::Type(place), HarError::Missing)
                    }
                    serde_json::error::Category::Eof => HarError::Incomplete(place),
                    _ => HarError::Broken(place),
                }
            })
        })
    }

    /// The part that `text`, an HTTP archive, lacks for a diagnosis; `None` if nothing is missing.
    pub fn missing_part(text: &str) -> Option<&'static str> {
        let json: Value = serde_json::from_str(Self::trimmed(text)).ok()?;
        let Some(entries) = json.get("log")?.get("entries") else {
            return Some("`log` has no `entries`");
        };
        let Some(entries) = entries.as_array() else { return Some("`log.entries` is not a list") };
        let has = |outer: &str, inner: &str| {
            entries.iter().any(|entry| entry.get(outer).is_some_and(|own| own.get(inner).is_some()))
        };
        if entries.is_empty() {
            Some("`log.entries` is empty")
        } else if !has("request", "url") {
            Some("no entry has a `request` with a `url`")
        } else if !has("response", "status") {
            Some("no entry has a `response` with a `status`")
        } else {
            None
        }
    }

    /// `text` without the byte order marks and white space that editors and shells put around JSON.
    pub fn trimmed(text: &str) -> &str {
        text.trim_matches(|c: char| c == '\u{feff}' || c.is_whitespace())
    }

    /// Whether `json` has the members of an HTTP archive, in any order and with any other members.
    fn holds(json: &str) -> bool {
        #[derive(Deserialize)]
        struct Outer {
            log: Inner,
        }
        #[derive(Deserialize)]
        struct Inner {
            #[serde(rename = "entries")]
            _entries: Vec<serde::de::IgnoredAny>,
        }
        json.starts_with('{')
            && json.contains("\"entries\"")
            && serde_json::from_str::<Outer>(json).is_ok_and(|Outer { log: Inner { .. } }| true)
    }

    /// Whether `json` starts like an HTTP archive, with its one member `log`. It may be truncated.
    fn begins(json: &str) -> bool {
        let rest = json.trim_start().strip_prefix('{').map(str::trim_start);
        let after = rest.and_then(|rest| rest.strip_prefix("\"log\"")).map(str::trim_start);
        after
            .and_then(|rest| rest.strip_prefix(':'))
            .is_some_and(|rest| rest.trim_start().starts_with('{'))
    }
}

impl HarEntry {
    /// The time of the request; `None` if it is not RFC 3339.
    pub fn started(&self) -> Option<NumericDate> {
        let at: jiff::Timestamp = self.started_date_time.parse().ok()?;
        Some(NumericDate(at.as_second()))
    }

    /// The time of the request in milliseconds since 1970.
    pub fn started_milliseconds(&self) -> Option<i64> {
        let at: jiff::Timestamp = self.started_date_time.parse().ok()?;
        Some(at.as_millisecond())
    }

    /// The members of the request's form.
    pub fn form(&self) -> Vec<Pair> {
        let Some(body) = &self.request.post_data else { return Vec::new() };
        match &body.text {
            Some(text) if body.params.is_empty() && is_form(&body.mime_type) => {
                pairs_of(text.as_bytes())
            }
            _ => body.params.clone(),
        }
    }
}

/// `milliseconds` since 1970 in the format of HAR: `2026-11-24T14:10:03.120Z`.
pub fn timestamp(milliseconds: i64) -> String {
    jiff::Timestamp::from_millisecond(milliseconds).map(|at| format!("{at:.3}")).unwrap_or_default()
}

/// Whether a body of this media type is a form.
pub fn is_form(mime_type: &str) -> bool {
    mime_type.starts_with("application/x-www-form-urlencoded")
}

/// The members of a form, or the parameters of a URL.
pub fn pairs_of(text: &[u8]) -> Vec<Pair> {
    url::form_urlencoded::parse(text)
        .map(|(name, value)| Pair { name: name.into_owned(), value: value.into_owned() })
        .collect()
}

/// The value of `name`.
pub fn value_of<'a>(pairs: &'a [Pair], name: &str) -> Option<&'a str> {
    let mut all = pairs.iter();
    all.find(|pair| pair.name == name).map(|pair| pair.value.as_str())
}
