//! SARIF 2.1.0, the format of code-scanning services (OASIS, "Static Analysis Results Interchange Format").

use std::io::{self, Write};

use serde_json::{Value, json};

use super::json::write;
use entrada_diagnose::{Confidence, Diagnosis, Finding, Rule, RuleId, Severity};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

pub(super) fn diagnoses(out: &mut dyn Write, all: &[Diagnosis]) -> io::Result<()> {
    let mut used: Vec<&'static Rule> = Vec::new();
    let mut results = Vec::new();
    for diagnosis in all {
        for finding in &diagnosis.findings {
            let index = used.iter().position(|rule| rule.id == finding.rule.id);
            let index = index.unwrap_or_else(|| {
                used.push(finding.rule);
                used.len() - 1
            });
            results.push(result(diagnosis, finding, index));
        }
    }
    write(
        out,
        &json!({
            "$schema": SCHEMA,
            "version": "2.1.0",
            "runs": [{
                "tool": { "driver": {
                    "name": "entrada",
                    "version": env!("CARGO_PKG_VERSION"),
                    "semanticVersion": env!("CARGO_PKG_VERSION"),
                    "rules": used.iter().map(|rule| descriptor(rule)).collect::<Vec<_>>(),
                } },
                "results": results,
                "properties": {
                    "rulesOnRecord": RuleId::all().count(),
                    "verdicts": all.iter().map(|one| json!({
                        "job": one.job.id(), "as": one.subject.id(), "verdict": one.verdict.id(),
                    })).collect::<Vec<_>>(),
                },
            }],
        }),
    )
}

fn descriptor(rule: &Rule) -> Value {
    let text = rule.docs.lines().skip(2).take_while(|line| !line.is_empty());
    let meaning = text.collect::<Vec<_>>().join(" ");
    json!({
        "id": rule.id.as_str(),
        "shortDescription": { "text": rule.id.as_str().replace('-', " ") },
        "fullDescription": { "text": meaning },
        "help": { "text": rule.docs, "markdown": rule.docs },
        "defaultConfiguration": { "level": rule.severity.id() },
    })
}

fn result(diagnosis: &Diagnosis, finding: &Finding, index: usize) -> Value {
    let mut text = finding.message.clone().into_owned();
    for help in &finding.help {
        text = text + "\nhelp: " + help;
    }
    // SARIF §3.27.25: 0 to 100.
    let rank = match finding.confidence {
        Confidence::Certain => 100.0,
        Confidence::Likely => 70.0,
        Confidence::Possible => 30.0,
    };
    // Each place once (SARIF §3.28.4), though a member may be evidence twice.
    let mut names: Vec<&str> = Vec::new();
    for seen in &finding.evidence {
        if !names.contains(&seen.field) {
            names.push(seen.field);
        }
    }
    let places: Vec<Value> =
        names.iter().map(|name| json!({ "name": name, "kind": "member" })).collect();
    let mut result = json!({
        "ruleId": finding.rule.id.as_str(),
        "ruleIndex": index,
        "level": match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        },
        "message": { "text": text },
        "rank": rank,
        "properties": {
            "job": diagnosis.job.id(),
            "as": diagnosis.subject.id(),
            "confidence": finding.confidence.id(),
            "who": finding.who.id(),
            "evidence": finding.evidence.iter()
                .map(|seen| json!({ "field": seen.field, "value": seen.value }))
                .collect::<Vec<_>>(),
        },
    });
    if !places.is_empty() {
        result["locations"] = json!([{ "logicalLocations": places }]);
    }
    result
}
