//! Removes the secrets of one run from text: whole, in pieces, and in the encodings in which servers and libraries repeat
//! them.

mod encodings;

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Map, Value};

use self::encodings::{
    GUID, Letter, base64_digit, decoded, dumps, guids, hex_digit, is_guid, is_skipped, is_text,
    letters, runs, unescaped, unquoted,
};
use super::Secret;
use super::redact::{REPLACEMENT, is_secret_name, named_secrets};
use super::text::is_hidden;

/// The length of a piece of a secret, in characters. A match of this length is not a coincidence.
const PIECE: usize = 16;
/// A secret shorter than this counts only as a whole word.
const SHORT: usize = 8;
/// The length of the shortest secret.
const SECRET_MIN: usize = 4;
/// The length of the shortest secret of only digits: a shorter one looks like any number.
const DIGITS_MIN: usize = 6;
/// Characters of all secrets whose pieces are indexed. Later secrets are found only as a whole.
const INDEX_MAX: usize = 64 << 10;
/// The largest amount of secrets that is kept, in bytes. A server that sends more is not a real authority.
const STORED_MAX: usize = 4 << 20;
/// How many nested encodings are decoded.
const DEPTH: usize = 3;
/// The prefix of fingerprints in archives, which replace secrets and are not secret.
pub const FINGERPRINT: &str = "redacted-";
/// The nesting depth to which a response is searched.
const NESTED_MAX: usize = 16;

/// Knows the secrets of one run and removes them from text. Clones share the secrets.
///
/// Code that sends or receives a secret registers it. Every message of a server or library passes [`Redactor::text`] before
/// it is shown.
///
/// ```
/// use entrada_core::Redactor;
///
/// let redactor = Redactor::default();
/// redactor.register("0.AX-a-refresh-token");
/// let line = redactor.text("the server repeats 0.AX-a-refresh-token");
/// assert!(!line.contains("0.AX") && line.starts_with("the server repeats "));
/// ```
#[derive(Clone, Default)]
pub struct Redactor(Arc<Mutex<KnownSecrets>>);

#[derive(Default)]
struct KnownSecrets {
    secrets: Vec<Secret>,
    /// The size of the secrets in bytes.
    bytes: usize,
    /// How many of the secrets are indexed below.
    indexed: usize,
    /// The number of indexed characters.
    characters: usize,
    /// Hashes of the pieces of long secrets, with the index of each secret.
    pieces: HashMap<u64, usize>,
    /// Secrets that are found only as a whole, by the hash of their start.
    whole: HashMap<u64, Vec<(Vec<char>, usize)>>,
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redactor(redacted)")
    }
}

impl Redactor {
    /// A redactor that knows `secrets`.
    pub fn of<'a>(secrets: impl IntoIterator<Item = &'a Secret>) -> Self {
        let redactor = Self::default();
        for secret in secrets {
            redactor.register(secret.expose());
        }
        redactor
    }

    /// Removes `secret` from every text from now on. Text of up to three characters, or of up to five digits, is not
    /// registered: it appears in every text.
    pub fn register(&self, secret: &str) {
        let secret = secret.trim();
        let long = |least: usize| secret.chars().nth(least - 1).is_some();
        let digits = secret.bytes().all(|byte| byte.is_ascii_digit());
        if !long(SECRET_MIN) || (digits && !long(DIGITS_MIN)) || secret.starts_with(FINGERPRINT) {
            return;
        }
        // A value longer than any token is found by its start.
        let end = secret.char_indices().nth(INDEX_MAX).map_or(secret.len(), |(end, _)| end);
        let secret = Secret::new(secret.get(..end).unwrap_or_default());
        let mut known = self.known();
        if known.bytes < STORED_MAX && !known.secrets.contains(&secret) {
            known.bytes += secret.expose().len();
            known.secrets.push(secret);
        }
    }

    /// Registers the secret members of a response, by their names.
    pub fn learn(&self, answer: &Value) {
        self.learn_nested(answer, NESTED_MAX);
    }

    /// The same for the members of one object.
    pub fn learn_members(&self, members: &Map<String, Value>) {
        self.learn_members_nested(members, NESTED_MAX);
    }

    fn learn_members_nested(&self, members: &Map<String, Value>, depth: usize) {
        for (name, value) in members {
            match value {
                Value::String(text) if is_secret_name(name) => self.register(text),
                value => self.learn_nested(value, depth),
            }
        }
    }

    fn learn_nested(&self, value: &Value, depth: usize) {
        let Some(depth) = depth.checked_sub(1) else { return };
        match value {
            Value::Object(members) => self.learn_members_nested(members, depth),
            Value::Array(all) => all.iter().for_each(|value| self.learn_nested(value, depth)),
            _ => (),
        }
    }

    /// Registers `value` if `name`, of a form or URL parameter, is the name of a secret.
    pub fn learn_parameter(&self, name: &str, value: &str) {
        if name == "code" || is_secret_name(name) {
            self.register(value);
        }
    }

    /// Registers the secrets in a text from the user, by the names in it.
    pub fn learn_text(&self, text: &str) {
        for secret in named_secrets(text) {
            // `access_token: expired`, `id_token: AADSTS50013`: in prose, words follow these names.
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

    /// Registers the secrets of `other`.
    pub fn join(&self, other: &Self) {
        if !Arc::ptr_eq(&self.0, &other.0) {
            let all = other.known().secrets.clone();
            for secret in &all {
                self.register(secret.expose());
            }
        }
    }

    /// Whether it knows no secrets.
    pub fn is_empty(&self) -> bool {
        self.known().secrets.is_empty()
    }

    /// `text` without the secrets.
    pub fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.replace(text, |_| REPLACEMENT.to_owned())
    }

    /// `text` with `mark` of each secret in its place.
    pub fn replace<'t>(&self, text: &'t str, mark: impl Fn(&Secret) -> String) -> Cow<'t, str> {
        let mut known = self.known();
        if known.secrets.is_empty() || text.len() < SECRET_MIN {
            return Cow::Borrowed(text);
        }
        known.index();
        let mut hidden = Vec::new();
        known.collect_hidden(&letters(text), DEPTH, &mut hidden);
        if hidden.is_empty() {
            return Cow::Borrowed(text);
        }
        let marked = |at: usize| known.secrets.get(at).map(&mark).unwrap_or_default();
        Cow::Owned(without(text, hidden, marked))
    }

    /// `value` without the secrets, in names and texts.
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

    fn known(&self) -> MutexGuard<'_, KnownSecrets> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl KnownSecrets {
    /// Indexes the secrets that were registered since the last call. Most runs never need the index.
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
                    let same_start = self.whole.entry(hash(start.iter().copied())).or_default();
                    if !same_start.iter().any(|(other, _)| *other == one) {
                        same_start.push((one, at));
                    }
                }
            }
        }
        self.indexed = self.secrets.len();
    }

    /// Adds to `hidden` the positions of secrets in `view`, both plain and encoded.
    fn collect_hidden(
        &self,
        view: &[Letter],
        depth: usize,
        hidden: &mut Vec<(Range<usize>, usize)>,
    ) {
        self.find(view, hidden);
        let Some(depth) = depth.checked_sub(1) else { return };
        for plain in [unescaped(view), unquoted(view)].into_iter().flatten() {
            self.collect_hidden(&plain, depth, hidden);
        }
        let shortest = if self.whole.is_empty() { PIECE } else { SECRET_MIN };
        for run in dumps(view, shortest) {
            self.find(&decoded(&run, 4, hex_digit), hidden);
        }
        for (bits, digit) in [(6_usize, base64_digit as fn(char) -> Option<u32>), (4, hex_digit)] {
            for run in runs(view, digit, shortest * 8 / bits) {
                // A piece of an encoded secret may start anywhere within an encoding group.
                for start in 0..if bits == 6 { 4 } else { 2 } {
                    let bytes = decoded(run.get(start..).unwrap_or_default(), bits, digit);
                    // Most runs of characters are not an encoding.
                    let depth = if is_text(&bytes) { depth } else { 0 };
                    self.collect_hidden(&bytes, depth, hidden);
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
                // Ids of tenants and applications are part of some tokens, and are not secret on their own.
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

/// `text` with one mark for each `hidden` run, of the secret that covers most of it. Blanks within a run are removed too;
/// line ends are kept.
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
        // If several secrets share a piece, the first one registered counts.
        let most = of.into_iter().rev().max_by_key(|(_, count)| *count).map(|(at, _)| at);
        out.push_str(text.get(done..start).unwrap_or_default());
        out.push_str(&most.map(&mark).unwrap_or_default());
        out.extend(std::iter::repeat_n('\n', lines));
        done = end;
    }
    out.push_str(text.get(done..).unwrap_or_default());
    out
}

/// FNV-1a, ignoring case: header names arrive in lower case.
fn hash(piece: impl Iterator<Item = char>) -> u64 {
    piece.fold(0xcbf2_9ce4_8422_2325, |hash, c| {
        (hash ^ u64::from(u32::from(c.to_ascii_lowercase()))).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests;
