//! No finding is `certain` on prose alone: a sentence without a status, JSON or the tag of a mail server may be quoted, translated,
//! or written by a person.
//!
//! The exception is a code that a machine made (`has_code`). The tables are in lower case, so a phrase of a single word counts as one.

use super::hypothesis::has_code;
use super::known_errors;
use super::words::{
    CHALLENGED, DIRECTORY, IN_PROSE, MALFORMED, NO_MAILBOX, NO_PERMISSION, NO_USER, SIGNATURE,
    THROTTLED, WORDS,
};
use crate::{Confidence, Context, Severity, diagnose, sentences};
use entrada_core::NumericDate;

const NOW: NumericDate = NumericDate(1_800_000_000);

/// All sentences of the catalogue.
fn catalogue() -> Vec<String> {
    let words = WORDS.iter().flat_map(|(phrases, ..)| phrases.iter());
    let lists: [&[&str]; 8] = [
        &CHALLENGED,
        &DIRECTORY,
        &MALFORMED,
        &NO_MAILBOX,
        &NO_PERMISSION,
        &NO_USER,
        &SIGNATURE,
        &THROTTLED,
    ];
    let of_lists = lists.into_iter().flatten().chain(words).chain(&IN_PROSE);
    let mut all: Vec<String> = of_lists.map(|phrase| (*phrase).to_owned()).collect();
    all.extend(known_errors::bare_sentences());
    all.extend(sentences::bare_sentences());
    all
}

#[test]
fn no_sentence_alone_is_certain() {
    let all = catalogue();
    assert!(300 < all.len(), "{} sentences", all.len());
    let mut certain = Vec::new();
    for sentence in all.iter().filter(|sentence| sentence.contains(' ') && !has_code(sentence)) {
        for text in [sentence.clone(), format!("It says: {sentence}.")] {
            let diagnosis = diagnose(&text, &Context::default(), NOW).unwrap();
            let found = diagnosis.findings.iter().find(|finding| {
                finding.severity != Severity::Note && finding.confidence == Confidence::Certain
            });
            certain.extend(found.map(|found| format!("{text}: {}", found.rule.id.as_str())));
        }
    }
    assert!(certain.is_empty(), "{} are certain:\n{}", certain.len(), certain.join("\n"));
}
