//! What is wrong with the text of the configuration file: the message, the place as the toml crate draws it, and what to write
//! there. No value is quoted, because it may be a secret.

use std::fmt;
use std::ops::Range;

use super::job::JobTable;
use super::keys;
use entrada_core::{clean, clean_layout};

/// The example file, which shows every key with a value.
const EXAMPLE: &str = include_str!("../../config.example.toml");

/// Keys and tables of the file besides the settings.
pub(super) const TOP: [&str; 4] = ["default-profile", "defaults", "profiles", "jobs"];

/// Characters up to which a value is hidden only in quotes: without quotes it may be a part of a word.
const SHORT: usize = 3;

/// Why the text of the file is not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TomlFault {
    /// What is wrong, with line and column where they are known.
    message: String,
    /// The line with a mark under the place; empty where the place is not known.
    drawing: String,
    /// What to write instead.
    pub cure: Option<String>,
}

impl TomlFault {
    /// A fault of `message` at `span` of `text`.
    pub(super) fn at(text: &str, span: Option<Range<usize>>, message: impl Into<String>) -> Self {
        let message = message.into();
        let Some(place) = span.and_then(|span| Place::of(text, span)) else {
            return Self { message, drawing: String::new(), cure: None };
        };
        Self {
            message: format!("line {}, column {}: {message}", place.line, place.column),
            drawing: place.drawing(),
            cure: None,
        }
    }

    /// The fault that the toml crate found in `text`, whose values are in `table`.
    pub(super) fn of(text: &str, table: &toml::Table, error: &toml::de::Error) -> Self {
        let message = without_values(table, error.message());
        let cure = error
            .span()
            .and_then(|span| Place::of(text, span))
            .and_then(|place| example_of(key_of(&place.content)?));
        let cure = cure.map(|line| format!("write it like this: `{line}`"));
        Self { cure, ..Self::at(text, error.span(), message) }
    }

    /// A fault of the file as a whole.
    pub(super) fn whole(message: impl Into<String>) -> Self {
        Self { message: message.into(), drawing: String::new(), cure: None }
    }

    /// The line of the file with a mark under the place. Values are hidden.
    pub fn drawing(&self) -> &str {
        &self.drawing
    }
}

/// The message, without the drawing.
impl fmt::Display for TomlFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// A place in the file: line and column count from 1.
struct Place {
    line: usize,
    column: usize,
    /// The whole line.
    content: String,
    /// Characters to mark.
    width: usize,
}

impl Place {
    fn of(text: &str, span: Range<usize>) -> Option<Self> {
        let before = text.get(..span.start)?;
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        let content = text.get(start..)?.lines().next().unwrap_or_default();
        let column = text.get(start..span.start)?.chars().count() + 1;
        let rest = content.chars().count().saturating_sub(column - 1);
        let width = text.get(span).map_or(1, |marked| marked.chars().count());
        Some(Self {
            line: before.matches('\n').count() + 1,
            column,
            content: content.to_owned(),
            width: width.min(rest).max(1),
        })
    }

    /// As the toml crate draws it.
    fn drawing(&self) -> String {
        let number = self.line.to_string();
        let gutter = " ".repeat(number.len());
        let content = without_value(&self.content);
        let (indent, mark) = (" ".repeat(self.column - 1), "^".repeat(self.width));
        format!("{gutter} |\n{number} | {content}\n{gutter} | {indent}{mark}\n")
    }
}

/// The key at the start of a line of the form `key = value`.
fn key_of(line: &str) -> Option<&str> {
    let (key, _) = line.split_once('=')?;
    let key = key.trim();
    let known = keys().iter().map(String::as_str).chain(TOP).chain(JobTable::KEYS);
    // A key may be dotted: `profiles.work.tenant`.
    let last = key.rsplit('.').next().unwrap_or_default();
    known.into_iter().any(|own| own == last).then_some(last)
}

/// The line of the example file that sets `key`.
fn example_of(key: &str) -> Option<&'static str> {
    let lines = EXAMPLE.lines().filter_map(|line| line.strip_prefix('#'));
    let mut lines = lines.filter(|line| key_of(line) == Some(key));
    lines.next()
}

/// The line with a star in place of each character of what may be a value.
fn without_value(line: &str) -> String {
    let header = line.trim_start().strip_prefix('[').unwrap_or_default();
    let is_header = ["default", "profile", "job"].iter().any(|table| header.starts_with(table));
    if is_header {
        return harmless(line);
    }
    // What stands before a lone `=` may be the start of a value that fills several lines, such as base64.
    let shown = match line.split_once('=') {
        Some((key, _)) if key_of(line).is_some() || key.ends_with(' ') => key.len() + 1,
        _ => 0,
    };
    let (key, value) = line.split_at(shown);
    let hidden = |c: char| if c.is_whitespace() || "\"'[]{},".contains(c) { c } else { '*' };
    harmless(&format!("{key}{}", value.chars().map(hidden).collect::<String>()))
}

/// The line without characters that a terminal acts on. Columns stay.
fn harmless(line: &str) -> String {
    clean_layout(&line.replace('\t', " "))
}

/// The first line of `message` without the values in `table`.
fn without_values(table: &toml::Table, message: &str) -> String {
    let (said, expected) = message.split_at(message.find(", expected").unwrap_or(message.len()));
    let mut said = said.to_owned();
    for value in strings(&toml::Value::Table(table.clone())) {
        // Libraries quote a value as it is or with escapes.
        for form in [value.escape_debug().to_string(), value] {
            if SHORT < form.len() {
                said = said.replace(&form, "…");
            }
            said =
                said.replace(&format!("`{form}`"), "`…`").replace(&format!("\"{form}\""), "\"…\"");
        }
    }
    let message = said + expected;
    clean(message.lines().next().unwrap_or_default()).into_owned()
}

/// Every string in `value`, longest first.
fn strings(value: &toml::Value) -> Vec<String> {
    let mut found: Vec<String> = match value {
        toml::Value::String(text) => vec![text.clone()],
        toml::Value::Array(all) => all.iter().flat_map(strings).collect(),
        toml::Value::Table(all) => all.values().flat_map(strings).collect(),
        _ => Vec::new(),
    };
    found.sort_by_key(|text| std::cmp::Reverse(text.len()));
    found
}

#[cfg(test)]
mod tests {
    use super::super::ConfigFile;

    fn fault(text: &str) -> super::TomlFault {
        ConfigFile::parse(text).unwrap_err()
    }

    #[test]
    fn the_place_is_drawn_and_the_cure_is_a_line_of_the_example() {
        let error = fault("# mine\n[defaults]\n  min-ttl = 'soon' # later\n");
        assert_eq!(
            error.to_string(),
            "line 3, column 13: `…` is not a duration such as `90s`, `5m` or `1h30m`"
        );
        assert_eq!(
            error.drawing(),
            "  |\n3 |   min-ttl = '****' * *****\n  |             ^^^^^^\n"
        );
        assert_eq!(error.cure.as_deref(), Some("write it like this: `min-ttl = \"5m\"`"));
        let error = fault("[profiles.work]\ntenant = contoso.example\r\n");
        assert!(error.to_string().starts_with("line 2, column 10: "), "{error}");
        assert_eq!(
            error.drawing(),
            "  |\n2 | tenant = ***************\n  |          ^^^^^^^^^^^^^^^\n"
        );
        assert_eq!(error.cure.as_deref(), Some("write it like this: `tenant = \"common\"`"));
    }

    #[test]
    fn a_wrong_type_tells_the_right_one() {
        for (text, cure) in [
            ("[defaults]\njob = 5", "job = [\"graph-mail-read\"]"),
            ("[defaults]\nstrict = 'maybe'", "strict = false"),
            (
                "[jobs.crm]\naudience = 5",
                "audience = \"api://00000000-0000-0000-0000-000000000000\"",
            ),
            ("default-profile = 1", "default-profile = \"work\""),
            ("profiles.work.tenant = 5", "tenant = \"common\""),
        ] {
            let cure = format!("write it like this: `{cure}`");
            assert_eq!(fault(text).cure, Some(cure), "{text}: {}", fault(text));
        }
    }

    #[test]
    fn an_unknown_key_is_drawn_with_its_name() {
        let error = fault("[profiles.work]\njob = ['imap']\ntennant = 'hunter2'");
        assert_eq!(error.drawing(), "  |\n3 | tennant = '*******'\n  | ^^^^^^^\n");
        let error = fault("[profile.work]\n");
        assert_eq!(error.drawing(), "  |\n1 | [profile.work]\n  |  ^^^^^^^\n");
    }
}
