//! The registered secrets: the index of their pieces, and the search for them in text.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};
use std::ops::Range;

use super::encodings::{
    ESCAPES, GUID, Letter, base64_digit, decoded, dumps, guids, hex_digit, is_ignored, is_skipped,
    is_text, letters, runs, unescaped, unquoted,
};
use super::pieces::{PIECE, Pieces};
use super::{FINGERPRINT, names, pieces};
use crate::Secret;

/// A secret shorter than this counts only as a whole word.
const SHORT: usize = 8;
/// The length of the shortest secret.
const SECRET_MIN: usize = 4;
/// The length of the shortest secret of only digits: a shorter one looks like any number.
const DIGITS_MIN: usize = 6;
/// Characters of all secrets of a process whose pieces are indexed. Later secrets are found only as a whole.
pub(super) const INDEX_MAX: usize = 64 << 10;
/// The same for a file, whose text may repeat a piece of any of its own secrets.
const FILE_INDEX_MAX: usize = 8 << 20;
/// The largest amount of secrets that a process keeps, in bytes. One that renews tokens for days sees more: it forgets the oldest,
/// except those that it began with and those that were seen again.
const STORED_MAX: usize = 4 << 20;
/// How many secrets are never forgotten: a process registers those of its configuration first.
const KEPT_FIRST: usize = 16;
/// How many nested encodings are decoded.
const DEPTH: usize = 3;

/// Secrets and the index by which text is searched for them.
#[derive(Default)]
pub(super) struct KnownSecrets {
    secrets: Vec<Secret>,
    /// The largest size of the secrets in bytes; no limit by default, so that a file is searched for all of its own.
    stored_max: Option<usize>,
    /// Where each secret is, by its hash.
    places: HashMap<u64, usize>,
    hasher: RandomState,
    /// The size of the secrets in bytes.
    bytes: usize,
    /// How many of the secrets are indexed below.
    indexed: usize,
    /// The number of indexed characters.
    characters: usize,
    /// The pieces of long secrets.
    pieces: Pieces,
    /// Secrets that are found only as a whole.
    whole: WholeSecrets,
}

/// Secrets that are found only as a whole. Each lookup leads to few of them, however many there are: tokens of one issuer differ
/// at their ends.
#[derive(Default)]
struct WholeSecrets {
    /// Those of [`PIECE`] characters and more, by the hash of their last characters.
    long: HashMap<u64, Vec<(Vec<char>, usize)>>,
    /// Shorter ones, by the hash of all their characters.
    short: HashMap<u64, Vec<(Vec<char>, usize)>>,
    /// The hashes of the starts of the shorter ones.
    starts: HashSet<u64>,
}

impl WholeSecrets {
    fn is_empty(&self) -> bool {
        self.long.is_empty() && self.short.is_empty()
    }

    fn insert(&mut self, secret: Vec<char>, at: usize) {
        let Some(start) = secret.get(..SECRET_MIN) else { return };
        let same_hash = match secret.len().checked_sub(PIECE).and_then(|end| secret.get(end..)) {
            Some(end) => self.long.entry(hash(end.iter().copied())).or_default(),
            None => {
                self.starts.insert(hash(start.iter().copied()));
                self.short.entry(hash(secret.iter().copied())).or_default()
            }
        };
        if !same_hash.iter().any(|(other, _)| *other == secret) {
            same_hash.push((secret, at));
        }
    }

    /// Calls `found` with each range of `shown` that may be a secret, its characters and its index.
    fn candidates(&self, shown: &[Letter], mut found: impl FnMut(Range<usize>, &[char], usize)) {
        let hash_of = |letters: &[Letter]| hash(letters.iter().map(|letter| letter.c));
        if !self.long.is_empty() {
            for (start, last) in shown.windows(PIECE).enumerate() {
                let end = start + PIECE;
                for (secret, at) in self.long.get(&hash_of(last)).into_iter().flatten() {
                    if let Some(start) = end.checked_sub(secret.len()) {
                        found(start..end, secret, *at);
                    }
                }
            }
        }
        if self.short.is_empty() {
            return;
        }
        for (start, beginning) in shown.windows(SECRET_MIN).enumerate() {
            if !self.starts.contains(&hash_of(beginning)) {
                continue;
            }
            for end in start + SECRET_MIN..(start + PIECE).min(shown.len() + 1) {
                let word = shown.get(start..end).unwrap_or_default();
                for (secret, at) in self.short.get(&hash_of(word)).into_iter().flatten() {
                    if secret.len() == word.len() {
                        found(start..end, secret, *at);
                    }
                }
            }
        }
    }
}

impl KnownSecrets {
    /// The secrets of a process, which may run for days.
    pub(super) fn of_process() -> Self {
        Self { stored_max: Some(STORED_MAX), ..Self::default() }
    }

    /// Adds the secrets of `other`, and forgets none where that does not.
    pub(super) fn join(&mut self, other: &[Secret], stored_max: Option<usize>) {
        if stored_max.is_none() && self.stored_max.take().is_some() {
            self.forget_index();
        }
        for secret in other {
            self.register(secret.expose());
        }
    }

    /// The number of characters that are indexed.
    fn index_max(&self) -> usize {
        if self.stored_max.is_some() { INDEX_MAX } else { FILE_INDEX_MAX }
    }

    pub(super) fn stored_max(&self) -> Option<usize> {
        self.stored_max
    }

    /// Adds `secret`, unless it is too short or a word of the protocol: such text appears everywhere.
    pub(super) fn register(&mut self, secret: &str) {
        let secret = secret.trim();
        let long = |least: usize| secret.chars().nth(least - 1).is_some();
        let digits = secret.bytes().all(|byte| byte.is_ascii_digit());
        if !long(SECRET_MIN)
            || (digits && !long(DIGITS_MIN))
            || secret.starts_with(FINGERPRINT)
            || names::is_protocol_word(secret)
        {
            return;
        }
        // A value longer than any token is found by its start.
        let end = secret.char_indices().nth(self.index_max()).map_or(secret.len(), |(end, _)| end);
        let secret = Secret::new(secret.get(..end).unwrap_or_default());
        let hash = self.hasher.hash_one(secret.expose());
        let at = self.places.get(&hash).copied();
        if let Some(at) = at.filter(|at| self.secrets.get(*at) == Some(&secret)) {
            // It is in use, so it is not among the next to be forgotten.
            let is_near_end = self.stored_max.is_some_and(|max| max / 2 < self.bytes);
            if is_near_end && (KEPT_FIRST..self.secrets.len() / 2).contains(&at) {
                let known = self.secrets.remove(at);
                self.secrets.push(known);
                self.forget_index();
            }
            return;
        }
        if let Some(max) = self.stored_max.filter(|max| *max <= self.bytes) {
            self.forget_older_half(max);
        }
        self.bytes += secret.expose().len();
        self.places.insert(hash, self.secrets.len());
        self.secrets.push(secret);
    }

    /// Forgets the oldest secrets but the first, down to half of `max`.
    fn forget_older_half(&mut self, max: usize) {
        let end = |secrets: &[Secret]| secrets.len().div_ceil(2);
        while max / 2 < self.bytes && KEPT_FIRST < end(&self.secrets) {
            let oldest = KEPT_FIRST..end(&self.secrets);
            let forgotten: usize =
                self.secrets.drain(oldest).map(|secret| secret.expose().len()).sum();
            self.bytes = self.bytes.saturating_sub(forgotten);
        }
        self.forget_index();
    }

    /// Clears the index of the search, which is made anew when it is needed, and notes the new places of the secrets.
    fn forget_index(&mut self) {
        self.clear_index(0);
        let secrets = self.secrets.iter().enumerate();
        self.places =
            secrets.map(|(at, secret)| (self.hasher.hash_one(secret.expose()), at)).collect();
    }

    pub(super) fn secrets(&self) -> &[Secret] {
        &self.secrets
    }

    /// `text` with `mark` of each secret in its place.
    pub(super) fn replace<'t>(
        &mut self,
        text: &'t str,
        mark: impl Fn(&Secret) -> String,
    ) -> Cow<'t, str> {
        if self.secrets.is_empty() || text.len() < SECRET_MIN {
            return Cow::Borrowed(text);
        }
        self.index();
        let mut hidden = Vec::new();
        self.collect_hidden(&letters(text), DEPTH, &mut hidden);
        if hidden.is_empty() {
            return Cow::Borrowed(text);
        }
        let marked = |at: usize| self.secrets.get(at).map(&mark).unwrap_or_default();
        Cow::Owned(without(text, hidden, marked))
    }

    /// Clears the index, and makes room for so many pieces.
    fn clear_index(&mut self, room: usize) {
        (self.indexed, self.characters) = (0, 0);
        self.pieces = Pieces::with_room(room);
        self.whole = WholeSecrets::default();
    }

    /// Indexes the secrets that were registered since the last call. Most runs never need the index.
    fn index(&mut self) {
        if !self.pieces.has_room(self.pieces_from(self.indexed, self.characters)) {
            // Twice as much where the secrets came one by one: more of them follow.
            let times = if self.indexed == 0 { 1 } else { 2 };
            self.clear_index(self.pieces_from(0, 0) * times);
        }
        let max = self.index_max();
        for at in self.indexed..self.secrets.len() {
            let Some(secret) = self.secrets.get(at) else { break };
            let in_pieces = is_indexed(secret, &mut self.characters, max);
            for is_form in forms(secret) {
                if in_pieces && self.pieces.insert(&self.secrets, at, *is_form) {
                    continue;
                }
                let shown = |c| if *is_form && c == ' ' { '+' } else { c };
                let form = secret.expose().chars().map(shown);
                self.whole.insert(form.filter(|c| !is_ignored(*c)).collect(), at);
            }
        }
        self.indexed = self.secrets.len();
    }

    /// The most pieces that the secrets from the one at `start` on can have, after so many indexed characters.
    fn pieces_from(&self, start: usize, mut characters: usize) -> usize {
        let max = self.index_max();
        let new = self.secrets.get(start..).unwrap_or_default();
        let indexed = new.iter().filter(|secret| is_indexed(secret, &mut characters, max));
        indexed.map(|secret| secret.expose().len() * forms(secret).len()).sum()
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
        let has = |c: char| view.iter().any(|letter| letter.c == c);
        // An HTML reference ends with `;`, a parameter of a URL does not.
        let escapes: Vec<char> =
            ESCAPES.into_iter().filter(|c| has(*c) && (*c != '&' || has(';'))).collect();
        if !escapes.is_empty() {
            self.collect_hidden(&unescaped(view, &escapes), depth, hidden);
        }
        // In one encoding, the escape characters of the others are plain text. Such text is rare: it is not decoded further.
        if 1 < escapes.len() && depth + 1 == DEPTH {
            for escape in &escapes {
                let plain = unescaped(view, std::slice::from_ref(escape));
                self.find(&plain, hidden);
            }
        }
        if let Some(plain) = unquoted(view) {
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
            let characters: Vec<char> = dense.iter().map(|letter| letter.c).collect();
            let pieces = characters.windows(PIECE).enumerate().filter_map(|(start, piece)| {
                Some((start, self.pieces.find(&self.secrets, piece)?))
            });
            let found: Vec<(usize, usize)> = pieces.collect();
            let guids = if found.is_empty() { Vec::new() } else { guids(&dense) };
            for &(start, at) in &found {
                // Ids of tenants and applications are part of some tokens, and are not secret on their own.
                let is_long = self.secrets.get(at).is_some_and(|one| GUID < one.expose().len());
                let guid =
                    guids.iter().find(|guid| guid.start <= start && start + PIECE <= guid.end);
                let is_alone = |guid: &Range<usize>| {
                    !found.iter().any(|(other, _)| {
                        let end = other + PIECE;
                        (*other < guid.start && guid.start < end)
                            || (*other < guid.end && guid.end < end)
                    })
                };
                if is_long && guid.is_some_and(is_alone) {
                    continue;
                }
                let piece = dense.get(start..start + PIECE).unwrap_or_default();
                hidden.extend(piece.iter().map(|letter| (letter.from..letter.to, at)));
            }
        }
        if self.whole.is_empty() {
            return;
        }
        let shown: Vec<Letter> = view.iter().copied().filter(|l| !is_ignored(l.c)).collect();
        self.whole.candidates(&shown, |range, secret, at| {
            let found = shown.get(range.clone()).unwrap_or_default();
            let is_short = secret.len() < SHORT;
            let same = found.iter().zip(secret).all(|(letter, c)| {
                letter.c == *c || (!is_short && letter.c.eq_ignore_ascii_case(c))
            });
            // A short secret is a whole word, and a number a whole number.
            let is_number = secret.iter().all(char::is_ascii_digit);
            let continues = |at: Option<usize>| {
                at.and_then(|at| shown.get(at)).is_some_and(|letter| {
                    (is_short && letter.c.is_alphanumeric())
                        || (is_number && letter.c.is_ascii_digit())
                })
            };
            let is_part = || continues(range.start.checked_sub(1)) || continues(Some(range.end));
            if same && !is_part() {
                hidden.extend(found.iter().map(|letter| (letter.from..letter.to, at)));
            }
        });
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

/// The spellings of `secret`: as it is, and in a form, which has `+` in place of each blank.
fn forms(secret: &Secret) -> &'static [bool] {
    if secret.expose().contains(' ') { &[false, true] } else { &[false] }
}

/// Whether the pieces of `secret` are indexed, which are at most `max` characters with the `characters` of those before it.
fn is_indexed(secret: &Secret, characters: &mut usize, max: usize) -> bool {
    let dense = secret.expose().chars().filter(|c| !is_skipped(*c)).count();
    *characters = characters.saturating_add(dense);
    PIECE <= dense && *characters <= max
}

fn hash(piece: impl Iterator<Item = char>) -> u64 {
    pieces::hash(0xcbf2_9ce4_8422_2325, piece)
}
