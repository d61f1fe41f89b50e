//! Values of members: strings, and texts without quotes.

use serde_json::Value;

use super::literal::{is_assignment, is_class, is_frame, is_spaced_assignment, literal};
use super::parser::Parser;
use super::string::{self, Text};

/// Maximum length of a folded line in bytes.
const LINE_MAX: usize = 1_000;

impl<'a> Parser<'a> {
    /// A string, or several that are added to each other.
    pub(super) fn string(&mut self) -> Option<Value> {
        let Text { mut value, closed, .. } = self.text();
        if !closed {
            self.truncated = true;
            // The start of a sentence tells something, the start of a word may be that of another.
            let end = self.text.len();
            let sentence = value.trim().contains(' ');
            self.complete = if sentence { end } else { self.complete };
            return sentence.then_some(Value::String(value));
        }
        loop {
            let end = self.at;
            self.blanks();
            let added = self.take("+");
            self.blanks();
            if !matches!(self.peek(), Some('"' | '\'' | '`'))
                || !added && !self.text[end..self.at].contains('\n')
            {
                self.at = end;
                return Some(Value::String(value));
            }
            let next = self.text();
            let after = self.rest().trim_start();
            if !added && (after.starts_with(':') || after.starts_with("=>")) || !next.closed {
                // The name of the next member, after a missing comma.
                self.read = self.read();
                self.at = end;
                return Some(Value::String(value));
            }
            value.push_str(&next.value);
        }
    }

    /// Reads the string here.
    pub(super) fn text(&mut self) -> Text {
        let text = string::read(self.rest(), self.fold, self.line_start());
        self.at += text.length;
        text
    }

    /// The text between the start of the line and the position. Of a long line, which was not folded, the end.
    pub(super) fn line_start(&self) -> &'a str {
        let window = self.text.ceil_boundary(self.at.saturating_sub(LINE_MAX));
        let before = &self.text[window..self.at];
        before.rfind('\n').map_or(before, |start| &before[start + 1..])
    }

    /// A value without quotes: up to the comma, the end of the line, or the closing brace. `Name {` begins an object.
    pub(super) fn bare(&mut self) -> Option<Value> {
        let start = self.at;
        self.skip_bare();
        let text = self.text[start..self.at].trim();
        if self.peek() == Some('{') && is_class(text) {
            let value = self.nested()?;
            let Value::Object(mut members) = value else { return Some(value) };
            if let Some((_, message)) = text.split_once(": ") {
                let message = message.split('\n').next().unwrap_or(message);
                members.entry("message").or_insert_with(|| message.trim().into());
            }
            return Some(Value::Object(members));
        }
        if self.at == self.text.len() {
            self.truncated = true;
            let sentence = text.contains(' ');
            self.complete = if sentence { self.at } else { self.complete };
            return sentence.then(|| text.into());
        }
        // The frames of an error are no part of its message.
        Some(literal(text.split('\n').next().unwrap_or(text).trim_end()))
    }

    /// Skips a value without quotes.
    pub(super) fn skip_bare(&mut self) {
        let mut open = 0_usize;
        let rest = self.rest();
        let end = rest.char_indices().find(|(at, c)| match c {
            '(' | '[' | '<' => {
                open += 1;
                false
            }
            ')' | ']' if open == 0 => true,
            ')' | ']' | '>' => {
                open = open.saturating_sub(1);
                false
            }
            ',' => open == 0,
            // An error has its frames on the next lines.
            '\n' => !is_frame(rest[at + 1..].trim_start()),
            '{' | '}' => true,
            _ => false,
        });
        self.at += end.map_or(rest.len(), |(end, _)| end);
    }

    /// The value after `=`: up to `;`, the next `, name=`, or the closing brace.
    pub(super) fn assigned(&mut self) -> Option<Value> {
        let rest = self.rest();
        if rest.starts_with('{') || rest.starts_with("@{") {
            self.take("@");
            return self.nested();
        }
        let mut open = 0_usize;
        let end = rest.char_indices().find(|(at, c)| match c {
            '{' => {
                open += 1;
                false
            }
            '}' if 0 < open => {
                open -= 1;
                false
            }
            '}' => true,
            ';' => open == 0,
            // The members of a PowerShell script stand on lines of their own.
            '\n' => open == 0 && is_spaced_assignment(&rest[at + 1..]),
            ',' => open == 0 && is_assignment(&rest[at + 1..]),
            _ => false,
        });
        let Some((end, _)) = end else {
            self.at = self.text.len();
            self.truncated = true;
            let sentence = rest.trim().contains(' ');
            self.complete = if sentence { self.at } else { self.complete };
            return sentence.then(|| rest.trim().into());
        };
        self.at += end;
        let value = rest[..end].trim();
        let quoted = ['"', '\'']
            .into_iter()
            .find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote));
        Some(quoted.map_or_else(|| literal(value), Value::from))
    }
}

/// Positions between characters.
pub(super) trait Boundary {
    /// The first boundary at or after `at`, at most the length.
    fn ceil_boundary(&self, at: usize) -> usize;
}

impl Boundary for str {
    fn ceil_boundary(&self, at: usize) -> usize {
        (at..self.len()).find(|at| self.is_char_boundary(*at)).unwrap_or(self.len())
    }
}
