//! Finds JSON in text, also as Python, Node and logs print it, and as people cut it.

mod dress;
mod parser;
mod string;
#[cfg(test)]
mod tests;

use std::ops::Range;

use serde_json::Value;

use self::dress::Dress;
use self::parser::Parser;
use super::fold::Fold;
use crate::read::limits;

/// An object, or an array of objects, in a text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Found {
    /// Its place in the text, in bytes.
    pub(crate) span: Range<usize>,
    /// Its value.
    pub(crate) value: Value,
    /// Whether the span is JSON as RFC 8259 defines it.
    pub(crate) strict: bool,
}

/// How many bytes are read for each byte of the text, at most. What follows an opening brace is often read more than once:
/// to find its end, strictly, and leniently.
const EFFORT: usize = 12;
/// Maximum number of objects that are returned.
const FOUND_MAX: usize = 10_000;

/// Returns the outermost objects and arrays of objects of `text`, in their order. What is no JSON is read as Python's `repr`,
/// as what Node prints, or as JSON with comments, line breaks in strings, escaped or doubled quotes, or without its end.
/// An object of those has to begin with a name and a value, so a word in braces is none.
pub(crate) fn objects(text: &str) -> Vec<Found> {
    let mut found = Vec::new();
    let bytes = text.as_bytes();
    let Some(mut at) = memchr::memchr2(b'{', b'[', bytes) else { return found };
    let fold = Fold::of(text.lines());
    let mut effort = bytes.len().saturating_mul(EFFORT) + (1 << 16);
    while found.len() < FOUND_MAX {
        let Some(next) = bytes.get(at..).and_then(|rest| memchr::memchr2(b'{', b'[', rest)) else {
            break;
        };
        at += next;
        let (object, read) = read(text, at, fold);
        match object {
            Some(object) => {
                at = object.span.end.max(at + 1);
                found.push(object);
            }
            None => at += 1,
        }
        let Some(left) = effort.checked_sub(read) else { break };
        effort = left;
    }
    found
}

/// The object at `at`, and the number of bytes read for it.
fn read(text: &str, at: usize, fold: Option<Fold>) -> (Option<Found>, usize) {
    let rest = &text[at..];
    let Some(start) = start_of_member(rest) else { return (None, 1) };
    let mut cost = 1;
    if let Some(dress) = Dress::of(&rest[start..]) {
        let levels = dress.remove(rest);
        cost += 2 * levels.iter().map(String::len).sum::<usize>();
        let Some(plain) = levels.last() else { return (None, cost) };
        let inner = read_plain(plain, 0, fold);
        cost += inner.1;
        let found = inner.0.map(|inner| Found {
            span: at..at + dress.position(rest, &levels, inner.span.end),
            strict: false,
            ..inner
        });
        return (found, cost);
    }
    let (found, read) = read_plain(text, at, fold);
    (found, cost + read)
}

/// As [`read`], of a text whose quotes are as they were written.
fn read_plain(text: &str, at: usize, fold: Option<Fold>) -> (Option<Found>, usize) {
    let rest = &text[at..];
    let first = start_of_member(rest).map(|start| &rest[start..]);
    let (end, mut cost) = match first {
        Some(first) if first.starts_with(['"', '}']) => match end_of_json(rest) {
            Ok(end) => (Some(end), end),
            Err(read) => (None, read),
        },
        _ => (None, 0),
    };
    if let Some(end) = end
        && limits::weigh(&rest[..end]).is_ok()
    {
        cost += end;
        if let Ok(value) = serde_json::from_str::<Value>(&rest[..end]) {
            return (Some(Found { span: at..at + end, value, strict: true }), cost);
        }
    }
    let mut parser = Parser::new(rest, fold);
    let value = parser.document();
    cost += parser.read();
    let found = value.map(|(value, end)| Found { span: at..at + end, value, strict: false });
    (found, cost)
}

/// The position of the first member after the opening braces and brackets of `text`; `None` if it cannot be an object or
/// an array of objects.
fn start_of_member(text: &str) -> Option<usize> {
    const BLANKS: [char; 4] = [' ', '\t', '\n', '\r'];
    let mut rest = &text[1..];
    if text.starts_with('[') {
        // The line breaks of an escaped text are escaped too.
        rest = rest.trim_start_matches(BLANKS).trim_start_matches("\\n").trim_start_matches(BLANKS);
        rest = rest.strip_prefix('{')?;
    }
    let mut start = rest.trim_start_matches(BLANKS);
    while let Some(next) = start.strip_prefix("\\n").or_else(|| start.strip_prefix("\\r")) {
        start = next.trim_start_matches(BLANKS);
    }
    Some(text.len() - start.len())
}

/// The end of the braces and brackets at the start of `text`, or how much was read without finding it.
fn end_of_json(text: &str) -> Result<usize, usize> {
    let mut depth = 0_usize;
    let mut bytes = text.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return Ok(at + 1);
                }
            }
            b'"' => {
                while let Some((_, byte)) = bytes.next() {
                    match byte {
                        b'"' => break,
                        b'\\' => drop(bytes.next()),
                        // JSON has no line break in a string.
                        b'\n' => return Err(at + 1),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    Err(text.len())
}
