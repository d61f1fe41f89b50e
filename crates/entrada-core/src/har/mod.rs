//! HTTP archives (HAR 1.2): what browsers' developer tools save, and what `--trace` writes. Types, and what may stand in
//! one.
//!
//! Source: "HTTP Archive (HAR) format", W3C Web Performance Working Group, <https://w3c.github.io/web-performance/specs/HAR/Overview.html>;
//! members of one's own begin with `_` there.

mod public;
mod redact;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use redact::{Redactor, is_redacted};

use crate::NumericDate;

/// The version that is written.
const VERSION: &str = "1.2";

/// A file of requests and answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Har {
    /// All of it.
    pub log: Log,
}

/// What such a file holds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Log {
    /// `1.2`, or `1.1` of old tools.
    #[serde(default)]
    pub version: String,
    /// Who wrote it.
    #[serde(default)]
    pub creator: Creator,
    /// Requests and answers, in order.
    #[serde(default)]
    pub entries: Vec<Entry>,
    /// For whoever reads the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// What the run was about, where entrada wrote the file.
    #[serde(default, rename = "_entrada", skip_serializing_if = "Option::is_none")]
    pub about: Option<TraceSummary>,
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

/// What a run was about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TraceSummary {
    /// The command, without its arguments.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// The jobs that the token was for, as `--job` spells them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub jobs: Vec<String>,
    /// Who was to sign in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The exit code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit: Option<u8>,
}

/// One request and its answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// When the request was sent: RFC 3339, with milliseconds.
    #[serde(default)]
    pub started_date_time: String,
    /// Milliseconds until the answer was whole.
    #[serde(default)]
    pub time: f64,
    /// What was asked.
    #[serde(default)]
    pub request: Request,
    /// What was answered; status 0 where nothing was.
    #[serde(default)]
    pub response: Response,
    /// Always empty here.
    #[serde(default)]
    pub cache: Map<String, Value>,
    /// How `time` was spent.
    #[serde(default)]
    pub timings: Timings,
    /// For whoever reads the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// Header and claims of the tokens in the answer, by the name of their member; never a signature.
    #[serde(default, rename = "_tokens", skip_serializing_if = "BTreeMap::is_empty")]
    pub tokens: BTreeMap<String, Token>,
}

/// What a token says, without what would let it in anywhere.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Token {
    /// The JOSE header.
    #[serde(default)]
    pub header: Map<String, Value>,
    /// The payload.
    #[serde(default)]
    pub claims: Map<String, Value>,
    /// Characters of the signature, which is left out.
    #[serde(default)]
    pub signature_length: usize,
}

/// A name and its value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pair {
    /// The name.
    pub name: String,
    /// The value; a fingerprint where it is secret.
    #[serde(default)]
    pub value: String,
}

/// A request.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Request {
    /// `GET`, `POST`.
    pub method: String,
    /// The whole address.
    pub url: String,
    /// `HTTP/1.1`, `HTTP/2.0`; empty where nobody answered.
    pub http_version: String,
    /// Always empty here: cookies stand among the headers, as fingerprints.
    pub cookies: Vec<Value>,
    /// The headers.
    pub headers: Vec<Pair>,
    /// The parameters of `url`.
    pub query_string: Vec<Pair>,
    /// The body of a POST.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub post_data: Option<PostData>,
    /// Bytes of the head; -1: not known.
    pub headers_size: i64,
    /// Bytes of the body as it was sent.
    pub body_size: i64,
}

/// The body of a POST.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PostData {
    /// Its media type.
    pub mime_type: String,
    /// A form's members.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub params: Vec<Pair>,
    /// Any other body. Browsers write forms here too, beside `params` or alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// An answer.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// What goes with it: `OK`.
    pub status_text: String,
    /// As in [`Request`].
    pub http_version: String,
    /// Always empty here.
    pub cookies: Vec<Value>,
    /// The headers.
    pub headers: Vec<Pair>,
    /// The body.
    pub content: Content,
    /// Where a redirect leads.
    #[serde(rename = "redirectURL")]
    pub redirect_url: String,
    /// Bytes of the head; -1: not known.
    pub headers_size: i64,
    /// Bytes of the body as it came.
    pub body_size: i64,
    /// Why nobody answered, as Chromium writes it.
    #[serde(rename = "_error", skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// The body of an answer.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Content {
    /// Bytes.
    pub size: i64,
    /// Its media type.
    pub mime_type: String,
    /// The body, with fingerprints where secrets were; left out where it is no JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// `base64`, where `text` is that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// For whoever reads the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// How the time was spent, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Timings {
    /// Sending; not measured here.
    pub send: f64,
    /// Until the answer was whole.
    pub wait: f64,
    /// Reading; not measured here.
    pub receive: f64,
}

/// A text is an HTTP archive by how it begins, and cannot be read as one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HarError {
    /// It is no JSON.
    #[error("it breaks at {0}")]
    Broken(String),
    /// A member is of another type than HAR 1.2 says.
    #[error("a member at {0} is not of the type that HAR 1.2 gives it")]
    Type(String),
    /// What it needs is not there.
    #[error("{0}")]
    Lack(&'static str),
}

impl Har {
    /// An empty file of ours.
    pub fn new(comment: &str, about: TraceSummary) -> Self {
        Self {
            log: Log {
                version: VERSION.to_owned(),
                creator: Creator {
                    name: "entrada".to_owned(),
                    version: env!("CARGO_PKG_VERSION").to_owned(),
                },
                entries: Vec::new(),
                comment: Some(comment.to_owned()),
                about: Some(about),
            },
        }
    }

    /// Reads `text`; `None` where it is no HTTP archive.
    ///
    /// ```
    /// use entrada_core::har::Har;
    ///
    /// let text = r#"{"log":{"version":"1.2","creator":{"name":"x","version":"1"},"entries":[]}}"#;
    /// assert!(Har::parse(text).unwrap().unwrap().log.entries.is_empty());
    /// assert!(Har::parse("{}").is_none(), "JSON, and no archive");
    /// ```
    ///
    /// # Errors
    ///
    /// What is wrong and where. Nothing of it is quoted.
    pub fn parse(text: &str) -> Option<Result<Self, HarError>> {
        let text = Self::trimmed(text);
        let is_one = Self::begins(text) || Self::holds(text);
        is_one.then(|| {
            serde_json::from_str(text).map_err(|error| {
                let place = format!("line {} column {}", error.line(), error.column());
                match error.classify() {
                    serde_json::error::Category::Data => {
                        Self::lack(text).map_or(HarError::Type(place), HarError::Lack)
                    }
                    _ => HarError::Broken(place),
                }
            })
        })
    }

    /// What `text`, which is an HTTP archive, lacks for anything to be judged by; `None` where nothing is missing.
    pub fn lack(text: &str) -> Option<&'static str> {
        let json: Value = serde_json::from_str(Self::trimmed(text)).ok()?;
        let Some(entries) = json.get("log")?.get("entries") else {
            return Some("`log` has no `entries`");
        };
        let Some(entries) = entries.as_array() else { return Some("`log.entries` is no list") };
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

    /// `text` without what editors and shells put around JSON: byte order marks and white space.
    pub fn trimmed(text: &str) -> &str {
        text.trim_matches(|c: char| c == '\u{feff}' || c.is_whitespace())
    }

    /// Whether `json` has the members of an HTTP archive, in whatever order and beside whatever others.
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

    /// Whether `json` begins as an HTTP archive does: with its one member, `log`. So does one that was cut off.
    fn begins(json: &str) -> bool {
        let rest = json.trim_start().strip_prefix('{').map(str::trim_start);
        let after = rest.and_then(|rest| rest.strip_prefix("\"log\"")).map(str::trim_start);
        after
            .and_then(|rest| rest.strip_prefix(':'))
            .is_some_and(|rest| rest.trim_start().starts_with('{'))
    }
}

impl Entry {
    /// When the request was sent; `None` where it is no RFC 3339.
    pub fn started(&self) -> Option<NumericDate> {
        let at: jiff::Timestamp = self.started_date_time.parse().ok()?;
        Some(NumericDate(at.as_second()))
    }

    /// Milliseconds since 1970 when the request was sent.
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

/// `milliseconds` since 1970 as HAR writes times: `2026-11-24T14:10:03.120Z`.
pub fn timestamp(milliseconds: i64) -> String {
    jiff::Timestamp::from_millisecond(milliseconds).map(|at| format!("{at:.3}")).unwrap_or_default()
}

/// Whether a body of this media type is a form.
pub fn is_form(mime_type: &str) -> bool {
    mime_type.starts_with("application/x-www-form-urlencoded")
}

/// The members of a form, or the parameters of an address.
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
