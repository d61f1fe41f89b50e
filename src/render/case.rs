//! The diagnoses of one case for several jobs, as one report for people.

use std::io::{self, Write};

use super::Notes;
use super::human::{Style, findings, heading, source, summary_for};
use entrada_diagnose::{Diagnosis, Finding, Severity};

/// The diagnoses of each case: one, or one for each of its jobs.
pub(super) fn cases(all: &[Diagnosis]) -> Vec<&[Diagnosis]> {
    let mut cases = Vec::new();
    let mut rest = all;
    while let Some(first) = rest.first() {
        let length = first.jobs.len().clamp(1, rest.len());
        let (case, others) = rest.split_at(length);
        cases.push(case);
        rest = others;
    }
    cases
}

/// Writes the diagnoses of one case for several jobs as one report: the verdict for each job, the findings that all jobs
/// share, then what each job has beyond them.
pub(super) fn several_jobs(
    out: &mut dyn Write,
    case: &[Diagnosis],
    style: Style,
    notes: Notes,
    before: &[Diagnosis],
) -> io::Result<()> {
    let has = |one: &Diagnosis, finding: &Finding| {
        one.findings.iter().any(|other| is_same(other, finding))
    };
    let is_shared = |finding: &Finding| case.iter().all(|one| has(one, finding));
    let [first, ..] = case else { return Ok(()) };
    // Jobs of one verdict and cause share a line.
    let cause = |one: &Diagnosis| (one.verdict.id(), one.cause().map(|cause| cause.rule.id));
    let mut told = Vec::new();
    for one in case {
        if told.contains(&cause(one)) {
            continue;
        }
        told.push(cause(one));
        let alike = case.iter().filter(|other| cause(other) == cause(one));
        let jobs: Vec<String> = alike.map(|other| format!("`{}`", other.job)).collect();
        writeln!(out, "{}", summary_for(one, style, &jobs.join(", ")))?;
    }
    source(out, style, first)?;
    findings(out, first, style, notes, |finding| {
        !is_shared(finding) || is_repeated_note(finding, before)
    })?;
    for one in case {
        let is_left_out =
            |finding: &Finding| is_shared(finding) || is_repeated_note(finding, before);
        let differs = one.findings.iter().any(|finding| {
            !is_left_out(finding) && (finding.severity != Severity::Note || notes == Notes::Shown)
        });
        if differs {
            writeln!(out)?;
            writeln!(out, "{}", heading(style, &format!("for `{}`:", one.job)))?;
            findings(out, one, style, notes, is_left_out)?;
        }
    }
    Ok(())
}

/// Whether both say the same.
fn is_same(one: &Finding, other: &Finding) -> bool {
    one.rule.id == other.rule.id && one.message == other.message && one.severity == other.severity
}

/// Whether `finding` is a note that one of `before` already has.
pub(super) fn is_repeated_note(finding: &Finding, before: &[Diagnosis]) -> bool {
    let mut all = before.iter().flat_map(|earlier| &earlier.findings);
    finding.severity == Severity::Note
        && all.any(|other| other.rule.id == finding.rule.id && other.message == finding.message)
}
