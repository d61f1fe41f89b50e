//! Rules and their findings.

use std::borrow::Cow;

use entrada_core::{Redactor, clean};
pub use entrada_diagnose::Severity;

use super::{Record, SecretKind};

/// A check with its documentation: a file in `rules/`, and a page in `rules/pages/`.
#[derive(Debug)]
pub struct Rule {
    /// Its name, which is also the name of its page.
    pub id: &'static str,
    /// The highest severity of its findings.
    pub severity: Severity,
    /// The document that it rests on: `RFC 8628 §3.5`.
    pub clause: &'static str,
    /// Markdown with the sections `What it means`, `Why it matters`, `What to do`.
    pub docs: &'static str,
    /// Looks for it in a record.
    pub check: fn(&Record) -> Vec<Finding>,
}

/// One result of one rule.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The rule that found it.
    pub rule: &'static Rule,
    /// How serious it is in this case.
    pub severity: Severity,
    /// What was found. Starts in lower case and ends without a period.
    pub message: String,
    /// The numbers of the requests that show it; empty for what no request shows.
    pub requests: Vec<usize>,
    /// What to change in the program.
    pub help: Cow<'static, str>,
}

impl Rule {
    /// A finding of this rule at these requests.
    pub(super) fn finding(
        &'static self,
        requests: impl IntoIterator<Item = usize>,
        message: impl AsRef<str>,
        help: impl Into<Cow<'static, str>>,
    ) -> Finding {
        let message = clean(message.as_ref());
        Finding {
            rule: self,
            severity: self.severity,
            message: Redactor::without_likely_secrets(&message).into_owned(),
            requests: requests.into_iter().collect(),
            help: help.into(),
        }
    }

    /// A finding of this rule about a secret that stands where others can read it. It is a warning if the secret is of no use
    /// after the sign-in.
    pub(super) fn finding_of_secret(
        &'static self,
        secret: SecretKind,
        message: impl AsRef<str>,
        help: impl Into<Cow<'static, str>>,
    ) -> Finding {
        let finding = self.finding([], message, help);
        if secret.is_lasting() { finding } else { finding.with_severity(Severity::Warning) }
    }
}

impl Finding {
    /// Sets how serious it is in this case.
    pub(super) fn with_severity(self, severity: Severity) -> Self {
        Self { severity, ..self }
    }

    /// `#3, #5 and #6`; the first five requests.
    pub fn places(&self) -> String {
        const SHOWN: usize = 5;
        let named = |number: &usize| format!("#{number}");
        match self.requests.as_slice() {
            [] => String::new(),
            [one] => named(one),
            all if SHOWN < all.len() => {
                let first: Vec<String> = all[..SHOWN].iter().map(named).collect();
                format!("{} and {} more", first.join(", "), all.len() - SHOWN)
            }
            [first @ .., last] => {
                let first: Vec<String> = first.iter().map(named).collect();
                format!("{} and #{last}", first.join(", "))
            }
        }
    }
}
