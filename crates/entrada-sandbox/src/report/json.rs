//! The document for programs. Its members are a contract: they may become more, never fewer.

use serde_json::{Value, json};

use super::{Report, shown_path};
use crate::judge::{Exchange, Finding, Severity};

const VERSION: u8 = 1;

pub(super) fn document(report: &Report<'_>) -> Value {
    let count = |severity| report.findings.iter().filter(|one| one.severity == severity).count();
    json!({
        "version": VERSION,
        "summary": {
            "requests": report.record.exchanges.len(),
            "errors": count(Severity::Error),
            "warnings": count(Severity::Warning),
            "notes": count(Severity::Note),
        },
        "findings": report.findings.iter().map(finding).collect::<Vec<_>>(),
        "requests": report.record.exchanges.iter().map(request).collect::<Vec<_>>(),
        "runs": report.runs.iter()
            .map(|run| json!({ "exit": run.code, "milliseconds": run.milliseconds, "timed_out": run.is_timed_out }))
            .collect::<Vec<_>>(),
        "names": report.names,
        "not_observed": report.notes,
    })
}

fn finding(finding: &Finding) -> Value {
    json!({
        "id": finding.rule.id,
        "severity": finding.severity.id(),
        "message": finding.message,
        "requests": finding.requests,
        "help": finding.help,
        "clause": finding.rule.clause,
    })
}

fn request(exchange: &Exchange) -> Value {
    json!({
        "number": exchange.number,
        "run": exchange.run,
        "at": exchange.at,
        "milliseconds": exchange.duration,
        "method": exchange.method,
        "host": exchange.host,
        "path": shown_path(&exchange.path),
        "status": exchange.status,
        "grant_type": exchange.grant(),
        "error": exchange.error(),
    })
}
