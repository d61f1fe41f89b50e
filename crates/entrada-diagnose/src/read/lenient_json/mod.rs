//! Finds JSON in text, also as Python, Node and logs print it, and as people cut it.

mod dress;
mod literal;
mod parser;
mod string;
#[cfg(test)]
mod tests;
mod value;

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
    /// Whether a string has a line break that no fold explains: what stood there is unknown.
    pub(crate) broken: bool,
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
        let Some(start) = start_of_member(bytes, at) else {
            at += 1;
            continue;
        };
        let attempt = read(text, at, start, fold);
        if let Some(object) = attempt.found {
            at = object.span.end.max(at + 1);
            found.push(object);
        } else {
            at += attempt.skip.max(1);
            while !text.is_char_boundary(at) {
                at += 1;
            }
        }
        let Some(left) = effort.checked_sub(attempt.read) else { break };
        effort = left;
    }
    found
}

/// What came of reading an object.
#[derive(Default)]
struct Attempt {
    found: Option<Found>,
    /// The number of bytes that were read, each as often as it was read.
    read: usize,
    /// The number of bytes that hold no object either, if it was not found.
    skip: usize,
}

/// Reads the object or array at `at`, whose first member begins at `start`.
fn read(text: &str, at: usize, start: usize, fold: Option<Fold>) -> Attempt {
    let Some(dress) = Dress::of(&text[start..]) else { return read_plain(text, at, start, fold) };
    let rest = &text[at..];
    let levels = dress.remove(rest);
    let read = 2 * levels.iter().map(String::len).sum::<usize>();
    let Some(plain) = levels.last() else { return Attempt::default() };
    let Some(start) = start_of_member(plain.as_bytes(), 0) else {
        return Attempt { read, ..Attempt::default() };
    };
    let inner = read_plain(plain, 0, start, fold);
    let found = inner.found.map(|inner| Found {
        span: at..at + dress.position(rest, &levels, inner.span.end),
        strict: false,
        ..inner
    });
    Attempt { found, read: read + inner.read, skip: inner.skip }
}

/// As [`read`], of a text whose quotes are as they were written.
fn read_plain(text: &str, at: usize, start: usize, fold: Option<Fold>) -> Attempt {
    let rest = &text[at..];
    let mut read = 1;
    if text[start..].starts_with(['"', '}']) {
        match end_of_json(rest) {
            Ok(end) => {
                read += 2 * end;
                if limits::weigh(&rest[..end]).is_ok()
                    && let Ok(value) = serde_json::from_str(&rest[..end])
                {
                    let found =
                        Some(Found { span: at..at + end, value, strict: true, broken: false });
                    return Attempt { found, read, skip: 0 };
                }
            }
            Err(searched) => read += searched,
        }
    }
    let mut parser = Parser::new(rest, fold);
    let found = parser.document().map(|(value, end)| {
        let broken = fold.is_none() && has_open_line(&rest[..end]);
        Found { span: at..at + end, value, strict: false, broken }
    });
    read += parser.read();
    let skip = if parser.is_over_limit() { parser.read() } else { 0 };
    Attempt { found, read, skip }
}

/// Whether a line of `text` ends within a string.
fn has_open_line(text: &str) -> bool {
    text.lines().any(|line| {
        let quotes = line.match_indices('"').filter(|(at, _)| !line[..*at].ends_with('\\'));
        quotes.count() % 2 == 1
    })
}

/// The position of the first member after the brace or bracket at `at`; `None` if what follows cannot be an object or an
/// array of objects.
fn start_of_member(bytes: &[u8], at: usize) -> Option<usize> {
    // The line breaks of an escaped text are escaped too.
    let skip = |mut at: usize| loop {
        match bytes.get(at..)? {
            [b' ' | b'\t' | b'\n' | b'\r', ..] => at += 1,
            [b'\\', b'n' | b'r' | b't', ..] => at += 2,
            _ => return Some(at),
        }
    };
    let mut start = skip(at + 1)?;
    if bytes[at] == b'[' {
        if bytes.get(start) != Some(&b'{') {
            return None;
        }
        start = skip(start + 1)?;
    }
    let first = *bytes.get(start)?;
    (first.is_ascii_alphanumeric() || 0x80 <= first || b"\"'`_$@}\\&/#".contains(&first))
        .then_some(start)
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
