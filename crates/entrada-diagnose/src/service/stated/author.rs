//! Whether a program wrote a sentence, or a person.

use super::super::azure::around;
use crate::service::has_code;

/// Words of a person who tells or asks something, in lower case.
const PERSON: [&str; 34] = [
    "about",
    "anybody",
    "anyone",
    "can i",
    "do i",
    "everybody",
    "everyone",
    "he",
    "her",
    "his",
    "how",
    "i",
    "i'm",
    "i've",
    "let's",
    "maybe",
    "me",
    "my",
    "nobody",
    "our",
    "ours",
    "she",
    "should",
    "somebody",
    "someone",
    "suppose",
    "their",
    "them",
    "they",
    "us",
    "we",
    "what",
    "why",
    "would",
];

/// Words before a colon or in brackets with which programs begin an error, in lower case; also inside longer words.
const HEADS: [&str; 20] = [
    "cause",
    "could not",
    "unable",
    "code",
    "credential",
    "denied",
    "desc",
    "detail",
    "error",
    "errs",
    "exception",
    "fail",
    "fatal",
    "forbidden",
    "message",
    "msg",
    "reason",
    "stderr",
    "unauthorized",
    "warn",
];

/// Beginnings of sentences that only programs write about a step that failed, in lower case.
const STARTS: [&str; 9] = [
    "cannot ",
    "could not ",
    "error ",
    "failed ",
    "failure ",
    "operation ",
    "unable to ",
    "you do not ",
    "access to ",
];

/// Maximum length of a text that is one sentence.
const SENTENCE: usize = 220;

/// Bytes around a sentence in which a mark of a program is looked for.
const NEAR: usize = 60;

/// Whether something in `text` marks the sentence from `from` to `to` as a program's. `bare`: it may also be the whole text.
pub(super) fn is_program(text: &str, from: usize, to: usize, bare: bool) -> bool {
    let start = statement_start(text, from);
    let (before, own) = (&text[..start], &text[start..end_of(text, start, to)]);
    let lower = own.to_ascii_lowercase();
    has_head(before)
        || has_code(own)
        || own.contains(['`', '"', '\''])
        || STARTS.iter().any(|it| lower.starts_with(it))
        || has_code(around(text, from.saturating_sub(NEAR), to + NEAR))
        || (bare && text.len() <= SENTENCE && from <= 60)
}

/// Whether a person wrote the part of the statement up to the end of the sentence.
pub(super) fn is_person(text: &str, from: usize, to: usize) -> bool {
    let start = statement_start(text, from);
    let lower = text[start..to].to_ascii_lowercase();
    let end = end_of(text, start, to);
    let asks = text[end..].starts_with('?') || text[to..end].contains('?');
    // A description of what may happen is no report of it.
    let after = text[to..end].to_ascii_lowercase();
    let describes = ["unless", "can be", "may be"].iter().any(|word| has_word(&lower, word))
        || has_word(&after, "unless")
        || lower.starts_with("if ")
        || has_word(&text[start..from].to_ascii_lowercase(), "when");
    asks || describes || is_step(text, start) || PERSON.iter().any(|word| has_word(&lower, word))
}

/// Whether the statement at `start` is an item of a numbered list: one of the steps that a person describes.
fn is_step(text: &str, start: usize) -> bool {
    let Some(before) = text[..start].strip_suffix(". ") else { return false };
    let number = before.rsplit(' ').next().unwrap_or_default();
    match number.parse::<u8>() {
        Ok(1) => text[start..].contains(" 2. "),
        Ok(number @ 2..) => format!(" {before}").contains(&format!(" {}. ", number - 1)),
        _ => false,
    }
}

/// Whether the statement with the sentence from `from` to `to` has one of `words`.
pub(super) fn statement_has(text: &str, from: usize, to: usize, words: &[&str]) -> bool {
    let end = end_of(text, statement_start(text, from), to);
    let lower = around(text, from.saturating_sub(2 * NEAR), end).to_ascii_lowercase();
    words.iter().any(|word| lower.contains(word))
}

/// Where the statement begins: after the end of a sentence, a colon or an opening quote.
fn statement_start(text: &str, from: usize) -> usize {
    let before = &text[..from];
    let marks = [". ", ": ", "; ", "! ", "? ", "] ", "\"", " '", " `", " - ", "> ", ") "];
    marks.iter().filter_map(|mark| before.rfind(mark).map(|at| at + mark.len())).max().unwrap_or(0)
}

/// Where the statement ends that begins at `start`: in quotes with the closing one.
fn end_of(text: &str, start: usize, to: usize) -> usize {
    let rest = &text[to..];
    let quote = text[..start].chars().next_back().filter(|last| ['"', '\'', '`'].contains(last));
    if let Some(at) = quote.and_then(|quote| rest.find(quote)) {
        return to + at;
    }
    let marks = [". ", "; ", "! ", "? "];
    marks.iter().filter_map(|mark| rest.find(mark)).min().map_or(text.len(), |at| to + at)
}

/// Whether the words before a statement end with the head of an error.
fn has_head(before: &str) -> bool {
    let near = around(before, before.len().saturating_sub(2 * NEAR), before.len());
    let near = near.trim_end().to_ascii_lowercase();
    near.ends_with([':', ']', '"', '=', '>', '\'', '`', '(', ')', '-'])
        && HEADS.iter().any(|head| near.contains(head))
}

/// Whether `word` stands in `text` as a whole word.
fn has_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let is_of_word =
            |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-' || c == '.' || c == '/';
        !text[..at].ends_with(is_of_word) && !text[at + word.len()..].starts_with(is_of_word)
    })
}
