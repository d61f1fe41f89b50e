//! How a text was read and judged: `entrada diagnose --explain-reading`, for people and as JSON version 1. No text of the input is
//! shown: kinds, places and lengths only.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;

use super::human::{Style, heading, marked};
use super::{json, table::table};
use entrada_core::clean;
use entrada_diagnose::{Finding, Judging, Position, Reading, Verdict};

/// Writes `readings`, one for each input, and `judgings`, one for each case and job, for people.
pub fn human(
    out: &mut dyn Write,
    readings: &[Reading],
    judgings: &[Judging],
    style: Style,
) -> io::Result<()> {
    for (index, reading) in readings.iter().enumerate() {
        writeln!(out, "{}", heading(style, &format!("input {} of {}", index + 1, readings.len())))?;
        input(out, reading, style)?;
        writeln!(out)?;
    }
    for (index, judging) in judgings.iter().enumerate() {
        if 0 < index {
            writeln!(out)?;
        }
        let title =
            format!("case {} of {}: `{}`", index + 1, judgings.len(), judging.diagnosis.job);
        writeln!(out, "{}", heading(style, &title))?;
        case(out, judging, style)?;
    }
    Ok(())
}

fn input(out: &mut dyn Write, reading: &Reading, style: Style) -> io::Result<()> {
    let steps =
        if reading.steps.is_empty() { "nothing".to_owned() } else { reading.steps.join(", ") };
    marked(out, style, "  removed around the text:", &format!(" {steps}"), 4)?;
    let text = reading.text.expose();
    writeln!(
        out,
        "  text: {}, {}",
        counted(text.lines().count(), "line"),
        counted(text.chars().count(), "character"),
    )?;
    if reading.artifacts.is_empty() {
        return writeln!(out, "  artifacts: none");
    }
    let rows: Vec<Vec<String>> = reading
        .artifacts
        .iter()
        .map(|artifact| {
            let outweighed = || {
                let other = reading.artifacts.get(artifact.outweighed_by?)?;
                Some(format!("no: {} at {} outweighs it", other.kind, other.start))
            };
            let counts = if artifact.counts {
                "yes".to_owned()
            } else {
                outweighed().unwrap_or_else(|| "no".to_owned())
            };
            vec![
                artifact.kind.to_owned(),
                artifact.start.to_string(),
                artifact.end.to_string(),
                counts,
            ]
        })
        .collect();
    let mut lines = Vec::new();
    table(&mut lines, &["artifact", "from", "to", "counts"], &rows)?;
    String::from_utf8_lossy(&lines).lines().try_for_each(|line| writeln!(out, "  {line}"))
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

fn case(out: &mut dyn Write, judging: &Judging, style: Style) -> io::Result<()> {
    let mut list = |title: &str, lines: Vec<(String, String)>| {
        if lines.is_empty() {
            return writeln!(out, "  {title}: none");
        }
        writeln!(out, "  {title}:")?;
        lines.iter().try_for_each(|(name, text)| {
            marked(out, style, &format!("    {name}:"), &format!(" {}", clean(text)), 6)
        })
    };
    let parts = judging.evidence.iter().map(|part| (part.name.to_owned(), part.content.clone()));
    list("evidence", parts.collect())?;
    let found = |finding: &Finding| {
        let name = format!("{}[{}]", finding.severity.id(), finding.rule.id);
        (name, format!("{} ({})", finding.message, finding.confidence.id()))
    };
    list("findings of the rules", judging.rule_findings.iter().map(found).collect())?;
    let hypotheses = judging.hypotheses.iter().map(|hypothesis| {
        let text = format!("{} ({})", hypothesis.message, hypothesis.confidence.id());
        (hypothesis.id.to_string(), text)
    });
    list("what the answers point to", hypotheses.collect())?;
    let silenced = judging
        .silenced
        .iter()
        .map(|(dropped, by)| (dropped.to_string(), format!("dropped, because `{by}` explains it")));
    list("silenced", silenced.collect())?;
    list("merged findings", judging.diagnosis.findings.iter().map(found).collect())?;
    let verdict = judging.diagnosis.verdict;
    let proof = match verdict {
        Verdict::Ok(proof) => format!("ok, because {}", proof.healthy().sentence()),
        other => other.id().to_owned(),
    };
    marked(out, style, "  verdict:", &format!(" {proof}"), 4)
}

#[derive(Serialize)]
struct V1<'a> {
    version: u8,
    inputs: Vec<V1Input<'a>>,
    cases: Vec<V1Case<'a>>,
}

#[derive(Serialize)]
struct V1Input<'a> {
    steps: &'a [&'static str],
    lines: usize,
    characters: usize,
    artifacts: Vec<V1Artifact>,
}

#[derive(Serialize)]
struct V1Artifact {
    kind: &'static str,
    from: V1Position,
    to: V1Position,
    counts: bool,
    outweighed_by: Option<usize>,
}

#[derive(Serialize)]
struct V1Position {
    line: usize,
    column: usize,
}

#[derive(Serialize)]
struct V1Case<'a> {
    evidence: Vec<V1Part<'a>>,
    rule_findings: Vec<V1Finding<'a>>,
    hypotheses: Vec<V1Hypothesis<'a>>,
    silenced: Vec<V1Silenced>,
    proof: Option<&'static str>,
    diagnosis: Value,
}

#[derive(Serialize)]
struct V1Part<'a> {
    name: &'a str,
    content: &'a str,
}

#[derive(Serialize)]
struct V1Finding<'a> {
    id: &'static str,
    severity: &'static str,
    confidence: &'static str,
    message: &'a str,
}

#[derive(Serialize)]
struct V1Hypothesis<'a> {
    id: &'static str,
    confidence: &'static str,
    message: &'a str,
}

#[derive(Serialize)]
struct V1Silenced {
    id: &'static str,
    by: &'static str,
}

/// Writes the same as one line of JSON, version 1 (`docs/json.md`).
pub fn json(out: &mut dyn Write, readings: &[Reading], judgings: &[Judging]) -> io::Result<()> {
    let inputs = readings.iter().map(v1_input).collect();
    let cases = judgings.iter().map(v1_case).collect();
    json::write(out, &V1 { version: json::VERSION, inputs, cases })
}

fn v1_input(reading: &Reading) -> V1Input<'_> {
    let position = |at: Position| V1Position { line: at.line, column: at.column };
    let artifacts = reading.artifacts.iter().map(|artifact| V1Artifact {
        kind: artifact.kind,
        from: position(artifact.start),
        to: position(artifact.end),
        counts: artifact.counts,
        outweighed_by: artifact.outweighed_by,
    });
    let text = reading.text.expose();
    V1Input {
        steps: &reading.steps,
        lines: text.lines().count(),
        characters: text.chars().count(),
        artifacts: artifacts.collect(),
    }
}

fn v1_case(judging: &Judging) -> V1Case<'_> {
    let parts = judging.evidence.iter();
    let findings = judging.rule_findings.iter().map(|finding| V1Finding {
        id: finding.rule.id.as_str(),
        severity: finding.severity.id(),
        confidence: finding.confidence.id(),
        message: &finding.message,
    });
    let hypotheses = judging.hypotheses.iter().map(|hypothesis| V1Hypothesis {
        id: hypothesis.id.as_str(),
        confidence: hypothesis.confidence.id(),
        message: &hypothesis.message,
    });
    let silenced = judging.silenced.iter();
    V1Case {
        evidence: parts.map(|part| V1Part { name: part.name, content: &part.content }).collect(),
        rule_findings: findings.collect(),
        hypotheses: hypotheses.collect(),
        silenced: silenced
            .map(|(id, by)| V1Silenced { id: id.as_str(), by: by.as_str() })
            .collect(),
        proof: match judging.diagnosis.verdict {
            Verdict::Ok(proof) => Some(proof.healthy().id()),
            _ => None,
        },
        diagnosis: json::value(&judging.diagnosis),
    }
}
