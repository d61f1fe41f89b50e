//! Strings with any of the three quotes, and the escapes of JSON, JavaScript and Python.

use super::Fold;

/// A string as it was read.
#[derive(Debug)]
pub(super) struct Text {
    pub(super) value: String,
    /// Its length in the text, with both quotes.
    pub(super) length: usize,
    /// Whether its closing quote was found.
    pub(super) closed: bool,
}

/// Reads the string at the start of `text`, which begins with its quote. A quote that is not followed by what follows a
/// value is a character of the string. Line breaks are joined as `fold` tells.
pub(super) fn read(text: &str, fold: Option<Fold>, line_start: &str) -> Text {
    let quote = text.as_bytes()[0];
    let triple = matches!(quote, b'"' | b'\'')
        && text.len() >= 3
        && text.as_bytes()[1..3] == [quote; 2]
        && !ends_value(&text[2..]);
    let mut at = if triple { 3 } else { 1 };
    let mut value = String::new();
    loop {
        let rest = &text[at..];
        let Some(end) =
            rest.bytes().position(|byte| byte == quote || byte == b'\\' || byte == b'\n')
        else {
            value.push_str(rest);
            return Text { value, length: text.len(), closed: false };
        };
        value.push_str(&rest[..end]);
        let mark = rest.as_bytes()[end];
        at += end + 1;
        let rest = &text[at..];
        if mark == b'\\' {
            at += escape(rest, &mut value);
        } else if mark == b'\n' {
            at += join(text, at, fold, line_start, &mut value);
        } else if triple && rest.as_bytes().starts_with(&[quote; 2]) {
            return Text { value, length: at + 2, closed: true };
        } else if !triple && ends_value(rest) {
            return Text { value, length: at, closed: true };
        } else {
            value.push(char::from(quote));
        }
    }
}

/// Whether `text`, after a quote, goes on as after a value or a name.
fn ends_value(text: &str) -> bool {
    let next = text.trim_start_matches([' ', '\t', '\r', '\n']);
    let broken = text[..text.len() - next.len()].contains('\n');
    next.is_empty()
        || next.starts_with([',', ':', '}', ']', ')', ';', '+'])
        || ["//", "/*", "=>", "="].iter().any(|mark| next.starts_with(mark))
        || broken && next.starts_with(['"', '\'', '`'])
}

/// Joins the lines before and after the line break that ends at `at` in `text`. Returns how much of the next line is skipped.
fn join(text: &str, at: usize, fold: Option<Fold>, line_start: &str, value: &mut String) -> usize {
    let before = &text[..at - 1];
    let before = before.rfind('\n').map_or(before, |start| &before[start + 1..]);
    let after = text[at..].split('\n').next().unwrap_or_default();
    if value.ends_with('\r') {
        value.pop();
    }
    let indent = after.len() - after.trim_start_matches([' ', '\t']).len();
    // Indentation is not part of the string; one blank may be.
    let (skipped, after) = if 1 < indent { (indent, &after[indent..]) } else { (0, after) };
    let first = before.len() == at - 1;
    let joint = match fold {
        // The line began before the string.
        Some(fold) if first => fold.joint(&format!("{line_start}{before}"), after),
        Some(fold) => fold.joint(before, after),
        None if value.ends_with(' ') || after.starts_with(' ') => "",
        None => " ",
    };
    value.push_str(joint);
    skipped
}

/// Adds the character of the escape at the start of `text`, after its backslash. Returns the length of the escape.
fn escape(text: &str, value: &mut String) -> usize {
    let Some(first) = text.chars().next() else { return 0 };
    let hex = |digits: &str| (!digits.is_empty()).then(|| u32::from_str_radix(digits, 16).ok())?;
    let digits = |from: usize, count: usize| text.get(from..from + count);
    match first {
        'n' => value.push('\n'),
        'r' => value.push('\r'),
        't' => value.push('\t'),
        'b' | 'f' | 'v' | '0' | 'a' => value.push(' '),
        '\n' => {}
        'x' => {
            let read = digits(1, 2).and_then(hex).and_then(char::from_u32);
            value.push(read.unwrap_or('x'));
            return if read.is_some() { 3 } else { 1 };
        }
        'u' if text[1..].starts_with('{') => {
            let end = text.bytes().take(12).position(|byte| byte == b'}');
            let read = end.and_then(|end| hex(&text[2..end])).and_then(char::from_u32);
            value.push(read.unwrap_or('u'));
            return if read.is_some() { end.map_or(1, |end| end + 1) } else { 1 };
        }
        'u' | 'U' => {
            let count = if first == 'u' { 4 } else { 8 };
            let Some(unit) = digits(1, count).and_then(hex) else {
                value.push(first);
                return 1;
            };
            // A character outside of the basic plane is two escapes in JSON.
            let pair = (0xd800..0xdc00).contains(&unit).then(|| {
                let low = digits(5, 6)?.strip_prefix("\\u").and_then(hex)?;
                (0xdc00..0xe000)
                    .contains(&low)
                    .then(|| 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00))
            });
            if let Some(read) = pair.flatten().and_then(char::from_u32) {
                value.push(read);
                return 11;
            }
            value.push(char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER));
            return 1 + count;
        }
        other => value.push(other),
    }
    first.len_utf8()
}
