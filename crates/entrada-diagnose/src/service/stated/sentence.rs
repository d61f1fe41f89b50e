//! Sentences as groups of words that follow one another.

use std::sync::OnceLock;

use aho_corasick::AhoCorasick;

use super::author;
use super::family::{self, Family};
use crate::service::known_errors;

/// Bytes between two groups of one sentence.
const GAP: usize = 120;

/// Maximum number of sentences of one family that are looked at in a text.
const PLACES_MAX: usize = 40;

/// A text in which sentences are looked for.
pub(super) struct Sentences {
    /// With single spaces, without escapes.
    pub(super) text: String,
    hits: Hits<'static>,
}

impl Sentences {
    pub(super) fn of(text: &str) -> Self {
        let text = folded(text);
        let hits = patterns().hits(&text);
        Self { text, hits }
    }

    /// Where a sentence of the family with this number begins and ends. `of_service`: a service wrote the text.
    pub(super) fn find(
        &self,
        number: usize,
        family: &Family,
        of_service: bool,
    ) -> Option<(usize, usize)> {
        let text = &self.text;
        self.hits.of(number, text).find(|(from, to)| {
            let (from, to) = (*from, *to);
            !author::statement_has(text, from, to, &family.unless)
                && (of_service || author::is_program(text, from, to, family.is_bare))
                && !author::is_person(text, from, to)
        })
    }
}

fn patterns() -> &'static Patterns {
    static PATTERNS: OnceLock<Patterns> = OnceLock::new();
    PATTERNS.get_or_init(|| {
        Patterns::new(family::all().iter().map(|family| family.sentences.as_slice()))
    })
}

/// The prepared sentences of all families.
struct Patterns {
    search: Option<AhoCorasick>,
    words: Vec<Word>,
    sentences: Vec<Sentence>,
}

struct Word {
    sentence: usize,
    group: usize,
    /// Whether it may be the beginning of a longer word.
    is_start: bool,
}

struct Sentence {
    family: usize,
    groups: usize,
}

/// Where the words of the sentences stand in a text: for each sentence and group, each beginning and end.
struct Hits<'a> {
    sentences: &'a [Sentence],
    places: Vec<Vec<Vec<(usize, usize)>>>,
}

impl Patterns {
    fn new(families: impl Iterator<Item = &'static [&'static str]>) -> Self {
        let (mut words, mut texts, mut sentences) = (Vec::new(), Vec::new(), Vec::new());
        for (family, all) in families.enumerate() {
            for sentence in all {
                let groups = sentence.split(" .. ");
                for (group, alternatives) in groups.clone().enumerate() {
                    for word in alternatives.split(" | ") {
                        let bare = word.trim_end_matches('*');
                        texts.push(bare);
                        let is_start = bare.len() < word.len();
                        words.push(Word { sentence: sentences.len(), group, is_start });
                    }
                }
                sentences.push(Sentence { family, groups: groups.count() });
            }
        }
        // Only a set that is too large cannot be built.
        let search = AhoCorasick::builder().ascii_case_insensitive(true).build(texts).ok();
        Self { search, words, sentences }
    }

    fn hits(&self, text: &str) -> Hits<'_> {
        let empty = |sentence: &Sentence| vec![Vec::new(); sentence.groups];
        let mut places: Vec<Vec<Vec<_>>> = self.sentences.iter().map(empty).collect();
        for hit in self.search.iter().flat_map(|search| search.find_overlapping_iter(text)) {
            let Some(word) = self.words.get(hit.pattern().as_usize()) else { continue };
            let (before, after) = (&text[..hit.start()], &text[hit.end()..]);
            let said = &text[hit.start()..hit.end()];
            let is_part = (said.starts_with(is_of_word) && before.ends_with(is_of_word))
                || (!word.is_start && said.ends_with(is_of_word) && after.starts_with(is_of_word));
            if !is_part {
                places[word.sentence][word.group].push((hit.start(), hit.end()));
            }
        }
        for place in places.iter_mut().flatten() {
            place.sort_unstable();
        }
        Hits { sentences: &self.sentences, places }
    }
}

impl Hits<'_> {
    /// Where the sentences of a family stand in `text`, first to last.
    fn of(&self, family: usize, text: &str) -> impl Iterator<Item = (usize, usize)> + '_ {
        let mut found: Vec<(usize, usize)> = Vec::new();
        for (sentence, groups) in self.sentences.iter().zip(&self.places) {
            if sentence.family != family {
                continue;
            }
            let Some((first, rest)) = groups.split_first() else { continue };
            for (from, end) in first.iter().take(PLACES_MAX * 10) {
                let to = rest.iter().try_fold(*end, |end, group| next(group, end, text));
                if let Some(to) = to {
                    found.push((*from, to));
                    if PLACES_MAX <= found.len() {
                        break;
                    }
                }
            }
        }
        found.sort_unstable();
        found.into_iter()
    }
}

/// The end of the first word of `group` after `end` that belongs to the same statement.
fn next(group: &[(usize, usize)], end: usize, text: &str) -> Option<usize> {
    let at = group.partition_point(|(from, _)| *from < end);
    let (from, to) = *group.get(at)?;
    let between = text.get(end..from)?;
    let ends = between
        .match_indices(". ")
        .any(|(at, _)| text[end + at + 2..].starts_with(|c: char| c.is_ascii_uppercase()));
    (between.len() <= GAP && !ends && !between.contains(" | ")).then_some(to)
}

/// `text` with single spaces and straight quotes, without the escapes of JSON and HTML, colours and margins.
fn folded(text: &str) -> String {
    /// Maximum number of bytes that are searched.
    const TEXT_MAX: usize = 128 << 10;
    let mut end = text.len().min(TEXT_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    // The heading of a Python traceback states nothing, and `call` is a word of sentences.
    known_errors::plain(&text[..end]).0.replace(" (most recent call last)", "")
}

fn is_of_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}
