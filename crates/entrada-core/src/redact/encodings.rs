//! Decodes text encodings character by character, with the position of each character in the original text.

use std::ops::Range;

use crate::text::is_hidden;

/// The line length after which base64 continues on the next line.
const LINE_MIN: usize = 20;
/// The length of a GUID in characters.
pub(super) const GUID: usize = 36;

/// A character and its position in the searched text.
#[derive(Clone, Copy)]
pub(super) struct Letter {
    pub(super) c: char,
    pub(super) from: usize,
    pub(super) to: usize,
}

/// Characters that leave a secret readable where they stand in it: hidden ones, and marks that are drawn over a letter.
pub(super) fn is_ignored(c: char) -> bool {
    let is_mark = matches!(c, '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
        | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}');
    is_mark || is_hidden(c)
}

/// Characters that may separate the parts of a secret.
pub(super) fn is_skipped(c: char) -> bool {
    c.is_whitespace() || is_ignored(c)
}

pub(super) fn letters(text: &str) -> Vec<Letter> {
    text.char_indices().map(|(at, c)| Letter { c, from: at, to: at + c.len_utf8() }).collect()
}

/// The positions of GUIDs.
pub(super) fn guids(letters: &[Letter]) -> Vec<Range<usize>> {
    let all = letters.windows(GUID).enumerate().filter(|(_, letters)| is_guid(letters));
    all.map(|(at, _)| at..at + GUID).collect()
}

pub(super) fn is_guid(letters: &[Letter]) -> bool {
    letters.len() == GUID
        && letters.iter().enumerate().all(|(at, letter)| match at {
            8 | 13 | 18 | 23 => letter.c == '-',
            _ => letter.c.is_ascii_hexdigit(),
        })
}

/// The characters that begin an escape: of percent-encoding (RFC 3986), of JSON, and of HTML.
pub(super) const ESCAPES: [char; 3] = ['%', '\\', '&'];

/// `view` with those escapes decoded that begin with one of `escapes`.
pub(super) fn unescaped(view: &[Letter], escapes: &[char]) -> Vec<Letter> {
    let mut out: Vec<Letter> = Vec::with_capacity(view.len());
    let mut rest = view;
    while let Some(first) = rest.first() {
        let (c, length) = match first.c {
            c if !escapes.contains(&c) => None,
            '%' => percent(rest),
            '\\' => backslash(rest),
            '&' => reference(rest),
            _ => None,
        }
        .unwrap_or((first.c, 1));
        let (of, after) = rest.split_at(length.min(rest.len()));
        let to = of.last().map_or(first.to, |last| last.to);
        out.push(Letter { c, from: first.from, to });
        rest = after;
    }
    out
}

/// The number that `digits` hexadecimal characters from `start` on spell.
fn hexadecimal(letters: &[Letter], start: usize, digits: usize) -> Option<u32> {
    let digits = letters.get(start..start + digits)?;
    digits.iter().try_fold(0, |number, letter| Some(number << 4 | letter.c.to_digit(16)?))
}

/// `%2F`, and `%C3%A4`, which is one character.
fn percent(letters: &[Letter]) -> Option<(char, usize)> {
    let first = u8::try_from(hexadecimal(letters, 1, 2)?).ok()?;
    let length: usize = match first {
        0xc2..0xe0 => 2,
        0xe0..0xf0 => 3,
        0xf0..0xf5 => 4,
        _ => 1,
    };
    let byte = |at: usize| {
        let sign = letters.get(at * 3).is_some_and(|letter| letter.c == '%');
        sign.then(|| hexadecimal(letters, at * 3 + 1, 2)).flatten()
    };
    let bytes: Option<Vec<u8>> =
        (0..length).map(|at| byte(at).and_then(|byte| u8::try_from(byte).ok())).collect();
    let c = bytes.and_then(|bytes| std::str::from_utf8(&bytes).ok()?.chars().next());
    c.map(|c| (c, length * 3)).or(Some((char::from(first), 3)))
}

/// `\u002f`, `\x2f`, `\/`.
fn backslash(letters: &[Letter]) -> Option<(char, usize)> {
    match letters.get(1)?.c {
        'u' => {
            let unit = hexadecimal(letters, 2, 4)?;
            let low = || {
                let mark = (letters.get(6)?.c, letters.get(7)?.c) == ('\\', 'u');
                mark.then(|| hexadecimal(letters, 8, 4)).flatten()
            };
            match (unit, low()) {
                (0xd800..0xdc00, Some(low @ 0xdc00..0xe000)) => {
                    char::from_u32(0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00))
                        .map(|c| (c, 12))
                }
                _ => char::from_u32(unit).map(|c| (c, 6)),
            }
        }
        'x' => Some((char::from_u32(hexadecimal(letters, 2, 2)?)?, 4)),
        'n' | 'r' | 't' | 'b' | 'f' => Some((' ', 2)),
        other => Some((other, 2)),
    }
}

/// `&#47;`, `&#x2f;`, `&amp;`.
fn reference(letters: &[Letter]) -> Option<(char, usize)> {
    const LONGEST: usize = 12;
    let length = letters.iter().take(LONGEST).position(|letter| letter.c == ';')? + 1;
    let name: String = letters.get(1..length - 1)?.iter().map(|letter| letter.c).collect();
    let c = match name.as_str() {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "sol" => '/',
        "plus" => '+',
        "equals" => '=',
        "period" => '.',
        name => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)?
        }
    };
    Some((c, length))
}

/// `view` with quoted-printable decoded (RFC 2045 §6.7), soft line breaks included; `None` if it has none.
pub(super) fn unquoted(view: &[Letter]) -> Option<Vec<Letter>> {
    if !view.iter().any(|letter| letter.c == '=') {
        return None;
    }
    let mut out: Vec<Letter> = Vec::with_capacity(view.len());
    let (mut at, mut from) = (0, None);
    while let Some(letter) = view.get(at) {
        let byte = (letter.c == '=').then(|| hexadecimal(view, at + 1, 2)).flatten();
        let blanks = view.iter().skip(at + 1).take_while(|next| next.c.is_whitespace());
        let line_ends = letter.c == '=' && blanks.clone().any(|next| next.c == '\n');
        if line_ends {
            from = from.or(Some(letter.from));
            at += 1 + blanks.count();
            continue;
        }
        let length = if byte.is_some() { 3 } else { 1 };
        let to = view.get(at + length - 1).map_or(letter.to, |last| last.to);
        let c = byte.and_then(char::from_u32).unwrap_or(letter.c);
        out.push(Letter { c, from: from.take().unwrap_or(letter.from), to });
        at += length;
    }
    (out.len() < view.len()).then(|| joined(&out))
}

/// The digits of one group in a hex dump.
const GROUP_MAX: usize = 8;
/// Separators of hex dumps: `65:79:4a`, `65 79 4a`, `0x65, 0x79`.
const GAP_MAX: usize = 4;

/// The runs of at least `least` bytes in `view` that are hexadecimal, in groups.
pub(super) fn dumps(view: &[Letter], least: usize) -> Vec<Vec<Letter>> {
    let mut all = Vec::new();
    let mut run: Vec<Letter> = Vec::new();
    let mut rest = view;
    while let Some(first) = rest.first() {
        let digits = rest.iter().take_while(|letter| letter.c.is_ascii_hexdigit()).count();
        let is_group = digits.is_multiple_of(2) && (2..=GROUP_MAX).contains(&digits);
        let (group, after) = rest.split_at(if is_group { digits } else { digits.max(1) });
        if is_group {
            // The characters between two groups belong to the second group.
            let from = run.last().map_or(first.from, |last| last.to);
            run.push(Letter { from, ..*first });
            run.extend(group.iter().skip(1));
        }
        let between = |letter: &&Letter| ":,;-{}()".contains(letter.c) || letter.c.is_whitespace();
        let mut gap = after.iter().take(GAP_MAX).take_while(between).count();
        let mark: Vec<char> = after.iter().skip(gap).take(2).map(|letter| letter.c).collect();
        gap += if matches!(mark[..], ['0', 'x' | 'X']) { 2 } else { 0 };
        rest = after.get(gap..).unwrap_or_default();
        if !is_group || gap == 0 || rest.is_empty() {
            let whole = std::mem::take(&mut run);
            all.extend(Some(whole).filter(|run| least * 2 <= run.len()));
        }
    }
    all
}

pub(super) fn base64_digit(c: char) -> Option<u32> {
    Some(match c {
        'A'..='Z' => u32::from(c) - u32::from('A'),
        'a'..='z' => u32::from(c) - u32::from('a') + 26,
        '0'..='9' => u32::from(c) - u32::from('0') + 52,
        '+' | '-' => 62,
        '/' | '_' => 63,
        _ => return None,
    })
}

pub(super) fn hex_digit(c: char) -> Option<u32> {
    c.to_digit(16)
}

/// The runs of at least `least` digits of an encoding in `view`. A long run may continue after a blank or on the next line.
pub(super) fn runs(
    view: &[Letter],
    digit: fn(char) -> Option<u32>,
    least: usize,
) -> Vec<Vec<Letter>> {
    let mut all = Vec::new();
    let mut run: Vec<Letter> = Vec::new();
    let mut word = 0;
    for letter in view {
        if digit(letter.c).is_some() {
            run.push(*letter);
            word += 1;
        } else if LINE_MIN <= word && letter.c.is_whitespace() {
            word = 0;
        } else if !is_ignored(letter.c) && (word != 0 || !letter.c.is_whitespace()) {
            let whole = std::mem::take(&mut run);
            all.extend(Some(whole).filter(|run| least <= run.len()));
            word = 0;
        }
    }
    all.extend(Some(run).filter(|run| least <= run.len()));
    all
}

/// The text that `run` encodes with `bits` per digit. Bytes that are not UTF-8 become one character each.
pub(super) fn decoded(run: &[Letter], bits: usize, digit: fn(char) -> Option<u32>) -> Vec<Letter> {
    let mut out = Vec::with_capacity(run.len());
    let (mut held, mut number, mut from) = (0_usize, 0_u32, None);
    for letter in run {
        let Some(value) = digit(letter.c) else { break };
        number = (number << bits | value) & 0xffff;
        held += bits;
        let start = *from.get_or_insert(letter.from);
        if 8 <= held {
            held -= 8;
            let byte = (number >> held) & 0xff;
            out.push(Letter { c: char::from_u32(byte).unwrap_or(' '), from: start, to: letter.to });
            from = (0 < held).then_some(letter.from);
        }
    }
    if out.iter().all(|letter| letter.c.is_ascii()) { out } else { joined(&out) }
}

/// `bytes`, with the UTF-8 bytes of each character joined.
fn joined(bytes: &[Letter]) -> Vec<Letter> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(first) = rest.first() {
        let start: Vec<u8> =
            rest.iter().take(4).filter_map(|byte| u8::try_from(byte.c).ok()).collect();
        let whole = (2..=start.len()).find_map(|length| {
            let c = std::str::from_utf8(start.get(..length)?).ok()?.chars().next()?;
            (c.len_utf8() == length).then_some((c, length))
        });
        let (c, length) = whole.unwrap_or((first.c, 1));
        let (of, after) = rest.split_at(length.min(rest.len()));
        out.push(Letter { c, from: first.from, to: of.last().map_or(first.to, |last| last.to) });
        rest = after;
    }
    out
}

/// Whether decoded characters look like text.
pub(super) fn is_text(letters: &[Letter]) -> bool {
    let plain = letters.iter().filter(|letter| (' '..='~').contains(&letter.c)).count();
    letters.len() <= plain.saturating_mul(10) / 9
}
