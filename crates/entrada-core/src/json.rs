//! JSON output for programs, safe to show on terminals.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter};

use super::text::is_hidden;

/// Appends `value` to `out` on one line. Characters that move the cursor, reorder text or hide text are written as
/// `\uXXXX`: a terminal shows them without acting on them, and a parser reads the original text.
///
/// # Errors
///
/// The error of serde_json for a value that JSON cannot express, such as a map whose keys are not text.
pub fn to_json<T: Serialize>(out: &mut Vec<u8>, value: &T) -> serde_json::Result<()> {
    value.serialize(&mut Serializer::with_formatter(out, Escaped(CompactFormatter)))
}

/// The same over several lines.
///
/// # Errors
///
/// The error of serde_json for a value that JSON cannot express, such as a map whose keys are not text.
pub fn to_json_pretty<T: Serialize>(out: &mut Vec<u8>, value: &T) -> serde_json::Result<()> {
    value.serialize(&mut Serializer::with_formatter(out, Escaped(PrettyFormatter::new())))
}

/// Wraps another formatter and escapes the characters that a terminal acts on.
struct Escaped<F>(F);

impl<F: Formatter> Formatter for Escaped<F> {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        to: &mut W,
        text: &str,
    ) -> io::Result<()> {
        // Most text is ASCII, in which DEL is the only character left to escape.
        if text.bytes().all(|byte| byte.is_ascii() && byte != 0x7f) {
            return to.write_all(text.as_bytes());
        }
        let mut done = 0;
        for (at, c) in text.char_indices().filter(|(_, c)| is_hidden(*c)) {
            to.write_all(text.get(done..at).unwrap_or_default().as_bytes())?;
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(to, "\\u{unit:04x}")?;
            }
            done = at + c.len_utf8();
        }
        to.write_all(text.get(done..).unwrap_or_default().as_bytes())
    }

    fn begin_array<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.0.begin_array(to)
    }

    fn end_array<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.0.end_array(to)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, to: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(to, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.0.end_array_value(to)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.0.begin_object(to)
    }

    fn end_object<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.0.end_object(to)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, to: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(to, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.0.begin_object_value(to)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.0.end_object_value(to)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn control_characters_are_escaped_and_parsed_back_unchanged() {
        let hidden: String = ('\0'..=char::MAX).filter(|c| is_hidden(*c)).collect();
        for c in
            "\u{2800}\u{110bd}\u{13430}\u{e000}\u{10fffd}\u{ffff}\u{fdd0}\u{1fffe}\u{3164}".chars()
        {
            assert!(hidden.contains(c), "{c:?}");
        }
        let value = json!({ &hidden: [&hidden, {"ä→日本\u{1f600}": "\"\\/é"}], "n": 1.5 });
        for write in [to_json::<Value>, to_json_pretty::<Value>] {
            let mut out = Vec::new();
            write(&mut out, &value).unwrap();
            let text = String::from_utf8(out).unwrap();
            assert!(!text.chars().any(|c| c != '\n' && is_hidden(c)), "{text:?}");
            assert!(text.contains("ä→日本\u{1f600}") && text.contains("\\udb40\\udc41"), "{text}");
            assert!(
                text.contains("\\u009b") && text.contains("\\u202e") && text.contains("\\u007f")
            );
            assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
        }
        let mut out = Vec::new();
        to_json(&mut out, &json!({"a": ["b", 1]})).unwrap();
        assert_eq!(out, br#"{"a":["b",1]}"#);
        let mut out = Vec::new();
        to_json_pretty(&mut out, &json!({"a": []})).unwrap();
        assert_eq!(out, b"{\n  \"a\": []\n}");
    }
}
