//! An HTTP archive in time order, with one step for each request. Repeated requests are counted.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::{Map, Value, json};
use url::Url;

use super::human::marked;
use super::json::{VERSION, write};
use super::{Style, heading, wrapped};
use entrada_core::har::{Har, HarEntry, Pair, is_redacted};
use entrada_core::{NumericDate, Redactor, clean};

/// One request and its response, without secrets.
#[derive(Debug, Serialize)]
struct TimelineStep {
    /// Milliseconds since the first request.
    at_ms: i64,
    /// Milliseconds until the response was complete.
    took_ms: i64,
    method: String,
    /// The URL without its query.
    url: String,
    sent: Map<String, Value>,
    /// The status, 0 without a response.
    status: u16,
    received: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
    /// How many times the request was repeated in a row, itself included.
    times: usize,
}

/// A whole archive in time order.
#[derive(Debug)]
pub struct Timeline<'a> {
    har: &'a Har,
    steps: Vec<TimelineStep>,
}

impl<'a> Timeline<'a> {
    /// The timeline of `har`. `redactor` removes the secrets that a browser left in the archive.
    pub fn new(har: &'a Har, redactor: &Redactor) -> Self {
        let first = har.log.entries.iter().find_map(HarEntry::started_milliseconds).unwrap_or(0);
        let mut steps: Vec<TimelineStep> = Vec::new();
        // The first pass only registers secrets: a text may repeat a value that is sent later.
        for entry in &har.log.entries {
            let _ = TimelineStep::new(entry, first, redactor);
        }
        for entry in &har.log.entries {
            let step = TimelineStep::new(entry, first, redactor);
            match steps.last_mut() {
                Some(last) if last.repeats(&step) => {
                    last.times += 1;
                    last.took_ms = step.at_ms + step.took_ms - last.at_ms;
                }
                _ => steps.push(step),
            }
        }
        Self { har, steps }
    }

    /// Writes the timeline for people.
    pub fn human(&self, out: &mut dyn Write, style: Style) -> io::Result<()> {
        wrapped(out, style.width, &self.title())?;
        for step in &self.steps {
            writeln!(out)?;
            step.human(out, style)?;
        }
        Ok(())
    }

    /// Writes the timeline for programs, in version 1 of the format, with the diagnosis.
    pub fn json(&self, out: &mut dyn Write, diagnosis: &Value) -> io::Result<()> {
        let summary = self.har.log.summary.clone().unwrap_or_default();
        write(
            out,
            &json!({
                "version": VERSION, "creator": self.har.log.creator, "command": summary.command, "exit": summary.exit,
                "started": self.started().map(|at| at.0), "steps": self.steps, "diagnosis": diagnosis,
            }),
        )
    }

    fn started(&self) -> Option<NumericDate> {
        self.har.log.entries.first().and_then(HarEntry::started)
    }

    fn title(&self) -> String {
        let log = &self.har.log;
        let summary = log.summary.clone().unwrap_or_default();
        let what = summary.command.map_or_else(
            || "requests".to_owned(),
            |command| format!("`entrada {}`", clean(&command)),
        );
        let when = self.started().map_or_else(String::new, |at| format!(" of {at}"));
        let who = format!("{} {}", log.creator.name, log.creator.version);
        let exit =
            summary.exit.map_or_else(String::new, |code| format!(", ended with code {code}"));
        let number = match self.steps.len() {
            1 => "1 step".to_owned(),
            number => format!("{number} steps"),
        };
        format!("{what}{when}, written by {}: {number}{exit}", clean(who.trim()))
    }
}

impl TimelineStep {
    fn new(entry: &HarEntry, first: i64, redactor: &Redactor) -> Self {
        let (mut url, mut sent) = match Url::parse(&entry.request.url) {
            Ok(url) => redactor.url(&url),
            Err(_) => (redactor.hide(&entry.request.url), Vec::new()),
        };
        url.truncate(url.find(['?', '#']).unwrap_or(url.len()));
        sent.extend(redactor.pairs(&entry.form()));
        let text = entry.response.content.text.as_deref().unwrap_or_default();
        let received: Map<String, Value> = serde_json::from_str(text).unwrap_or_default();
        let mut received = redactor.members(&received);
        let redirect = Url::parse(&entry.response.redirect_url).ok();
        if let Some(redirect) = redirect {
            received.insert("location".to_owned(), redactor.url(&redirect).0.into());
        }
        #[expect(clippy::cast_possible_truncation, reason = "milliseconds of one request")]
        let took_ms = entry.time.round() as i64;
        Self {
            at_ms: entry.started_milliseconds().unwrap_or(first).saturating_sub(first),
            took_ms,
            method: redactor.one_line(&entry.request.method),
            url,
            sent: sent.into_iter().map(|Pair { name, value }| (name, value.into())).collect(),
            status: entry.response.status,
            received,
            error: entry.response.error.as_deref().map(|error| redactor.one_line(error)),
            comment: entry.comment.as_deref().map(|comment| redactor.one_line(comment)),
            times: 1,
        }
    }

    /// Whether `other` has the same request and the same response.
    fn repeats(&self, other: &Self) -> bool {
        let said = |step: &Self| step.received.get("error").cloned();
        self.method == "POST"
            && (&self.method, &self.url, &self.sent, self.status, &self.error)
                == (&other.method, &other.url, &other.sent, other.status, &other.error)
            && said(self).is_some()
            && said(self) == said(other)
    }

    fn human(&self, out: &mut dyn Write, style: Style) -> io::Result<()> {
        let at = format!("{:>4}.{:03} s", self.at_ms / 1_000, self.at_ms.rem_euclid(1_000));
        let address = clean(&format!("{} {}", self.method, self.url)).into_owned();
        let answer = match (self.status, &self.error) {
            (0, Some(_)) => " no answer".to_owned(),
            (0, None) => String::new(),
            (status, _) => format!(" {status} after {} ms", self.took_ms),
        };
        let times = if 1 < self.times { format!(", {} times", self.times) } else { String::new() };
        let mark = format!("{at}  {}", heading(style, &address));
        marked(out, style, &mark, &format!("{answer}{times}"), 12)?;
        let mut line = |mark: &str, text: &str| {
            if text.is_empty() {
                return Ok(());
            }
            marked(out, style, &format!("{:12}{mark}", ""), &format!(" {}", clean(text)), 14)
        };
        line("=", self.comment.as_deref().unwrap_or_default())?;
        line(">", &listed(&self.sent))?;
        line("<", &listed(&self.received))?;
        line("!", self.error.as_deref().unwrap_or_default())
    }
}

/// The members that people look for first, in this order.
const FIRST: [&str; 4] = ["error", "suberror", "error_description", "grant_type"];
/// Members that tell people little; the JSON output holds them.
const SILENT: [&str; 9] = [
    "client_info",
    "code_challenge_method",
    "correlation_id",
    "error_codes",
    "error_uri",
    "ext_expires_in",
    "response_type",
    "timestamp",
    "trace_id",
];

/// `name=value` for the members that may be shown, then the names of the others.
fn listed(members: &Map<String, Value>) -> String {
    let rank = |name: &str| FIRST.iter().position(|first| *first == name).unwrap_or(FIRST.len());
    let mut members: Vec<(&String, &Value)> =
        members.iter().filter(|(name, _)| !SILENT.contains(&name.as_str())).collect();
    members.sort_by_key(|(name, _)| rank(name));
    let secret = |value: &Value| value.as_str().is_some_and(is_redacted);
    let shown =
        members.iter().filter(|(_, value)| !secret(value)).map(|(name, value)| match value {
            Value::String(text) => format!("{name}={text}"),
            Value::Object(_) | Value::Array(_) if 60 < value.to_string().len() => {
                format!("{name}=(…)")
            }
            other => format!("{name}={other}"),
        });
    let hidden: Vec<&str> =
        members.iter().filter(|(_, value)| secret(value)).map(|(name, _)| name.as_str()).collect();
    let and = (!hidden.is_empty()).then(|| format!("not shown: {}", hidden.join(", ")));
    shown.chain(and).collect::<Vec<_>>().join("; ")
}
