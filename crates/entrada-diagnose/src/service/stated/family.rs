//! The families: what they look for, and what they mean.

use std::sync::OnceLock;

use serde::Deserialize;

use crate::service::known_errors::{confidence, rule};
use crate::{Confidence, RuleId, Who};

/// The families, the most telling first.
pub(super) const DATA: [&str; 13] = [
    include_str!("families/service_refusals.json"),
    include_str!("families/token_checks.json"),
    include_str!("families/credentials.json"),
    include_str!("families/network.json"),
    include_str!("families/session.json"),
    include_str!("families/programs.json"),
    include_str!("families/tokens.json"),
    include_str!("families/endpoints.json"),
    include_str!("families/accounts.json"),
    include_str!("families/rights.json"),
    include_str!("families/missing_rights.json"),
    include_str!("families/guesses.json"),
    include_str!("families/reports.json"),
];

/// Sentences of one meaning. It has either `sentences` or `says`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a mark of its own in a record")]
pub(crate) struct Family {
    /// Sentences that a program wrote, whatever the text is about. Each is a list of groups of words that follow one another,
    /// separated by ` .. `; ` | ` separates the alternatives of a group. A `*` at the end stands for the rest of a word.
    #[serde(default, deserialize_with = "kept")]
    pub(super) sentences: Vec<&'static str>,
    /// Groups of plain words, in lower case and without marks, of which each has one in the statement, in any order. They
    /// count in a text about sign-in, mail or Microsoft's services.
    #[serde(default, deserialize_with = "groups")]
    pub(super) says: Vec<Vec<&'static str>>,
    /// Words of which none stands in the statement.
    #[serde(default, deserialize_with = "alternatives")]
    pub(super) unless: Vec<&'static str>,
    /// With `says`: words of which one stands somewhere in the text.
    #[serde(default, deserialize_with = "alternatives")]
    pub(super) beside: Vec<&'static str>,
    /// With `sentences`: whether a single sentence counts that nothing marks as a program's.
    #[serde(default)]
    pub(super) is_bare: bool,
    /// With `says`: whether the statement may also be a fact that documentation states. Then the text has to report a failure.
    #[serde(default)]
    pub(super) is_fact: bool,
    /// With `says`: whether only one service writes it, so that it also counts in an answer in JSON that allows only guesses.
    #[serde(default)]
    pub(super) is_specific: bool,
    /// With `says`: whether a person may have written the statement, as a report of what happens. Then the cause is `possible`
    /// at the most, and counts only where nothing else was found.
    #[serde(default)]
    pub(super) is_report: bool,
    /// The cause that it points to. Without one the caller lacks a right, and which rule reports it depends on the service.
    #[serde(default, deserialize_with = "cause")]
    pub(super) cause: Option<RuleId>,
    /// `likely` at the most: a sentence proves nothing.
    #[serde(default = "likely", deserialize_with = "confidence")]
    pub(super) confidence: Confidence,
    /// Who can fix it, where that differs from the rule.
    #[serde(default)]
    pub(super) who: Option<Who>,
    /// The message of the finding.
    #[serde(default)]
    pub(super) message: String,
    /// What to do about it. `{command}` is the command that the text names to sign in; without one the line is left out.
    #[serde(default)]
    pub(super) help: Vec<String>,
    /// Other causes that the same text may have, with their messages.
    #[serde(default, rename = "or", deserialize_with = "others")]
    pub(super) others: Vec<(RuleId, String)>,
    /// Texts that state it, in different words.
    #[cfg_attr(not(test), expect(dead_code, reason = "the tests read it"))]
    pub(super) examples: Vec<String>,
}

impl Family {
    /// Whether its words follow one another in sentences.
    pub(crate) fn is_in_order(&self) -> bool {
        !self.sentences.is_empty()
    }

    /// Whether it is about a right that the caller lacks.
    pub(crate) fn is_of_right(&self) -> bool {
        self.cause.is_none()
    }

    /// Whether only one service writes it.
    pub(crate) fn is_specific(&self) -> bool {
        self.is_specific
    }

    /// Whether a person may have written it.
    pub(crate) fn is_report(&self) -> bool {
        self.is_report
    }

    /// The rule that reports it, if its sentence points to one.
    pub(crate) fn likely_cause(&self) -> Option<RuleId> {
        self.cause.filter(|_| self.confidence == Confidence::Likely)
    }
}

/// Each family, in the order in which they are looked for.
pub(super) fn all() -> &'static [Family] {
    static ALL: OnceLock<Vec<Family>> = OnceLock::new();
    ALL.get_or_init(|| {
        // Broken data cannot pass the tests.
        let read = |data| serde_json::from_str::<Vec<Family>>(data).unwrap_or_default();
        DATA.into_iter().flat_map(read).collect()
    })
}

fn likely() -> Confidence {
    Confidence::Likely
}

fn cause<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<RuleId>, D::Error> {
    rule(from).map(Some)
}

fn others<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<(RuleId, String)>, D::Error> {
    let named = Vec::<(String, String)>::deserialize(from)?;
    let read = |(cause, message): (String, String)| {
        let unknown = || serde::de::Error::custom(format!("no rule `{cause}`"));
        Ok((RuleId::parse(&cause).ok_or_else(unknown)?, message))
    };
    named.into_iter().map(read).collect()
}

/// Texts that live as long as the program, as the table does.
fn kept<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<&'static str>, D::Error> {
    Ok(Vec::<String>::deserialize(from)?.into_iter().map(leaked).collect())
}

fn groups<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<Vec<&'static str>>, D::Error> {
    Ok(kept(from)?.into_iter().map(split).collect())
}

fn alternatives<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<&'static str>, D::Error> {
    Ok(split(leaked(String::deserialize(from)?)))
}

fn leaked(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

fn split(words: &'static str) -> Vec<&'static str> {
    words.split(" | ").filter(|word| !word.is_empty()).collect()
}
