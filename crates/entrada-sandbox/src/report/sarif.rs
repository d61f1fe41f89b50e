//! SARIF 2.1.0, the format of code-scanning services (OASIS, "Static Analysis Results Interchange Format").

use serde_json::{Value, json};

use super::Report;
use crate::judge::{Finding, Rule, Severity};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

pub(super) fn document(report: &Report<'_>) -> Value {
    let mut used: Vec<&'static Rule> = Vec::new();
    let mut results = Vec::new();
    for finding in report.findings {
        let index = used.iter().position(|rule| rule.id == finding.rule.id).unwrap_or_else(|| {
            used.push(finding.rule);
            used.len() - 1
        });
        results.push(result(report, finding, index));
    }
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "entrada sandbox",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": used.iter().map(|rule| descriptor(rule)).collect::<Vec<_>>(),
            } },
            "results": results,
        }],
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

fn descriptor(rule: &Rule) -> Value {
    let text = rule.docs.lines().skip(2).take_while(|line| !line.is_empty());
    let meaning = text.collect::<Vec<_>>().join(" ");
    json!({
        "id": rule.id,
        "shortDescription": { "text": rule.id.replace('-', " ") },
        "fullDescription": { "text": meaning },
        "help": { "text": rule.docs, "markdown": rule.docs },
        "defaultConfiguration": { "level": level(rule.severity) },
        "properties": { "clause": rule.clause },
    })
}

fn result(report: &Report<'_>, finding: &Finding, index: usize) -> Value {
    let text = if finding.requests.is_empty() {
        finding.message.clone()
    } else {
        format!("{} ({})", finding.message, finding.places())
    };
    let places: Vec<Value> = finding
        .requests
        .iter()
        .filter_map(|number| {
            let exchange = report.record.number(*number)?;
            let name = format!("#{number} {} {}", exchange.method, exchange.host);
            Some(json!({ "name": name, "kind": "object" }))
        })
        .collect();
    let mut location = json!({});
    if let Some(archive) = report.archive {
        location["physicalLocation"] = json!({ "artifactLocation": { "uri": archive } });
    }
    if !places.is_empty() {
        location["logicalLocations"] = Value::Array(places);
    }
    let mut result = json!({
        "ruleId": finding.rule.id,
        "ruleIndex": index,
        "level": level(finding.severity),
        "message": { "text": format!("{text}\nhelp: {}", finding.help) },
        "properties": { "requests": finding.requests },
    });
    if location != json!({}) {
        result["locations"] = json!([location]);
    }
    result
}
