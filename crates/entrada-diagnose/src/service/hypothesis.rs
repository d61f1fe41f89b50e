//! The causes that a service's answer points to. This module finds the cause; the rules describe it and say what to do.

use super::{by_http, by_mail, other_mail_server};
use crate::{Confidence, Facts, Finding, RuleId, Severity, Who};

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
    /// Who can fix it, where that differs from the rule.
    pub who: Option<Who>,
    /// Whether its message and its help say more than the rule, which looks at the token and the job.
    pub is_complete: bool,
}

impl Hypothesis {
    pub(super) fn new(id: RuleId, confidence: Confidence, message: impl Into<String>) -> Self {
        Self {
            id,
            confidence,
            message: message.into(),
            evidence: Vec::new(),
            help: Vec::new(),
            who: None,
            is_complete: false,
        }
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

    pub(super) fn helps(self, help: Option<&str>) -> Self {
        help.into_iter().fold(self, Self::help)
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
        if answer.is_prose() && !has_code(&answer.body) {
            for one in causes.iter_mut().filter(|one| one.confidence == Confidence::Certain) {
                one.confidence = Confidence::Likely;
            }
        }
    }
    if let Some(talk) = &facts.evidence.mail {
        let mut by_mail = by_mail::causes(facts, talk);
        if talk.is_of_other_server() {
            by_mail = other_mail_server::adapted(facts, talk, by_mail);
        }
        for one in &mut by_mail {
            one.evidence.extend(by_mail::evidence(talk));
        }
        causes.extend(by_mail);
    }
    causes.extend(facts.evidence.mentions.causes());
    causes
}

/// Whether `text` has a code that a machine made, which nobody writes by chance: a word with digits and letters (`IDX10222`), with
/// an underscore (`Authorization_RequestDenied`), or with a capital inside (`ErrorAccessDenied`). Without one, a sentence may be
/// quoted, translated, or written by a person, and is no certain proof of its cause.
pub(crate) fn has_code(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').any(|word| {
        let has = |test: fn(u8) -> bool| word.bytes().any(test);
        let capital = word.bytes().skip(1).any(|byte| byte.is_ascii_uppercase());
        let mixed = has(|byte| byte.is_ascii_digit()) && has(|byte| byte.is_ascii_alphabetic());
        mixed || word.contains('_') || (capital && has(|byte| byte.is_ascii_lowercase()))
    })
}

/// Whether a fault of the token itself explains the refusal.
pub(super) fn token_explains(facts: &Facts) -> bool {
    facts.token_is_at_fault
}

impl Hypothesis {
    /// The finding that it is, with the advice of its rule.
    pub(crate) fn finding(&self, facts: &Facts) -> Finding {
        let rule = self.id.rule();
        let mut finding = rule
            .finding(self.message.clone())
            .with_confidence(self.confidence)
            .with_severity(Severity::Error);
        for (field, value) in &self.evidence {
            finding = finding.with_evidence(field, value);
        }
        for help in &self.help {
            finding = finding.help(help.clone());
        }
        if let Some(who) = self.who {
            finding = finding.by(who);
        }
        if self.is_complete { finding } else { (rule.advise)(facts, finding) }
    }
}
