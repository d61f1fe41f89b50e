//! Rules and their findings.

use std::borrow::Cow;

use super::{Facts, RuleId};
use entrada_core::entra::aadsts::Who;
use entrada_core::{Redactor, clean};

/// How serious a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing. Nothing is wrong.
    Note,
    /// A likely problem.
    Warning,
    /// The job will fail.
    Error,
}

/// How certain a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// The evidence proves it.
    Certain,
    /// The evidence points to it.
    Likely,
    /// One of several explanations.
    Possible,
}

impl Confidence {
    /// The name in JSON.
    pub fn id(self) -> &'static str {
        match self {
            Self::Certain => "certain",
            Self::Likely => "likely",
            Self::Possible => "possible",
        }
    }
}

impl Severity {
    /// The name in JSON and in human output.
    pub fn id(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// A check with its documentation: a file in `rules/`, or a record in `rules/records.rs`.
#[derive(Debug)]
pub struct Rule {
    /// Its name, which is also the name of its page and its file.
    pub id: RuleId,
    /// The severity of its findings, unless the finding sets another one.
    pub severity: Severity,
    /// Who can usually fix the problem.
    pub who: Who,
    /// Markdown with the sections `What it means`, `Why it happens`, `What to do`.
    pub docs: &'static str,
    /// Checks the facts. `None` if there is no problem, or too little evidence.
    pub check: fn(&Facts) -> Option<Finding>,
    /// Adds help to a finding that rests on the answer of a service alone.
    pub advise: fn(&Facts, Finding) -> Finding,
}

/// A piece of evidence that is safe to print: without secrets and control characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvidenceLine {
    /// The field that it comes from, for example `aud` or `error_codes`.
    pub field: &'static str,
    /// The value of the field.
    pub value: String,
}

/// One result of one rule.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The rule that found it.
    pub rule: &'static Rule,
    /// How serious it is in this case.
    pub severity: Severity,
    /// How certain it is.
    pub confidence: Confidence,
    /// What was found, with values. Starts in lower case and ends without a period.
    pub message: Cow<'static, str>,
    /// The fields that show it.
    pub evidence: Vec<EvidenceLine>,
    /// Who can fix the problem.
    pub who: Who,
    /// What to do; a command where there is one.
    pub help: Vec<Cow<'static, str>>,
}

/// The longest piece of evidence that is shown, in characters.
const EVIDENCE_MAX: usize = 300;

impl Rule {
    /// The check of a rule that only the answer of a service leads to.
    pub(super) fn no_finding(_facts: &Facts) -> Option<Finding> {
        None
    }

    /// The advice of a rule whose finding says everything.
    pub(super) fn as_it_is(_facts: &Facts, finding: Finding) -> Finding {
        finding
    }

    /// A finding of this rule. `message` states what was found.
    pub(super) fn finding(&'static self, message: impl Into<Cow<'static, str>>) -> Finding {
        Finding {
            rule: self,
            severity: self.severity,
            confidence: Confidence::Certain,
            message: shown(message.into()),
            evidence: Vec::new(),
            who: self.who,
            help: Vec::new(),
        }
    }
}

/// Removes control characters, which a composed text may contain.
fn shown(text: Cow<'static, str>) -> Cow<'static, str> {
    match text {
        Cow::Borrowed(text) => clean(text),
        Cow::Owned(text) => match clean(&text) {
            Cow::Borrowed(_) => Cow::Owned(text),
            Cow::Owned(cleaned) => Cow::Owned(cleaned),
        },
    }
}

impl Finding {
    /// Whether it is an error that the evidence shows, not one of several explanations.
    pub(super) fn is_known_error(&self) -> bool {
        self.severity == Severity::Error && self.confidence != Confidence::Possible
    }

    /// Adds a piece of evidence.
    pub(super) fn with_evidence(
        mut self,
        field: &'static str,
        value: impl std::fmt::Display,
    ) -> Self {
        let mut value = value.to_string();
        if let Cow::Owned(cleaned) = clean(&value) {
            value = cleaned;
        }
        if let Cow::Owned(harmless) = Redactor::without_likely_secrets(&value) {
            value = harmless;
        }
        if EVIDENCE_MAX < value.len()
            && let Some((end, _)) = value.char_indices().nth(EVIDENCE_MAX)
        {
            value.truncate(end);
            value.push('…');
        }
        self.evidence.push(EvidenceLine { field, value });
        self
    }

    /// Adds a line of help.
    pub(super) fn help(mut self, help: impl Into<Cow<'static, str>>) -> Self {
        self.help.push(shown(help.into()));
        self
    }

    /// Replaces the message.
    pub(super) fn with_message(mut self, message: impl Into<Cow<'static, str>>) -> Self {
        self.message = shown(message.into());
        self
    }

    /// Sets how certain it is.
    pub(super) fn with_confidence(mut self, confidence: Confidence) -> Self {
        self.confidence = confidence;
        self
    }

    /// Sets how serious it is in this case.
    pub(super) fn with_severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// Sets who can fix the problem.
    pub(super) fn by(mut self, who: Who) -> Self {
        self.who = who;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_message_has_control_characters() {
        for text in [Cow::Borrowed("a\u{1b}[2J\nb"), Cow::Owned("a\u{1b}[2J\nb".to_owned())] {
            assert_eq!(shown(text), "a b");
        }
    }
}
