//! A place in the configuration file, and its line as the toml crate draws it. Only keys and punctuation are shown.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::is_known;
use entrada_core::clean_layout;

/// A place in the file: line and column count from 1.
pub(super) struct Place {
    pub(super) line: usize,
    pub(super) column: usize,
    /// The byte at which the line begins.
    start: usize,
    /// The whole line.
    pub(super) content: String,
    /// Characters to mark.
    width: usize,
}

impl Place {
    pub(super) fn of(text: &str, span: Range<usize>) -> Option<Self> {
        let before = text.get(..span.start)?;
        // A carriage return alone ends a line too.
        let is_end = |(at, found): (usize, &str)| {
            found == "\n" || !text.get(at + 1..).is_some_and(|rest| rest.starts_with('\n'))
        };
        let ends: Vec<usize> = before
            .match_indices(['\n', '\r'])
            .filter(|&end| is_end(end))
            .map(|(at, _)| at)
            .collect();
        let start = ends.last().map_or(0, |at| at + 1);
        let content = text.get(start..)?.split(['\n', '\r']).next().unwrap_or_default();
        let column = text.get(start..span.start)?.chars().count() + 1;
        let rest = content.chars().count().saturating_sub(column - 1);
        let width = text.get(span).map_or(1, |marked| marked.chars().count());
        Some(Self {
            line: ends.len() + 1,
            column,
            start,
            content: content.to_owned(),
            width: width.min(rest).max(1),
        })
    }

    /// As the toml crate draws it. `keys` are the places of the keys in the text.
    pub(super) fn drawing(&self, keys: &[Range<usize>]) -> String {
        let number = self.line.to_string();
        let gutter = " ".repeat(number.len());
        let content = self.without_values(keys);
        let (indent, mark) = (" ".repeat(self.column - 1), "^".repeat(self.width));
        format!("{gutter} |\n{number} | {content}\n{gutter} | {indent}{mark}\n")
    }

    /// The line with a star in place of each character that belongs neither to a key nor to the punctuation of TOML. Columns stay.
    fn without_values(&self, keys: &[Range<usize>]) -> String {
        let known = known_keys_in(&self.content);
        let is_in_key = |at: usize| {
            known.iter().any(|key| key.contains(&at))
                || keys.iter().any(|key| key.contains(&(self.start + at)))
        };
        let is_shown = |at: usize, c: char| {
            let follows_key = 0 < at && is_in_key(at - 1);
            c.is_whitespace()
                || PUNCTUATION.contains(c)
                || is_in_key(at)
                || (c == '.' && follows_key)
        };
        let shown = |(at, c): (usize, char)| if is_shown(at, c) { c } else { '*' };
        let line: String = self.content.char_indices().map(shown).collect();
        clean_layout(&line.replace('\t', " "))
    }
}

/// Characters that are shown wherever they stand.
const PUNCTUATION: &str = "\"'[]{},=";

/// The places of all keys in `text`; none if it is not TOML, because then a value may stand where a key is expected.
pub(super) fn key_spans(text: &str) -> Vec<Range<usize>> {
    fn add(value: &DeValue<'_>, spans: &mut Vec<Range<usize>>) {
        match value {
            DeValue::Table(table) => of_table(table, spans),
            DeValue::Array(all) => all.iter().for_each(|one| add(one.get_ref(), spans)),
            _ => (),
        }
    }
    fn of_table(table: &DeTable<'_>, spans: &mut Vec<Range<usize>>) {
        for (key, value) in table {
            spans.push(key.span());
            add(value.get_ref(), spans);
        }
    }
    let mut spans = Vec::new();
    if let Ok(table) = DeTable::parse(text) {
        of_table(table.get_ref(), &mut spans);
    }
    spans
}

/// The places in `line` of the words in front of `=`, or in a header, that are keys of the file.
fn known_keys_in(line: &str) -> Vec<Range<usize>> {
    let end = if line.trim_start().starts_with('[') { line.find(']') } else { line.find('=') };
    let region = &line[..end.unwrap_or_default()];
    let is_word = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    let words = region.split(|c| !is_word(c));
    let mut at = 0;
    let mut found = Vec::new();
    for word in words {
        if is_known(word) {
            found.push(at..at + word.len());
        }
        at += word.len();
        // The character that ends the word.
        at += region[at..].chars().next().map_or(0, char::len_utf8);
    }
    found
}
