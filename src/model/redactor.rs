//! The secrets of one run, and what is shown without them: whole, in pieces, and in the encodings in which servers and
//! libraries repeat what they were sent.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Map, Value};

use super::Secret;
use super::redact::{GONE, is_secret_name, named_secrets};
use super::text::is_hidden;

/// Characters that are a piece of a secret. A text holds so many of another text's by no accident.
const PIECE: usize = 16;
/// Secrets shorter than this stand alone in a text where they are meant, between characters of no word.
const SHORT: usize = 8;
/// The shortest text that is a secret to anybody.
const SECRET_MIN: usize = 4;
/// The shortest secret of digits alone: shorter ones look like every other number.
const DIGITS_MIN: usize = 6;
/// Characters of all secrets whose pieces are known; of the rest only the whole is looked for.
const INDEX_MAX: usize = 64 << 10;
/// Bytes of secrets that are kept; whoever brings more is no authority.
const STORED_MAX: usize = 4 << 20;
/// How many encodings around each other are undone.
const DEPTH: usize = 3;
/// Digits of a line after which base64 goes on in the next one.
const LINE_MIN: usize = 20;
/// How fingerprints in archives begin, which stand in the place of secrets and are none.
pub const FINGERPRINT: &str = "redacted-";
/// How deep an answer is looked through.
const NESTED_MAX: usize = 16;
/// Characters of a GUID.
const GUID: usize = 36;

/// Knows the secrets of one run, and takes them out of text. Clones know the same ones.
///
/// Whoever sends or receives a secret registers it; whatever a server or a library said passes [`Redactor::text`] before it
/// is shown.
#[derive(Clone, Default)]
pub struct Redactor(Arc<Mutex<Known>>);

#[derive(Default)]
struct Known {
    secrets: Vec<Secret>,
    /// How much they take.
    bytes: usize,
    /// How many of them are in the members below.
    indexed: usize,
    /// How many characters those have.
    characters: usize,
    /// Hashes of the pieces of long secrets, and which secret each is of.
    pieces: HashMap<u64, usize>,
    /// Secrets that are found as a whole only, by the hash of how they begin.
    whole: HashMap<u64, Vec<(Vec<char>, usize)>>,
}

/// A character, and where in the text that is looked through it stands.
#[derive(Clone, Copy)]
struct Letter {
    c: char,
    from: usize,
    to: usize,
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redactor(redacted)")
    }
}

impl Redactor {
    /// One that knows `secrets`.
    pub fn of<'a>(secrets: impl IntoIterator<Item = &'a Secret>) -> Self {
        let redactor = Self::default();
        for secret in secrets {
            redactor.register(secret.expose());
        }
        redactor
    }

    /// Takes `secret` out of every text from now on. Three characters are no secret, nor are five digits: they stand in every
    /// text.
    pub fn register(&self, secret: &str) {
        let secret = secret.trim();
        let long = |least: usize| secret.chars().nth(least - 1).is_some();
        let digits = secret.bytes().all(|byte| byte.is_ascii_digit());
        if !long(SECRET_MIN) || (digits && !long(DIGITS_MIN)) || secret.starts_with(FINGERPRINT) {
            return;
        }
        // What is longer than any token is known by how it begins.
        let end = secret.char_indices().nth(INDEX_MAX).map_or(secret.len(), |(end, _)| end);
        let secret = Secret::new(secret.get(..end).unwrap_or_default());
        let mut known = self.known();
        if known.bytes < STORED_MAX && !known.secrets.contains(&secret) {
            known.bytes += secret.expose().len();
            known.secrets.push(secret);
        }
    }

    /// Registers what is secret in an answer by its name.
    pub fn learn(&self, answer: &Value) {
        self.learn_to(answer, NESTED_MAX);
    }

    /// The same of the members of one.
    pub fn learn_members(&self, members: &Map<String, Value>) {
        self.members_to(members, NESTED_MAX);
    }

    fn members_to(&self, members: &Map<String, Value>, depth: usize) {
        for (name, value) in members {
            match value {
                Value::String(text) if is_secret_name(name) => self.register(text),
                value => self.learn_to(value, depth),
            }
        }
    }

    fn learn_to(&self, value: &Value, depth: usize) {
        let Some(depth) = depth.checked_sub(1) else { return };
        match value {
            Value::Object(members) => self.members_to(members, depth),
            Value::Array(all) => all.iter().for_each(|value| self.learn_to(value, depth)),
            _ => (),
        }
    }

    /// Registers `value` where `name`, that of a parameter of a request or of an address, says that it is secret.
    pub fn learn_parameter(&self, name: &str, value: &str) {
        if name == "code" || is_secret_name(name) {
            self.register(value);
        }
    }

    /// Registers what is secret in a text that somebody gave, by the names in it.
    pub fn learn_text(&self, text: &str) {
        for secret in named_secrets(text) {
            // `access_token: expired`, `id_token: AADSTS50013`: prose has words there.
            let is_word = secret.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
            if is_word || secret.contains("AADSTS") || is_guid(&letters(secret)) {
                continue;
            }
            self.register(secret);
            if secret.contains(['%', '+']) {
                let pair = [b"x=", secret.as_bytes()].concat();
                for (_, plain) in url::form_urlencoded::parse(&pair) {
                    self.register(&plain);
                }
            }
        }
    }

    /// Registers what `other` knows.
    pub fn join(&self, other: &Self) {
        if !Arc::ptr_eq(&self.0, &other.0) {
            let all = other.known().secrets.clone();
            for secret in &all {
                self.register(secret.expose());
            }
        }
    }

    /// Whether it knows none.
    pub fn is_empty(&self) -> bool {
        self.known().secrets.is_empty()
    }

    /// `text` without them.
    pub fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.replace(text, |_| GONE.to_owned())
    }

    /// `text` with `mark` of each in its place.
    pub fn replace<'t>(&self, text: &'t str, mark: impl Fn(&Secret) -> String) -> Cow<'t, str> {
        let mut known = self.known();
        if known.secrets.is_empty() || text.len() < SECRET_MIN {
            return Cow::Borrowed(text);
        }
        known.index();
        let mut hidden = Vec::new();
        known.look(&letters(text), DEPTH, &mut hidden);
        if hidden.is_empty() {
            return Cow::Borrowed(text);
        }
        let marked = |at: usize| known.secrets.get(at).map(&mark).unwrap_or_default();
        Cow::Owned(without(text, hidden, marked))
    }

    /// `value` without them, in names and texts.
    pub fn value(&self, value: Value) -> Value {
        match value {
            Value::String(text) => match self.text(&text) {
                Cow::Owned(text) => Value::String(text),
                Cow::Borrowed(_) => Value::String(text),
            },
            Value::Array(all) => all.into_iter().map(|value| self.value(value)).collect(),
            Value::Object(members) => members
                .into_iter()
                .map(|(name, value)| (self.text(&name).into_owned(), self.value(value)))
                .collect(),
            other => other,
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// Takes in what was registered since the last time. Most runs never need it.
    fn index(&mut self) {
        for at in self.indexed..self.secrets.len() {
            let Some(secret) = self.secrets.get(at) else { break };
            let all: Vec<char> = secret.expose().chars().filter(|c| !is_skipped(*c)).collect();
            self.characters = self.characters.saturating_add(all.len());
            if PIECE <= all.len() && self.characters <= INDEX_MAX {
                for piece in all.windows(PIECE) {
                    self.pieces.entry(hash(piece.iter().copied())).or_insert(at);
                }
            } else {
                let spaced: Vec<char> =
                    secret.expose().chars().filter(|c| !is_hidden(*c)).collect();
                let has_blanks = spaced.contains(&' ');
                let joined = || spaced.iter().map(|c| if *c == ' ' { '+' } else { *c }).collect();
                let joined = has_blanks.then(joined);
                let all = [Some(spaced), joined];
                for one in all.into_iter().flatten() {
                    let Some(start) = one.get(..SECRET_MIN) else { continue };
                    let beginning_so = self.whole.entry(hash(start.iter().copied())).or_default();
                    if !beginning_so.iter().any(|(other, _)| *other == one) {
                        beginning_so.push((one, at));
                    }
                }
            }
        }
        self.indexed = self.secrets.len();
    }

    /// Adds to `hidden` where in `view` they stand, as it is and in what it encodes.
    fn look(&self, view: &[Letter], depth: usize, hidden: &mut Vec<(Range<usize>, usize)>) {
        self.find(view, hidden);
        let Some(depth) = depth.checked_sub(1) else { return };
        if let Some(plain) = unescaped(view) {
            self.look(&plain, depth, hidden);
        }
        let shortest = if self.whole.is_empty() { PIECE } else { SECRET_MIN };
        for (bits, digit) in [(6_usize, base64_digit as fn(char) -> Option<u32>), (4, hex_digit)] {
            for run in runs(view, digit, shortest * 8 / bits) {
                // A piece of an encoded text begins anywhere within its groups.
                for start in 0..if bits == 6 { 4 } else { 2 } {
                    let bytes = decoded(run.get(start..).unwrap_or_default(), bits, digit);
                    // Most of what is looked at was never encoded.
                    let depth = if is_text(&bytes) { depth } else { 0 };
                    self.look(&bytes, depth, hidden);
                }
            }
        }
    }

    fn find(&self, view: &[Letter], hidden: &mut Vec<(Range<usize>, usize)>) {
        if !self.pieces.is_empty() {
            let dense: Vec<Letter> = view.iter().copied().filter(|l| !is_skipped(l.c)).collect();
            let pieces = dense.windows(PIECE).enumerate().filter_map(|(start, piece)| {
                let at = *self.pieces.get(&hash(piece.iter().map(|letter| letter.c)))?;
                Some((start, at))
            });
            let found: Vec<(usize, usize)> = pieces.collect();
            let guids = if found.is_empty() { Vec::new() } else { guids(&dense) };
            for &(start, at) in &found {
                // Ids of tenants and applications stand in some tokens, and are no secret where they stand alone.
                let is_long = self.secrets.get(at).is_some_and(|one| GUID < one.expose().len());
                let guid =
                    guids.iter().find(|guid| guid.start <= start && start + PIECE <= guid.end);
                let stands_alone = |guid: &Range<usize>| {
                    !found.iter().any(|(other, _)| {
                        let end = other + PIECE;
                        (*other < guid.start && guid.start < end)
                            || (*other < guid.end && guid.end < end)
                    })
                };
                if is_long && guid.is_some_and(stands_alone) {
                    continue;
                }
                let piece = dense.get(start..start + PIECE).unwrap_or_default();
                hidden.extend(piece.iter().map(|letter| (letter.from..letter.to, at)));
            }
        }
        if self.whole.is_empty() {
            return;
        }
        let shown: Vec<Letter> = view.iter().copied().filter(|l| !is_hidden(l.c)).collect();
        for (start, beginning) in shown.windows(SECRET_MIN).enumerate() {
            let beginning = hash(beginning.iter().map(|letter| letter.c));
            for (secret, at) in self.whole.get(&beginning).into_iter().flatten() {
                let Some(found) = shown.get(start..start + secret.len()) else { continue };
                let is_short = secret.len() < SHORT;
                let same = found.iter().zip(secret).all(|(letter, c)| {
                    letter.c == *c || (!is_short && letter.c.eq_ignore_ascii_case(c))
                });
                let in_word = |at: Option<usize>| {
                    at.and_then(|at| shown.get(at)).is_some_and(|letter| letter.c.is_alphanumeric())
                };
                let within =
                    || in_word(start.checked_sub(1)) || in_word(Some(start + secret.len()));
                if same && !(is_short && within()) {
                    hidden.extend(found.iter().map(|letter| (letter.from..letter.to, *at)));
                }
            }
        }
    }
}

/// `text` with a mark for each run of what is `hidden`: of the secret that most of it is of. Blanks within a run go with it;
/// ends of lines do not.
fn without(
    text: &str,
    mut hidden: Vec<(Range<usize>, usize)>,
    mark: impl Fn(usize) -> String,
) -> String {
    hidden.sort_by_key(|(range, at)| (range.start, range.end, *at));
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    let mut rest = hidden.as_slice();
    while let Some(((first, _), _)) = rest.split_first() {
        let start = first.start;
        let mut end = first.end;
        let mut lines = 0;
        let mut of: BTreeMap<usize, usize> = BTreeMap::new();
        while let Some(((next, at), after)) = rest.split_first() {
            if end < next.start {
                let gap = text.get(end..next.start).unwrap_or_default();
                if !gap.chars().all(is_skipped) {
                    break;
                }
                lines += gap.matches('\n').count();
            }
            end = end.max(next.end);
            *of.entry(*at).or_default() += 1;
            rest = after;
        }
        // The first one registered, where several have the same piece.
        let most = of.into_iter().rev().max_by_key(|(_, count)| *count).map(|(at, _)| at);
        out.push_str(text.get(done..start).unwrap_or_default());
        out.push_str(&most.map(&mark).unwrap_or_default());
        out.extend(std::iter::repeat_n('\n', lines));
        done = end;
    }
    out.push_str(text.get(done..).unwrap_or_default());
    out
}

/// Characters that part a secret and are not of it.
fn is_skipped(c: char) -> bool {
    c.is_whitespace() || is_hidden(c)
}

/// FNV-1a, without regard to case: headers' names come in lower case.
fn hash(piece: impl Iterator<Item = char>) -> u64 {
    piece.fold(0xcbf2_9ce4_8422_2325, |hash, c| {
        (hash ^ u64::from(u32::from(c.to_ascii_lowercase()))).wrapping_mul(0x0100_0000_01b3)
    })
}

fn letters(text: &str) -> Vec<Letter> {
    text.char_indices().map(|(at, c)| Letter { c, from: at, to: at + c.len_utf8() }).collect()
}

/// Where GUIDs stand.
fn guids(letters: &[Letter]) -> Vec<Range<usize>> {
    let all = letters.windows(GUID).enumerate().filter(|(_, letters)| is_guid(letters));
    all.map(|(at, _)| at..at + GUID).collect()
}

fn is_guid(letters: &[Letter]) -> bool {
    letters.len() == GUID
        && letters.iter().enumerate().all(|(at, letter)| match at {
            8 | 13 | 18 | 23 => letter.c == '-',
            _ => letter.c.is_ascii_hexdigit(),
        })
}

/// What stands behind percent signs (RFC 3986), the backslashes of JSON, and the references of HTML; `None` where nothing
/// does.
fn unescaped(view: &[Letter]) -> Option<Vec<Letter>> {
    if !view.iter().any(|letter| matches!(letter.c, '%' | '\\' | '&')) {
        return None;
    }
    let mut out: Vec<Letter> = Vec::with_capacity(view.len());
    let mut rest = view;
    while let Some(first) = rest.first() {
        let (c, length) = match first.c {
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
    Some(out)
}

/// The number that `digits` letters from `start` on spell in hexadecimal.
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

fn base64_digit(c: char) -> Option<u32> {
    Some(match c {
        'A'..='Z' => u32::from(c) - u32::from('A'),
        'a'..='z' => u32::from(c) - u32::from('a') + 26,
        '0'..='9' => u32::from(c) - u32::from('0') + 52,
        '+' | '-' => 62,
        '/' | '_' => 63,
        _ => return None,
    })
}

fn hex_digit(c: char) -> Option<u32> {
    c.to_digit(16)
}

/// The runs of at least `least` digits in `view`. A long one may go on after a blank or in the next line.
fn runs(view: &[Letter], digit: fn(char) -> Option<u32>, least: usize) -> Vec<Vec<Letter>> {
    let mut all = Vec::new();
    let mut run: Vec<Letter> = Vec::new();
    let mut word = 0;
    for letter in view {
        if digit(letter.c).is_some() {
            run.push(*letter);
            word += 1;
        } else if LINE_MIN <= word && letter.c.is_whitespace() {
            word = 0;
        } else if !is_hidden(letter.c) && (word != 0 || !letter.c.is_whitespace()) {
            let whole = std::mem::take(&mut run);
            all.extend(Some(whole).filter(|run| least <= run.len()));
            word = 0;
        }
    }
    all.extend(Some(run).filter(|run| least <= run.len()));
    all
}

/// The text that `run` spells with `bits` a letter; what is no UTF-8 stands for itself, byte by byte.
fn decoded(run: &[Letter], bits: usize, digit: fn(char) -> Option<u32>) -> Vec<Letter> {
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

/// `bytes`, those of one character joined.
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

/// Whether what was decoded reads like text.
fn is_text(letters: &[Letter]) -> bool {
    let plain = letters.iter().filter(|letter| (' '..='~').contains(&letter.c)).count();
    letters.len() <= plain.saturating_mul(10) / 9
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};
    use serde_json::json;

    use super::*;

    const TOKEN: &str = "eyJhbGciOiJub25lIn0.eyJhdWQiOiJtYWlsIiwic2NwIjoieCJ9.c2lnbmF0dXJlIG9mIGl0";
    const OPAQUE: &str = "s/tA+\"e&7 <Q~ä!";

    fn knowing(secrets: &[&str]) -> Redactor {
        let redactor = Redactor::default();
        for secret in secrets {
            redactor.register(secret);
        }
        redactor
    }

    fn percent_encoded(text: &str, least: fn(u8) -> bool) -> String {
        text.bytes()
            .map(
                |byte| {
                    if least(byte) { format!("%{byte:02x}") } else { char::from(byte).to_string() }
                },
            )
            .collect()
    }

    #[test]
    fn a_secret_is_found_in_every_encoding_and_two_around_each_other() {
        for secret in [TOKEN, OPAQUE, "0.AXoA-short", "opaque-token", "Rt_77"] {
            let redactor = knowing(&[secret]);
            let json = json!(secret).to_string();
            let form: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
            let html = crate::model::html_escaped(secret);
            let utf_16: String =
                secret.encode_utf16().map(|unit| format!("\\u{unit:04X}")).collect();
            let numbers: String = secret.chars().map(|c| format!("&#{};", u32::from(c))).collect();
            let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
            let base64 = BASE64_STANDARD.encode(secret);
            for text in [
                secret.to_owned(),
                json.clone(),
                json!(json).to_string(),
                form.clone(),
                percent_encoded(secret, |_| true),
                percent_encoded(&form, |byte| byte == b'%'),
                html,
                utf_16,
                numbers,
                hex,
                base64.clone(),
                BASE64_STANDARD.encode(&base64),
                BASE64_STANDARD
                    .encode(format!("user=a@b.example\u{1}auth=Bearer {secret}\u{1}\u{1}")),
                BASE64_STANDARD_NO_PAD.encode(format!("x:{secret}")),
                BASE64_URL_SAFE_NO_PAD.encode(format!("xy {secret}")),
                BASE64_URL_SAFE_NO_PAD.encode(&form),
                percent_encoded(&base64, |byte| b"+/=".contains(&byte)),
            ] {
                let shown = redactor.text(&format!("it said: {text}, no")).into_owned();
                assert!(shown.starts_with("it said: ") && shown.ends_with(", no"), "{shown}");
                assert!(shown.contains(GONE) && shown.len() < 80, "{secret}: {text}: {shown}");
            }
        }
    }

    #[test]
    fn pieces_are_found_over_blanks_lines_and_marks_that_nobody_sees_and_in_another_case() {
        let redactor = knowing(&[TOKEN]);
        let with = |between: char| TOKEN.chars().flat_map(|c| [c, between]).collect::<String>();
        let lines: Vec<String> = TOKEN
            .as_bytes()
            .chunks(30)
            .map(|part| String::from_utf8_lossy(part).into_owned())
            .collect();
        for (text, expected) in [
            (format!("NO {TOKEN}."), "NO [secret].".to_owned()),
            (format!("NO {}", &TOKEN[5..40]), "NO [secret]".to_owned()),
            (format!("NO {}", &TOKEN[5..21]), "NO [secret]".to_owned()),
            (format!("NO {}", TOKEN.to_lowercase()), "NO [secret]".to_owned()),
            (format!("NO {}", with(' ')), "NO [secret] ".to_owned()),
            (format!("NO {}.", with('\u{200b}')), "NO [secret]\u{200b}.".to_owned()),
            (lines.join("\n"), "[secret]\n\n".to_owned()),
            ("NO AUTHENTICATE failed.".to_owned(), "NO AUTHENTICATE failed.".to_owned()),
            ("é 235 2.7.0 Authentication".to_owned(), "é 235 2.7.0 Authentication".to_owned()),
        ] {
            assert_eq!(redactor.text(&text), expected);
        }
    }

    #[test]
    fn what_is_no_secret_stays_whatever_was_registered() {
        let client = "7b1d9c34-52ae-4f0d-9e68-c3a41f7e2d05";
        let redactor = knowing(&[
            "",
            "a",
            "no",
            "aud",
            "50076",
            "401",
            "1.Ax7",
            "scope-1",
            TOKEN,
            &format!("opaque.{client}.of-the-client"),
        ]);
        for text in [
            format!("AADSTS50076: the client {client} may not, aud, scp, 401, no"),
            "error_codes 50076 700016 AADSTS700016".to_owned(),
            "1.Ax77 and x1.Ax7 and scope-10".to_owned(),
            "the claim `preferred_username` of https://login.microsoftonline.com/common/v2.0"
                .to_owned(),
        ] {
            assert_eq!(redactor.text(&text), text);
        }
        assert_eq!(redactor.text("1.Ax7, scope-1"), "[secret], [secret]");
        let whole = format!("opaque.{client}.of-the-client");
        assert_eq!(
            redactor.text(&format!("no: {whole}, {client}")),
            format!("no: [secret], {client}")
        );
        // It is a secret where it was sent as one.
        assert_eq!(knowing(&[client]).text(client), GONE);
    }

    #[test]
    fn names_and_texts_of_json_are_cleared_and_numbers_are_not() {
        let redactor = knowing(&["opaque-token", "1700000000"]);
        let shown =
            redactor.value(json!({"a opaque-token": ["opaque-token", 1_700_000_000, {"b": null}]}));
        assert_eq!(shown, json!({"a [secret]": [GONE, 1_700_000_000, {"b": null}]}));
    }

    #[test]
    fn clones_know_the_same_secrets_and_a_mark_may_tell_which() {
        let redactor = Redactor::default();
        let other = redactor.clone();
        redactor.register("first-one");
        redactor.register("the-second-of-them-all");
        let mark = |secret: &Secret| format!("<{}>", secret.expose().len());
        assert_eq!(other.replace("the-second-of-them-all, first-one", mark), "<22>, <9>");
        assert_eq!(format!("{other:?}"), "Redactor(redacted)");
    }

    #[test]
    fn a_secret_that_is_too_long_to_be_cut_up_is_found_whole() {
        let long: String = (0..INDEX_MAX / 8).map(|number| format!("{number:08}")).collect();
        let redactor = knowing(&[&long, &long.replace('0', "x")]);
        for text in [&long, &long.replace('0', "x"), &long[..40]] {
            assert_eq!(redactor.text(&format!("x {text} y")), "x [secret] y");
        }
    }
}
