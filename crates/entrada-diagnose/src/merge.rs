//! Merges the findings about the token with what the authority, the service and the mail server say. Which finding explains,
//! joins or silences which other one stands here.

use super::service::Hypothesis;
use super::{Confidence, Facts, Finding, RuleId, Severity, refusal, registration};

/// The merged findings.
#[derive(Debug)]
pub(super) struct Merged {
    /// The most important one first.
    pub(super) findings: Vec<Finding>,
    /// Findings that were dropped, each with the finding that explains the case better.
    pub(super) silenced: Vec<(RuleId, RuleId)>,
}

/// Merges `found`, the findings of the rules, with `hypotheses` and with the findings about a registration.
pub(super) fn merge(
    facts: &Facts,
    found: Vec<Finding>,
    hypotheses: &[Hypothesis],
    of_registration: Vec<Finding>,
) -> Merged {
    let mut findings = found;
    add_refusal_cause(facts, &mut findings);
    for hypothesis in hypotheses {
        join(facts, &mut findings, hypothesis);
    }
    let silenced = drop_guesses(&mut findings);
    if !of_registration.is_empty() {
        registration::add(facts, of_registration, &mut findings);
    }
    findings.sort_by_key(|finding| {
        // Possible causes are in the order in which to check them.
        let rank = hypotheses.iter().position(|hypothesis| hypothesis.id == finding.rule.id);
        let guess = rank.filter(|_| finding.confidence == Confidence::Possible);
        (std::cmp::Reverse(finding.severity), finding.confidence, guess, finding.rule.id)
    });
    Merged { findings, silenced }
}

/// Adds the cause that an OAuth error points to, if its rule only looks at tokens: an OAuth error always has a finding.
fn add_refusal_cause(facts: &Facts, findings: &mut Vec<Finding>) {
    let Some(cause) = facts.refusal_cause() else { return };
    if findings.iter().any(|finding| finding.rule.id == cause.id) {
        return;
    }
    findings.push(
        refusal::describe(facts, cause.id.rule(), cause.code, "the authority refused")
            .with_severity(Severity::Error)
            .with_confidence(cause.confidence),
    );
}

/// Adds a hypothesis: the same cause is one finding, with the evidence of both.
fn join(facts: &Facts, findings: &mut Vec<Finding>, hypothesis: &Hypothesis) {
    match findings.iter_mut().find(|finding| finding.rule.id == hypothesis.id) {
        Some(finding) if hypothesis.is_complete => *finding = hypothesis.finding(facts),
        Some(finding) if finding.severity == Severity::Error => {
            for (field, value) in &hypothesis.evidence {
                if !finding.evidence.iter().any(|seen| seen.field == *field) {
                    *finding = finding.clone().with_evidence(field, value);
                }
            }
        }
        Some(finding) => finding.severity = Severity::Error,
        None => findings.push(hypothesis.finding(facts)),
    }
}

/// Drops possible causes if one is known.
fn drop_guesses(findings: &mut Vec<Finding>) -> Vec<(RuleId, RuleId)> {
    let Some(known) = findings.iter().find(|finding| finding.is_known_error()) else {
        return Vec::new();
    };
    let known = known.rule.id;
    let is_guess = |finding: &Finding| {
        finding.severity == Severity::Error && finding.confidence == Confidence::Possible
    };
    let guesses = findings.iter().filter(|finding| is_guess(finding));
    let silenced = guesses.map(|finding| (finding.rule.id, known)).collect();
    findings.retain(|finding| !is_guess(finding));
    silenced
}
