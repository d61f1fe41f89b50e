//! The cause that an answer states in words of its own, where nothing more exact explains it.

use super::azure::AzureService;
use super::hypothesis::{Hypothesis, token_explains};
use super::words::DIRECTORY;
use super::{HttpAnswer, Service, known_errors, stated};
use crate::Facts;

/// An answer whose text is searched for statements, with what was found before.
pub(super) struct AnswerText<'a> {
    pub(super) facts: &'a Facts<'a>,
    pub(super) answer: &'a HttpAnswer,
    pub(super) azure: Option<&'static AzureService>,
    pub(super) said: &'a str,
    /// Whether known words, and not only the status, explain it.
    pub(super) is_known: bool,
    /// Whether everything that was found is a guess.
    pub(super) is_open: bool,
    /// What was found by codes, known words and the status.
    pub(super) found: &'a [Hypothesis],
    /// What people tell of a product and its symptom, where nothing was found. It is more exact than a family of reports.
    pub(super) symptom: Option<&'a known_errors::Match>,
    /// Whether families count that are not of one service alone.
    pub(super) allows_any: bool,
}

impl AnswerText<'_> {
    /// The causes that the answer states.
    pub(super) fn causes(&self) -> Option<Vec<Hypothesis>> {
        let in_order = self.allows_sentences();
        // A record that allows only a guess has its reasons, and so has a code that stands for several causes.
        let lower = self.said.to_ascii_lowercase();
        let in_any_order = self.is_open
            && known_errors::find(self.said).is_none()
            && !DIRECTORY.iter().any(|words| lower.contains(words))
            && !self.facts.evidence.mentions.explains();
        if !in_order && !in_any_order {
            return None;
        }
        let counts = |family: &stated::Family| {
            if family.is_in_order() {
                in_order && (!family.is_of_right() || self.allows_rights())
            } else {
                in_any_order
                    && (self.allows_any || family.is_specific())
                    && (self.allows_reports() || !family.is_report())
            }
        };
        let stated = stated::find(self.said, !self.answer.is_prose(), counts)?;
        Some(stated.causes(self.azure))
    }

    /// Whether families of what people report count: no person writes an answer in JSON.
    fn allows_reports(&self) -> bool {
        self.found.is_empty() && self.symptom.is_none() && self.answer.is_in_words()
    }

    /// Whether a sentence of a program counts.
    fn allows_sentences(&self) -> bool {
        let refuses = matches!(self.answer.status, None | Some(400 | 401 | 403));
        let is_of_another = matches!(self.answer.service(), Service::Graph | Service::Exchange);
        !self.is_known
            && refuses
            && !is_of_another
            && !self.answer.is_of_an_authority()
            && !token_explains(self.facts)
    }

    /// A status of 401 is not about rights, and a role of an API of one's own may be one of the token.
    fn allows_rights(&self) -> bool {
        self.answer.status != Some(401) && (self.azure.is_some() || self.facts.claims().is_none())
    }
}
