//! Marks around and within a text: byte order marks, terminal escapes, line ends, Markdown fences, mail quoting.

use std::borrow::Cow;

use memchr::{memchr, memmem};

use crate::read::other_text::refuses;
use entrada_core::with_readable_values;

/// Removes byte order marks at the start.
pub(super) fn without_byte_order_mark(text: &str) -> Option<String> {
    text.starts_with('\u{feff}').then(|| text.trim_start_matches('\u{feff}').to_owned())
}

/// How ESC is written in a text: the character, and what programs print in its place.
const ESCAPES: [&str; 8] =
    ["\u{1b}", "\u{9b}", "\u{241b}", "^[", "#033", "\\u001b", "\\x1b", "\\033"];

/// The first bytes of them.
const STARTS: &[u8] = b"\x1b\xc2\xe2^#\\";

/// Maximum length in bytes of one escape sequence: longer ones are the text of an unfinished sequence.
const SEQUENCE_MAX: usize = 4_096;

/// Removes ECMA-48 control sequences and OSC strings. Colours whose ESC was lost (`[31m`) go if a reset (`[0m`) is there.
pub(super) fn without_escapes(text: &str) -> Option<String> {
    let bare = memmem::find(text.as_bytes(), b"[0m").is_some();
    let any = bare
        || text.bytes().any(|byte| STARTS.contains(&byte))
            && ESCAPES
                .iter()
                .any(|escape| memmem::find(text.as_bytes(), escape.as_bytes()).is_some());
    if !any {
        return None;
    }
    let mut plain = String::with_capacity(text.len());
    let (mut kept, mut at) = (0, 0);
    while let Some(start) =
        text.as_bytes()[at..].iter().position(|b| b"\x1b\xc2\xe2^#\\[".contains(b))
    {
        let start = at + start;
        let sequence =
            if text.is_char_boundary(start) { sequence_length(&text[start..], bare) } else { 0 };
        if sequence == 0 {
            at = start + 1;
            continue;
        }
        plain.push_str(&text[kept..start]);
        at = start + sequence;
        kept = at;
    }
    plain.push_str(&text[kept..]);
    (plain.len() < text.len()).then_some(plain)
}

/// The length in bytes of the escape sequence at the start of `text`; 0 if there is none.
fn sequence_length(text: &str, bare: bool) -> usize {
    if let Some(rest) = text.strip_prefix('[') {
        let numbered = rest.starts_with(|c: char| c.is_ascii_digit());
        return if bare && numbered { colour(text) } else { 0 };
    }
    let Some(escape) = ESCAPES.iter().find(|escape| text.starts_with(**escape)) else { return 0 };
    let rest = &text[escape.len()..];
    let written = !escape.starts_with(['\u{1b}', '\u{9b}']);
    let length = match rest.as_bytes().first() {
        _ if *escape == "\u{9b}" => control(rest),
        Some(b'[') if written => colour(rest),
        _ if written => 0,
        Some(b'[') => 1 + control(&rest[1..]),
        Some(b']' | b'P' | b'X' | b'^' | b'_') => string(rest),
        Some(b'(' | b')' | b'#' | b'%') => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
        Some(byte) if byte.is_ascii_graphic() => 1,
        _ => 0,
    };
    if length == 0 && written { 0 } else { escape.len() + length }
}

/// The length of the rest of a control sequence: parameters and the final byte.
fn control(text: &str) -> usize {
    let parameters = text.bytes().take_while(|byte| (0x20..0x40).contains(byte)).count();
    parameters
        + usize::from(
            text.as_bytes().get(parameters).is_some_and(|byte| (0x40..0x7f).contains(byte)),
        )
}

/// The length of a control sequence that sets a colour, from its bracket on; 0 if there is none.
fn colour(text: &str) -> usize {
    let parameters = text.bytes().skip(1).take_while(|b| b.is_ascii_digit() || *b == b';').count();
    let end = text.as_bytes().get(1 + parameters);
    if parameters <= 20 && matches!(end, Some(b'm' | b'K')) { parameters + 2 } else { 0 }
}

/// The length of a control string (OSC and its kin) with its terminator, which may be missing at the end of a line.
fn string(text: &str) -> usize {
    let window = &text.as_bytes()[..text.len().min(SEQUENCE_MAX)];
    let end = window.iter().position(|byte| matches!(byte, 0x07 | 0x1b | b'\n'));
    match end.map(|end| (end, window[end])) {
        Some((end, 0x07)) => end + 1,
        Some((end, 0x1b)) if window.get(end + 1) == Some(&b'\\') => end + 2,
        Some((end, _)) => end,
        None => 1,
    }
}

/// Values that a JSON parser rejects become values that say nothing.
pub(super) fn without_unreadable_values(text: &str) -> Option<String> {
    match with_readable_values(text) {
        Cow::Borrowed(_) => None,
        Cow::Owned(text) => Some(text),
    }
}

/// Makes each line end one `\n`.
pub(super) fn with_plain_line_ends(text: &str) -> Option<String> {
    memchr(b'\r', text.as_bytes())?;
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr(b'\r', rest.as_bytes()) {
        plain.push_str(&rest[..at]);
        rest = rest[at..].trim_start_matches('\r');
        rest = rest.strip_prefix('\n').unwrap_or(rest);
        plain.push('\n');
    }
    plain.push_str(rest);
    Some(plain)
}

/// Maximum length in characters of the language after a fence.
const LANGUAGE_MAX: usize = 12;

/// Replaces a link of Markdown that begins or ends inside a word by its text: GitHub makes `AADSTS700[21](https://…)3` of a
/// number in a log.
pub(super) fn without_links_in_words(text: &str) -> Option<String> {
    const TEXT_MAX: usize = 60;
    const ADDRESS_MAX: usize = 500;
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("](http") {
        let link = rest[..at].rfind('[').filter(|from| at - from <= TEXT_MAX);
        let end = rest[at..].find(')').filter(|end| *end <= ADDRESS_MAX).map(|end| at + end + 1);
        let in_word = |from: usize, end: usize| {
            rest[..from].ends_with(char::is_alphanumeric)
                || rest[end..].starts_with(char::is_alphanumeric)
        };
        match link.zip(end).filter(|(from, end)| in_word(*from, *end)) {
            Some((from, end)) => {
                plain.push_str(&rest[..from]);
                plain.push_str(&rest[from + 1..at]);
                rest = &rest[end..];
            }
            None => {
                plain.push_str(&rest[..at + 2]);
                rest = &rest[at + 2..];
            }
        }
    }
    plain.push_str(rest);
    (plain.len() < text.len()).then_some(plain)
}

/// Removes the lines of a Markdown fence. Chat programs also take fences within a line: its text stays.
pub(super) fn without_fences(text: &str) -> Option<String> {
    let tildes = text.lines().filter(|line| line.trim_end() == "~~~").count();
    if memmem::find(text.as_bytes(), b"```").is_none() && tildes < 2 {
        return None;
    }
    let mut plain = String::with_capacity(text.len());
    // Whether a fence was opened on a line with text.
    let mut inline = false;
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim();
        if 2 <= tildes && trimmed == "~~~" {
            continue;
        }
        let opened = trimmed.strip_prefix("```").map(|rest| rest.trim_start_matches('`'));
        let inner = opened.unwrap_or(trimmed).trim_end_matches("```").trim();
        if opened.is_some_and(|rest| inner.is_empty() || rest.trim() == inner && is_language(inner))
        {
            inline = false;
            continue;
        }
        if opened.is_some() || inline && trimmed.ends_with("```") {
            inline = !trimmed.ends_with("```");
            plain.push_str(inner);
            plain.push('\n');
        } else {
            plain.push_str(line);
        }
    }
    (plain != text).then_some(plain)
}

/// Whether the word after a fence names a language. Error codes have an underscore or more digits, and a chat program
/// puts the first word of the text there.
fn is_language(word: &str) -> bool {
    word.chars().count() <= LANGUAGE_MAX
        && word.chars().all(|c| c.is_ascii_alphanumeric() || "+-#.".contains(c))
        && word.chars().filter(char::is_ascii_digit).count() < 3
        && !refuses(word)
}

/// Removes `>` from the start of the lines, as deep as all lines have it. `curl -v` begins only the lines of its request
/// with `>`.
pub(super) fn without_quoting(text: &str) -> Option<String> {
    if !text.trim_start().starts_with('>') {
        return None;
    }
    // A line with nothing but marks stands for an empty line.
    let texts = text.lines().filter(|line| !line.trim_matches(['>', ' ', '\t']).is_empty());
    let empty_quoted =
        text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('>'));
    let depth = texts
        .map(|line| levels(line, usize::MAX).0)
        .min()
        .filter(|depth| 0 < *depth && empty_quoted)?;
    let mut plain = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        plain.push_str(&line[levels(line, depth).1..]);
    }
    Some(plain)
}

/// The number of quoting levels at the start of `line`, at most `max`, and their length in bytes.
fn levels(line: &str, max: usize) -> (usize, usize) {
    let (mut count, mut length) = (0, 0);
    while count < max {
        let rest = line[length..].trim_start_matches([' ', '\t']);
        if !rest.starts_with('>') {
            break;
        }
        length = line.len() - rest.len() + 1;
        count += 1;
    }
    let blank = 0 < count && line[length..].starts_with([' ', '\t']);
    (count, length + usize::from(blank))
}
