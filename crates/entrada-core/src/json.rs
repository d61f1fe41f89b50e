//! JSON output for programs, safe to show on terminals; JSON input with values that a parser rejects.

use std::borrow::Cow;
use std::io::{self, Write};

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter};

use super::text::is_hidden;

/// Appends `value` to `out` on one line. Characters that move the cursor, reorder text or hide text are written as
/// an escape of JSON, such as `\u202e`: a terminal shows them without acting on them, and a parser reads the original text.
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

/// `text` without the values that programs write and a JSON parser rejects: half of a surrogate pair (`\ud800`, RFC 8259 §8.2), a
/// number that no float holds (`1e400`), and `NaN` or `Infinity` as a member's value. Each is replaced by a value of the same length
/// that says nothing, so places in the text stay.
#[must_use]
pub fn with_readable_values(text: &str) -> Cow<'_, str> {
    let mut bytes = Cow::Borrowed(text.as_bytes());
    let mut put = |at: usize, value: &[u8]| {
        if let Some(place) = bytes.to_mut().get_mut(at..at + value.len()) {
            place.copy_from_slice(value);
        }
    };
    let unit = |at: usize| -> Option<u32> {
        let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
        let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_hex.then(|| u32::from_str_radix(digits, 16).ok())?
    };
    let mut at = 0;
    while let Some(next) =
        text.as_bytes().get(at..).and_then(|rest| memchr::memchr2(b'\\', b':', rest))
    {
        at += next;
        if text.as_bytes()[at] == b':' {
            at += 1;
            let (start, value) = value_at(text, at);
            let stand_in = match value {
                // A negative number is no time and no count.
                "NaN" => "-1 ".to_owned(),
                "Infinity" | "-Infinity" => format!("{:<1$}", "null", value.len()),
                _ if is_out_of_range(value) => format!("{:<1$}", "null", value.len()),
                _ => continue,
            };
            put(start, stand_in.as_bytes());
            at = start + value.len();
            continue;
        }
        at += match (unit(at), unit(at + 6)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 12,
            (Some(0xd800..=0xdfff), _) => {
                put(at, b"\\ufffd");
                6
            }
            // The next character is escaped, and may be a backslash.
            _ => 2,
        };
    }
    match bytes {
        Cow::Borrowed(_) => Cow::Borrowed(text),
        // Only ASCII was replaced, by ASCII.
        Cow::Owned(bytes) => String::from_utf8(bytes).map_or(Cow::Borrowed(text), Cow::Owned),
    }
}

/// The value without quotes behind the colon that ends before `at`, and its place. Empty where another value follows.
fn value_at(text: &str, at: usize) -> (usize, &str) {
    let rest = &text[at..];
    let value = rest.trim_start_matches([' ', '\t']);
    let start = text.len() - value.len();
    let end = value.find(|c: char| !(c.is_ascii_alphanumeric() || "+-.".contains(c)));
    let (value, after) = value.split_at(end.unwrap_or(value.len()));
    let ends = after.trim_start().chars().next().is_none_or(|next| ",}]".contains(next));
    (start, if ends { value } else { "" })
}

/// Whether `value` is a number that a float cannot hold.
fn is_out_of_range(value: &str) -> bool {
    value.starts_with(|first: char| first == '-' || first.is_ascii_digit())
        && value.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte))
        && value.parse::<f64>().is_ok_and(f64::is_infinite)
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
    fn values_that_a_parser_rejects_are_replaced_in_their_place() {
        for (text, expected) in [
            (r#"{"a":"x\ud800y"}"#, r#"{"a":"x\ufffdy"}"#),
            (r#"{"a":"\udc00\ud83d\ude00"}"#, r#"{"a":"\ufffd\ud83d\ude00"}"#),
            (r#"{"a":1e400,"b": -1e999 }"#, r#"{"a":null ,"b": null   }"#),
            (r#"{"a":NaN,"b":-Infinity}"#, r#"{"a":-1 ,"b":null     }"#),
        ] {
            let read = with_readable_values(text);
            assert_eq!(read, expected);
            assert!(serde_json::from_str::<Value>(&read).is_ok(), "{read}");
        }
        for text in [
            r#"{"a":"\\ud800 \ud83d\ude00","b":1e300}"#,
            "it says: NaNs everywhere",
            "C:\\users",
            "ä:é\\",
        ] {
            assert!(matches!(with_readable_values(text), Cow::Borrowed(_)), "{text}");
        }
    }

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
