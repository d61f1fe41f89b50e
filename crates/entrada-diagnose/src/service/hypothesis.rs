//! The causes that a service's answer points to. This module finds the cause; the rules describe it and say what to do.

use super::{by_http, by_mail};
use crate::{Confidence, Facts, Finding, Rule, RuleId, Severity, rules};

/// A possible cause of a service's answer.
#[derive(Clone, Debug)]
pub(crate) struct Hypothesis {
    /// The rule that reports it.
    pub id: RuleId,
    /// The confidence in this cause.
    pub confidence: Confidence,
    /// The message of the finding.
    pub message: String,
    /// The fields that show it, with their values.
    pub evidence: Vec<(&'static str, String)>,
    /// Help that only this answer can give.
    pub help: Vec<String>,
}

impl Hypothesis {
    pub(super) fn new(id: RuleId, confidence: Confidence, message: impl Into<String>) -> Self {
        Self { id, confidence, message: message.into(), evidence: Vec::new(), help: Vec::new() }
    }

    pub(super) fn certain(id: RuleId, message: impl Into<String>) -> Self {
        Self::new(id, Confidence::Certain, message)
    }

    pub(super) fn likely(id: RuleId, message: impl Into<String>) -> Self {
        Self::new(id, Confidence::Likely, message)
    }

    pub(super) fn possible(id: RuleId, message: impl Into<String>) -> Self {
        Self::new(id, Confidence::Possible, message)
    }

    pub(super) fn with_evidence(
        mut self,
        field: &'static str,
        value: impl std::fmt::Display,
    ) -> Self {
        self.evidence.push((field, value.to_string()));
        self
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }
}

/// The causes that the answers in the evidence point to, most important first.
pub(crate) fn causes(facts: &Facts) -> Vec<Hypothesis> {
    let mut causes = Vec::new();
    if let Some(answer) = &facts.evidence.answer {
        causes = by_http::causes(facts, answer);
        for one in &mut causes {
            one.evidence.extend(by_http::evidence(answer));
        }
    }
    if let Some(talk) = &facts.evidence.mail {
        let mut by_mail = by_mail::causes(facts, talk);
        for one in &mut by_mail {
            one.evidence.extend(by_mail::evidence(talk));
        }
        causes.extend(by_mail);
    }
    causes
}

/// The finding of `rule`, if the answer points to it.
pub(crate) fn finding(facts: &Facts, rule: &'static Rule) -> Option<Finding> {
    let hypothesis = facts.hypotheses.iter().find(|hypothesis| hypothesis.id == rule.id)?;
    let mut finding = rule
        .finding(hypothesis.message.clone())
        .with_confidence(hypothesis.confidence)
        .with_severity(Severity::Error);
    for (field, value) in &hypothesis.evidence {
        finding = finding.with_evidence(field, value);
    }
    for help in &hypothesis.help {
        finding = finding.help(help.clone());
    }
    Some(finding)
}

/// Whether a fault of the token itself explains the refusal.
pub(super) fn token_explains(facts: &Facts) -> bool {
    rules::all().any(|rule| {
        (rule.check)(facts).is_some_and(|finding| {
            finding.severity == Severity::Error && finding.confidence != Confidence::Possible
        })
    })
}

/// Adds help to a finding that rests on the service's answer alone, not on the token.
pub(crate) fn advise(facts: &Facts, finding: Finding) -> Finding {
    let job = facts.task_flag();
    match finding.rule.id {
        RuleId::Expired if facts.is_good_for_a_while() => finding
            .with_confidence(Confidence::Likely)
            .help("the token given here is not expired: check that the same token was sent; if it was, a clock is wrong")
            .help(format!("get a new token: {}", facts.command("token", ""))),
        RuleId::Expired => finding.help(format!("get a new token: {}", facts.command("token", ""))),
        RuleId::WrongAudience if facts.audience_fits() == Some(true) => finding
            .with_confidence(Confidence::Likely)
            .help("the token given here is for this service: check that the same token was sent"),
        RuleId::NotYetValid => finding.help("correct this machine's clock, then sign in again"),
        RuleId::WrongAudience | RuleId::MissingScope => match facts.job_scopes().first() {
            Some(scope) => finding.help(format!("request `{scope}`: {}", facts.login(&job))),
            None => finding.help("request a scope of that service"),
        },
        RuleId::MalformedToken => finding.help(format!(
            "send the whole access token once, after `Bearer `: {}",
            facts.command("token", "")
        )),
        RuleId::WrongAccount => finding
            .help("sign in as the mailbox's owner, or have its owner's administrator grant you Full Access")
            .help("put the mailbox that the token is for into `user=`"),
        RuleId::WrongTenant => finding.help("sign in at the tenant that the resource belongs to: `--tenant`"),
        RuleId::MissingAppRole => {
            finding.help("an administrator grants the application permission and consents to it")
        }
        RuleId::AppOnlyTokenForDelegatedJob => {
            finding.help("call `/users/{id}` instead of `/me`, or sign in as a user")
        }
        RuleId::GuestUserNoMailbox => finding.help("sign in at the user's home tenant: `--tenant`"),
        _ => finding,
    }
}
