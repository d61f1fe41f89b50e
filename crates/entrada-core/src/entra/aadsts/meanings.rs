//! The numbers with several meanings: the authority's text decides which one applies.

use std::sync::OnceLock;

use serde::Deserialize;

/// One record on each line, those of one number together. The data is parsed at the first look-up.
const DATA: &str = include_str!("../data/aadsts_meanings.json");

/// One of the meanings of an AADSTS number, and the text by which it is recognised.
///
/// Microsoft may change its texts, so a number without a matching text keeps the meaning of its own record.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Meaning {
    /// The number after `AADSTS`.
    pub code: u64,
    /// Phrases in lower case, all of which are in the text.
    pub words: Vec<&'static str>,
    /// Phrases in lower case, one of which is in the text; empty if none is required.
    #[serde(default)]
    pub any: Vec<&'static str>,
    /// Phrases in lower case, none of which is in the text.
    #[serde(default)]
    pub without: Vec<&'static str>,
    /// The `error` member that comes with it, if that decides.
    #[serde(default)]
    pub error: Option<&'static str>,
    /// What happened, in a few words.
    pub meaning: &'static str,
    /// The id in [`crate::entra::causes`].
    pub cause: &'static str,
    /// What to do; `None` if the remedy of the number applies.
    #[serde(default)]
    pub remedy: Option<&'static str>,
    /// Whether the text proves the meaning.
    pub certain: bool,
    /// A text of the authority that has this meaning, and no earlier one of the same number.
    pub example: &'static str,
}

impl Meaning {
    fn fits(&self, text: &str, error: &str) -> bool {
        let has = |phrase: &&str| text.contains(phrase);
        self.words.iter().all(has)
            && (self.any.is_empty() || self.any.iter().any(has))
            && !self.without.iter().any(has)
            && self.error.is_none_or(|own| own == error)
    }

    /// The signs of this meaning for people: the phrases in quotation marks, and the `error` member.
    pub fn signs(&self) -> String {
        let quoted = |phrase: &&str| format!("“{phrase}”");
        let mut signs: Vec<String> = self.words.iter().map(quoted).collect();
        if !self.any.is_empty() {
            signs.push(self.any.iter().map(quoted).collect::<Vec<_>>().join(" or "));
        }
        signs.extend(self.error.map(|error| format!("`error` is `{error}`")));
        signs.join(", ")
    }
}

/// All meanings, by number; those of one number in the order in which they are tried.
pub fn all() -> &'static [Meaning] {
    static ALL: OnceLock<Vec<Meaning>> = OnceLock::new();
    // The data is part of the program, and a test checks that it parses.
    ALL.get_or_init(|| serde_json::from_str(DATA).unwrap_or_default())
}

/// The meanings of `code`, in the order in which they are tried; empty if the number has one meaning.
pub fn of(code: u64) -> &'static [Meaning] {
    let start = all().partition_point(|meaning| meaning.code < code);
    let end = all().partition_point(|meaning| meaning.code <= code);
    all().get(start..end).unwrap_or_default()
}

/// The meaning of `code` in an answer with this `error_description` and `error`; `None` if the text decides nothing.
///
/// ```
/// use entrada_core::entra::aadsts::meanings;
///
/// let text = "AADSTS70000: The provided value for the 'code' parameter is not valid.";
/// assert_eq!(meanings::find(70_000, text, "invalid_grant").unwrap().cause, "auth-code-reused");
/// assert!(meanings::find(70_000, "AADSTS70000", "invalid_grant").is_none());
/// ```
pub fn find(code: u64, description: &str, error: &str) -> Option<&'static Meaning> {
    let meanings = of(code);
    // Most numbers have one meaning, and need no copy of the text.
    if meanings.is_empty() {
        return None;
    }
    let text = description.to_ascii_lowercase();
    meanings.iter().find(|meaning| meaning.fits(&text, error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entra::{aadsts, causes};

    #[test]
    fn the_table_parses_and_is_sorted_by_number() {
        let parsed: Vec<Meaning> = serde_json::from_str(DATA).unwrap();
        assert!(115 <= parsed.len(), "{}", parsed.len());
        assert!(parsed.is_sorted_by_key(|meaning| meaning.code));
        assert_eq!(DATA.lines().count(), parsed.len() + 2, "one record per line");
        let numbers: std::collections::BTreeSet<u64> = parsed.iter().map(|own| own.code).collect();
        assert_eq!(numbers.len(), 39);
    }

    #[test]
    fn every_example_has_its_own_meaning_and_no_other() {
        for meaning in all() {
            let error = meaning.error.unwrap_or("invalid_grant");
            let found = find(meaning.code, meaning.example, error).unwrap();
            assert_eq!(found, meaning, "{}", meaning.example);
            let named = format!("AADSTS{}:", meaning.code);
            assert!(meaning.example.starts_with(&named), "{}", meaning.example);
            assert_eq!(find(meaning.code, &named, "other"), None, "{named} alone decides nothing");
        }
    }

    #[test]
    fn every_record_is_complete_and_safe_to_print() {
        for meaning in all() {
            assert!(aadsts::find(meaning.code).is_some(), "{}", meaning.code);
            assert!(causes::is_cause(meaning.cause), "{}", meaning.cause);
            let phrases = || meaning.words.iter().chain(&meaning.any).chain(&meaning.without);
            assert!(phrases().all(|own| *own == own.to_ascii_lowercase()), "{meaning:?}");
            assert!(phrases().next().is_some() || meaning.error.is_some(), "{meaning:?}");
            for text in [Some(meaning.meaning), meaning.remedy].into_iter().flatten() {
                assert!(!text.is_empty() && text.len() < 200, "{text}");
                assert!(!text.ends_with('.') && !text.contains('\n'), "{text}");
                assert!(text.matches('`').count() % 2 == 0, "{text}");
            }
            assert!(!meaning.signs().is_empty());
        }
    }

    #[test]
    fn a_meaning_with_another_cause_has_its_own_remedy() {
        for meaning in all() {
            let of_number = aadsts::find(meaning.code).unwrap().cause;
            assert!(meaning.remedy.is_some() || of_number == Some(meaning.cause), "{meaning:?}");
        }
    }

    #[test]
    fn a_number_with_one_meaning_has_no_entry() {
        assert!(of(0).is_empty() && of(700_082).is_empty() && of(u64::MAX).is_empty());
        assert_eq!(of(70_008).len(), 4);
    }
}
