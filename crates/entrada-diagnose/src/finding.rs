//! What a rule is, and what it says.

use std::borrow::Cow;

use super::Facts;
use entrada_core::entra::aadsts::Who;
use entrada_core::{clean, without_secrets};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing; all is well.
    Note,
    /// Likely trouble.
    Warning,
    /// The job cannot be done.
    Error,
}

/// How sure we are.
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
    /// As JSON spells it.
    pub fn id(self) -> &'static str {
        match self {
            Self::Certain => "certain",
            Self::Likely => "likely",
            Self::Possible => "possible",
        }
    }
}

impl Severity {
    /// As JSON and people spell it.
    pub fn id(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// A check with its documentation. One `static` per file in `rules/`.
#[derive(Debug)]
pub struct Rule {
    /// Kebab-case, equal to the file name; stable for ever.
    pub id: &'static str,
    /// How bad a finding of this rule is, unless the finding says otherwise.
    pub severity: Severity,
    /// Place in line among findings of one severity: what has to be mended first comes first.
    pub order: u16,
    /// Who can mend it, as a rule.
    pub who: Who,
    /// Markdown with the sections `What it means`, `Why it happens`, `What to do`.
    pub docs: &'static str,
    /// Looks at the facts; `None` when all is well or nothing can be said.
    pub check: fn(&Facts) -> Option<Finding>,
}

/// A piece of evidence, fit to be shown: never a secret, never a control character.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Where it was seen, for example `aud` or `error_codes`.
    pub field: &'static str,
    /// What was seen there.
    pub value: String,
}

/// One thing that one rule saw.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The rule that says so.
    pub rule: &'static Rule,
    /// How bad it is here.
    pub severity: Severity,
    /// How sure we are.
    pub confidence: Confidence,
    /// What is so, with values, in lower case and without a period.
    pub message: Cow<'static, str>,
    /// Where it was seen.
    pub evidence: Vec<Shown>,
    /// Who can mend it.
    pub who: Who,
    /// What to do about it; a command where there is one.
    pub help: Vec<Cow<'static, str>>,
}

/// Characters of one piece of evidence that are shown.
const EVIDENCE_MAX: usize = 300;

impl Rule {
    /// A finding of this rule: `message` says what is so.
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

/// What is ours is fit to be shown as it is; what was put together may hold what somebody else wrote.
fn shown(text: Cow<'static, str>) -> Cow<'static, str> {
    match text {
        Cow::Borrowed(own) => {
            debug_assert!(matches!(clean(own), Cow::Borrowed(_)), "{own:?}");
            Cow::Borrowed(own)
        }
        Cow::Owned(text) => match clean(&text) {
            Cow::Borrowed(_) => Cow::Owned(text),
            Cow::Owned(cleaned) => Cow::Owned(cleaned),
        },
    }
}

impl Finding {
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
        if let Cow::Owned(harmless) = without_secrets(&value) {
            value = harmless;
        }
        if EVIDENCE_MAX < value.len()
            && let Some((end, _)) = value.char_indices().nth(EVIDENCE_MAX)
        {
            value.truncate(end);
            value.push('…');
        }
        self.evidence.push(Shown { field, value });
        self
    }

    /// Adds what to do.
    pub(super) fn help(mut self, help: impl Into<Cow<'static, str>>) -> Self {
        self.help.push(shown(help.into()));
        self
    }

    /// Sets how sure we are.
    pub(super) fn with_confidence(mut self, confidence: Confidence) -> Self {
        self.confidence = confidence;
        self
    }

    /// Sets how bad it is here.
    pub(super) fn with_severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// Sets who can mend it.
    pub(super) fn by(mut self, who: Who) -> Self {
        self.who = who;
        self
    }
}
