//! Version 1 of the JSON formats. Its types are its own: inner types may change, these may not.

use std::io::{self, Write};

use serde::Serialize;

use crate::diagnose::{Confidence, Diagnosis, Finding, InputKind, Verdict};

/// The number in the `version` member of every document.
pub const VERSION: u8 = 1;

#[derive(Serialize)]
struct V1<'a> {
    version: u8,
    verdict: &'static str,
    input: Input,
    findings: Vec<V1Finding<'a>>,
}

#[derive(Serialize)]
struct Input {
    kind: &'static str,
    job: &'static str,
    #[serde(rename = "as")]
    acting: &'static str,
}

#[derive(Serialize)]
struct V1Finding<'a> {
    id: &'static str,
    severity: &'static str,
    confidence: &'static str,
    message: &'a str,
    evidence: Vec<V1Evidence<'a>>,
    who: &'static str,
    help: &'a [String],
    docs: String,
}

#[derive(Serialize)]
struct V1Evidence<'a> {
    field: &'a str,
    value: &'a str,
}

/// A judgement as one JSON value, version 1 (`docs/json.md`).
pub fn value(diagnosis: &Diagnosis) -> serde_json::Value {
    serde_json::to_value(v1(diagnosis)).unwrap_or_default()
}

pub(super) fn diagnosis(out: &mut dyn Write, diagnosis: &Diagnosis) -> io::Result<()> {
    write(out, &v1(diagnosis))
}

/// Writes any document on one line.
pub fn write(out: &mut dyn Write, document: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, document)?;
    writeln!(out)
}

fn v1(diagnosis: &Diagnosis) -> V1<'_> {
    V1 {
        version: VERSION,
        verdict: match diagnosis.verdict {
            Verdict::Ok => "ok",
            Verdict::Problem => "problem",
            Verdict::Undetermined => "undetermined",
            Verdict::Pending => "pending",
        },
        input: Input {
            kind: match diagnosis.input {
                InputKind::AccessToken => "access_token",
                InputKind::OpaqueToken => "opaque_token",
                InputKind::TokenResponse => "token_response",
                InputKind::OauthError => "oauth_error",
                InputKind::HttpResponse => "http_response",
                InputKind::MailResponse => "mail_response",
                InputKind::Unknown => "unknown",
            },
            job: diagnosis.job.id(),
            acting: diagnosis.acting.id(),
        },
        findings: diagnosis.findings.iter().map(finding).collect(),
    }
}

fn finding(finding: &Finding) -> V1Finding<'_> {
    V1Finding {
        id: finding.rule.id,
        severity: finding.severity.id(),
        confidence: match finding.confidence {
            Confidence::Certain => "certain",
            Confidence::Likely => "likely",
            Confidence::Possible => "possible",
        },
        message: &finding.message,
        evidence: finding
            .evidence
            .iter()
            .map(|seen| V1Evidence { field: seen.field, value: &seen.value })
            .collect(),
        who: finding.who.id(),
        help: &finding.help,
        docs: format!("entrada explain {}", finding.rule.id),
    }
}
