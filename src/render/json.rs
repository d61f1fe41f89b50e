//! Version 1 of the JSON formats. The module has its own types: internal types may change, these may not.

use std::borrow::Cow;
use std::io::{self, Write};

use serde::Serialize;

use entrada_core::{Job, to_json};
use entrada_diagnose::{Diagnosis, Event, EvidenceLine, Finding, Moment, Row};

/// The number in the `version` member of every document.
pub const VERSION: u8 = 1;

#[derive(Serialize)]
struct V1<'a> {
    version: u8,
    verdict: &'static str,
    input: Input<'a>,
    findings: Findings<'a>,
    // The summary of the token. Empty members are left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    scopes: Vec<V1Scope<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    serves: Option<Vec<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    does_not_serve: Option<Vec<&'a str>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    life: Vec<V1Event<'a>>,
}

#[derive(Serialize)]
struct V1Scope<'a> {
    scope: &'a str,
    standing: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'static str>,
    breaks: Vec<&'a str>,
}

#[derive(Serialize)]
struct V1Event<'a> {
    id: &'static str,
    at: Option<i64>,
    what: &'a str,
}

#[derive(Serialize)]
struct Input<'a> {
    kind: &'static str,
    job: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    call: Option<&'a str>,
    #[serde(rename = "as")]
    subject: &'static str,
}

#[derive(Serialize)]
struct V1Finding<'a> {
    id: &'static str,
    severity: &'static str,
    confidence: &'static str,
    message: &'a str,
    evidence: Seen<'a>,
    who: &'static str,
    help: &'a [Cow<'static, str>],
    docs: Docs,
}

/// Serialized one by one, without a list in between, because batch runs have many diagnoses.
struct Findings<'a>(&'a [Finding]);

impl Serialize for Findings<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(finding))
    }
}

struct Seen<'a>(&'a [EvidenceLine]);

impl Serialize for Seen<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let shown = self.0.iter().map(|seen| V1Evidence { field: seen.field, value: &seen.value });
        serializer.collect_seq(shown)
    }
}

/// The command that explains the rule of this id.
struct Docs(&'static str);

impl Serialize for Docs {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("entrada explain {}", self.0))
    }
}

#[derive(Serialize)]
struct V1Evidence<'a> {
    field: &'a str,
    value: &'a str,
}

#[derive(Serialize)]
struct V1Failure<'a> {
    version: u8,
    error: V1Error<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    diagnosis: Option<V1<'a>>,
}

#[derive(Serialize)]
struct V1Error<'a> {
    exit: u8,
    meaning: &'a str,
    message: &'a str,
    causes: &'a [String],
    help: &'a [String],
}

/// The reason why a command failed, on one line: the exit code, its meaning, a message for people, and the diagnosis of the
/// error response if there was one.
pub fn failure(
    out: &mut dyn Write,
    (exit, meaning): (u8, &str),
    message: &str,
    causes: &[String],
    help: &[String],
    diagnosis: Option<&Diagnosis>,
) -> io::Result<()> {
    let cause = || diagnosis.and_then(Diagnosis::cause).map(|cause| cause.message.as_ref());
    let message = if message.is_empty() { cause().unwrap_or_default() } else { message };
    let error = V1Error { exit, meaning, message, causes, help };
    write(out, &V1Failure { version: VERSION, error, diagnosis: diagnosis.map(v1) })
}

/// A diagnosis as one JSON value, version 1 (`docs/json.md`).
pub fn value(diagnosis: &Diagnosis) -> serde_json::Value {
    serde_json::to_value(v1(diagnosis)).unwrap_or_default()
}

/// Adds the diagnosis to `lines` as one line.
pub fn append(lines: &mut Vec<u8>, diagnosis: &Diagnosis) -> io::Result<()> {
    to_json(lines, &v1(diagnosis))?;
    lines.push(b'\n');
    Ok(())
}

/// Writes the diagnosis as one line.
pub fn diagnosis(out: &mut dyn Write, diagnosis: &Diagnosis) -> io::Result<()> {
    write(out, &v1(diagnosis))
}

/// Writes any document on one line. [`to_json`] describes the escaping.
pub fn write(out: &mut dyn Write, document: &impl Serialize) -> io::Result<()> {
    let mut line = Vec::new();
    to_json(&mut line, document)?;
    line.push(b'\n');
    out.write_all(&line)
}

fn v1(diagnosis: &Diagnosis) -> V1<'_> {
    let about = &diagnosis.summary;
    V1 {
        version: VERSION,
        verdict: diagnosis.verdict.id(),
        input: Input {
            kind: diagnosis.input.id(),
            job: diagnosis.job.id(),
            call: diagnosis.call.as_deref(),
            subject: diagnosis.subject.id(),
        },
        findings: Findings(&diagnosis.findings),
        scopes: about.scopes.iter().map(scope).collect(),
        serves: about.serves.as_ref().map(|serves| names(&serves.does)),
        does_not_serve: about.serves.as_ref().map(|serves| names(&serves.does_not)),
        life: about.life.iter().map(event).collect(),
    }
}

fn names(jobs: &[Job]) -> Vec<&'static str> {
    jobs.iter().map(|job| job.id()).collect()
}

fn scope(row: &Row) -> V1Scope<'_> {
    V1Scope {
        scope: &row.scope,
        standing: row.standing.id(),
        note: row.note,
        breaks: names(&row.breaks),
    }
}

fn event(event: &Event) -> V1Event<'_> {
    let at = match event.when {
        Moment::At(at) => Some(at.0),
        Moment::AnyTime => None,
    };
    V1Event { id: event.id, at, what: &event.what }
}

fn finding(finding: &Finding) -> V1Finding<'_> {
    V1Finding {
        id: finding.rule.id.as_str(),
        severity: finding.severity.id(),
        confidence: finding.confidence.id(),
        message: &finding.message,
        evidence: Seen(&finding.evidence),
        who: finding.who.id(),
        help: &finding.help,
        docs: Docs(finding.rule.id.as_str()),
    }
}
