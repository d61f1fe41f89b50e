//! The index of the pieces of secrets. It holds places in the secrets and no text: four bytes and a quarter more for each
//! character, since a file may have megabytes of secrets.

use std::hash::{BuildHasher as _, RandomState};

use super::encodings::is_skipped;
use crate::Secret;

/// The length of a piece of a secret, in characters. A match of this length is not a coincidence.
pub(super) const PIECE: usize = 16;

/// The bits of a slot that hold a place. The others hold a part of the piece's hash, so that few texts have to be compared.
const PLACE_BITS: u32 = 26;
/// The number of places.
const PLACES: usize = (1 << PLACE_BITS) - 1;
/// The place of no piece.
const NOWHERE: u32 = (1 << PLACE_BITS) - 1;

/// A hash table of all pieces, with open addressing: a piece is in the first free slot from that of its hash on. Each piece is there
/// once, for the first secret that has it.
#[derive(Default)]
pub(super) struct Pieces {
    /// The place of a piece in the low bits, and the mark of its hash in the others.
    slots: Vec<u32>,
    /// How many slots are taken.
    count: usize,
    /// What is indexed, in the order of the places.
    spellings: Vec<Spelling>,
    /// The first place behind all spellings.
    end: usize,
    /// The start of all hashes, which differs in each process.
    seed: u64,
}

/// A secret as it may stand in a text.
struct Spelling {
    /// The place of its first byte. Those of the others follow.
    start: usize,
    /// The index of the secret.
    secret: usize,
    /// Whether it is that of a form, with `+` in place of each blank.
    is_form: bool,
}

impl Pieces {
    /// An empty index with room for `count` pieces.
    pub(super) fn with_room(count: usize) -> Self {
        let seed = RandomState::new().hash_one(count);
        Self { slots: vec![NOWHERE; count + count / 4 + 2], seed, ..Self::default() }
    }

    /// Whether `count` more pieces have room.
    pub(super) fn has_room(&self, count: usize) -> bool {
        let most = self.count + count;
        most + most / 4 < self.slots.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Adds the pieces of the secret at `at`. `false` if there is no room for them.
    pub(super) fn insert(&mut self, secrets: &[Secret], at: usize, is_form: bool) -> bool {
        let text = secrets.get(at).map(Secret::expose).unwrap_or_default();
        let start = self.end;
        if PLACES <= start + text.len() {
            return false;
        }
        self.end += text.len();
        self.spellings.push(Spelling { start, secret: at, is_form });
        let mut window = [(0, '\0'); PIECE];
        for (number, letter) in dense(text, is_form).enumerate() {
            window.copy_within(1.., 0);
            window[PIECE - 1] = letter;
            if number + 1 < PIECE {
                continue;
            }
            if self.slots.len() <= self.count + 1 {
                return false;
            }
            let piece = window.map(|(_, c)| c);
            let Err((slot, mark)) = self.search(secrets, &piece) else { continue };
            let place = u32::try_from(start + window[0].0).unwrap_or(NOWHERE);
            if let Some(free) = self.slots.get_mut(slot) {
                *free = mark | place;
                self.count += 1;
            }
        }
        true
    }

    /// The index of the first secret that has `piece`.
    pub(super) fn find(&self, secrets: &[Secret], piece: &[char]) -> Option<usize> {
        if self.is_empty() { None } else { self.search(secrets, piece).ok() }
    }

    /// The index of the secret that has `piece`, or the slot where it belongs, with its mark.
    fn search(&self, secrets: &[Secret], piece: &[char]) -> Result<usize, (usize, u32)> {
        let hash = hash(self.seed, piece.iter().copied());
        let mark = u32::try_from(hash >> (32 + PLACE_BITS)).unwrap_or_default() << PLACE_BITS;
        let length = u64::try_from(self.slots.len()).unwrap_or(u64::MAX).max(1);
        let start = usize::try_from(hash % length).unwrap_or_default();
        let (before, from) = self.slots.split_at(start.min(self.slots.len()));
        for (steps, slot) in from.iter().chain(before).enumerate() {
            let place = slot & NOWHERE;
            if place == NOWHERE {
                return Err(((start + steps) % self.slots.len(), mark));
            }
            if slot & !NOWHERE == mark
                && let Some(secret) = self.secret_with(secrets, place, piece)
            {
                return Ok(secret);
            }
        }
        Err((self.slots.len(), mark))
    }

    /// The index of the secret at `place`, if `piece` is there.
    fn secret_with(&self, secrets: &[Secret], place: u32, piece: &[char]) -> Option<usize> {
        let place = usize::try_from(place).ok()?;
        let after = self.spellings.partition_point(|spelling| spelling.start <= place);
        let spelling = self.spellings.get(after.checked_sub(1)?)?;
        let text = secrets.get(spelling.secret)?.expose().get(place - spelling.start..)?;
        let mut there = text.chars();
        let has = |wanted: &char| {
            // Characters that do not count are between the others.
            there.by_ref().find_map(|c| {
                let c = if spelling.is_form && c == ' ' { '+' } else { c };
                let is_same = c.eq_ignore_ascii_case(wanted);
                (is_same || !is_skipped(c)).then_some(is_same)
            }) == Some(true)
        };
        piece.iter().all(has).then_some(spelling.secret)
    }
}

/// The characters of a secret that count, with the place of each.
fn dense(text: &str, is_form: bool) -> impl Iterator<Item = (usize, char)> {
    let shown = move |(at, c)| (at, if is_form && c == ' ' { '+' } else { c });
    text.char_indices().map(shown).filter(|(_, c)| !is_skipped(*c))
}

/// FNV-1a, ignoring case: header names arrive in lower case.
pub(super) fn hash(start: u64, piece: impl Iterator<Item = char>) -> u64 {
    piece.fold(start, |hash, c| {
        (hash ^ u64::from(u32::from(c.to_ascii_lowercase()))).wrapping_mul(0x0100_0000_01b3)
    })
}
