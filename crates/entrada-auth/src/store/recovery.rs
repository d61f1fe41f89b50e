//! The recovery key: it is stored beforehand, and encrypts a grant that the store refuses after the authority has
//! answered.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::reserved_descriptors::ReservedDescriptors;
use super::seal::{self, KeyBytes, Sealer};
use super::temporary::{ROOM, ReservedSpace, Temporary};
use super::{
    Backend, BackendError, Bytes, StoreError, StoreErrorKind, action, deadline, disk, lock,
};

/// The item's name. It cannot collide with a grant, whose name contains three `|`.
pub(super) const NAME: &str = "recovery";

/// Prefix of the base64 key. The number is the version.
const MAGIC: &str = "entrada-recovery 1 ";

/// How long the first creation waits for another process that creates the key.
const LOCK_TIMEOUT: Duration = Duration::from_secs(10);

/// Proof that a grant can be kept even if the store refuses it: see
/// [`Grants::keep_pending`](super::Grants::keep_pending).
#[must_use = "spend the code or the refresh token now, and keep this until the grant is saved"]
pub struct WriteReservation {
    key: KeyBytes,
    room: Cell<Option<Temporary>>,
    /// Resources that are reserved for the save.
    held: Cell<(Option<ReservedSpace>, Option<ReservedDescriptors>)>,
}

impl WriteReservation {
    fn new(key: KeyBytes) -> Self {
        Self { key, room: Cell::default(), held: Cell::default() }
    }

    /// Loads the recovery key from `backend` and reserves `room` bytes on the disk for the grant at `path`. `None` if either
    /// fails.
    pub(super) fn with_room(backend: &dyn Backend, path: &Path, room: u64) -> Option<Self> {
        let is_valid = |text: &[u8]| parse(text).is_ok();
        let key = parse(&backend.load_checked(NAME, &is_valid).ok()??).ok()?;
        disk::private_dir(path.parent()?).ok()?;
        let room = Temporary::with_room(path, room).ok()?;
        Some(Self { room: Cell::new(Some(room)), ..Self::new(key) })
    }

    /// Reserves file descriptors for a save.
    pub(super) fn with_descriptors(self) -> Result<Self, BackendError> {
        self.held.set((self.held.take().0, Some(ReservedDescriptors::reserve()?)));
        Ok(self)
    }

    /// Reserves disk space for a grant whose name is not known yet: in the folder `dir` of the grants kept aside, and
    /// `in_store`.
    pub(super) fn with_rooms(
        self,
        dir: &Path,
        in_store: Option<ReservedSpace>,
    ) -> Result<Self, BackendError> {
        disk::private_dir(dir)?;
        self.room.set(Some(Temporary::with_room(&dir.join("new"), ROOM)?));
        Ok(self.with_space(in_store))
    }

    /// Keeps the disk space that is reserved in the store.
    pub(super) fn with_space(self, in_store: Option<ReservedSpace>) -> Self {
        self.held.set((in_store, self.held.take().1));
        self
    }

    /// Releases the resources that are reserved for a save, because the save starts now.
    pub fn begin_save(&self) {
        self.held.take();
    }

    pub(super) fn sealer(&self) -> Sealer {
        Sealer::with(self.key.clone())
    }

    /// The reserved file, for the first caller.
    pub(super) fn room(&self) -> Option<Temporary> {
        self.room.take()
    }
}

impl fmt::Debug for WriteReservation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WriteReservation(redacted)")
    }
}

/// The recovery key in `backend`; `None` when there is none yet.
pub(super) fn load(backend: &dyn Backend) -> Result<Option<Sealer>, StoreError> {
    let Some(text) = backend.load(NAME)? else { return Ok(None) };
    let key = parse(&text).map_err(|fault| fault.when(backend.kind(), action::LOAD))?;
    Ok(Some(Sealer::with(key)))
}

/// Writes the recovery key to `backend`: the existing one, or a new one. `give_up` decides whether a key that cannot
/// be read may be replaced.
pub(super) fn reserve(
    backend: &dyn Backend,
    state_dir: &Path,
    give_up: &dyn Fn(StoreError) -> Result<(), StoreError>,
) -> Result<WriteReservation, StoreError> {
    let refuse = |fault: BackendError| fault.when(backend.kind(), action::PREPARE);
    let key = || -> Result<Option<(Bytes, KeyBytes)>, StoreError> {
        let Some(text) = backend.load(NAME)? else { return Ok(None) };
        let key = parse(&text).map_err(refuse)?;
        Ok(Some((text, key)))
    };
    let rewrite = || -> Result<Option<WriteReservation>, StoreError> {
        match key() {
            Ok(Some((text, key))) => {
                backend.save(NAME, &text)?;
                Ok(Some(WriteReservation::new(key)))
            }
            Ok(None) => Ok(None),
            Err(error) => give_up(error).map(|()| None),
        }
    };
    if let Some(ready) = rewrite()? {
        return Ok(ready);
    }
    // There is no key, or it may be replaced. The lock keeps two processes from creating two keys.
    let path = state_dir.join("recovery.lock");
    let _lock = deadline::within(LOCK_TIMEOUT, move || lock::wait(&path))
        .and_then(|locked| locked)
        .map_err(refuse)?;
    if let Some(ready) = rewrite()? {
        return Ok(ready);
    }
    let key = KeyBytes::new(seal::random().map_err(refuse)?);
    backend.save(NAME, &text_of(&key))?;
    Ok(WriteReservation::new(key))
}

fn text_of(key: &KeyBytes) -> Bytes {
    let base64 = Zeroizing::new(STANDARD.encode(key.as_slice()));
    Bytes::new([MAGIC.as_bytes(), base64.as_bytes()].concat())
}

/// The key in `text`.
fn parse(text: &[u8]) -> Result<KeyBytes, BackendError> {
    let damaged = || BackendError::corrupt("the recovery key cannot be read");
    let text = std::str::from_utf8(text).map_err(|_| damaged())?;
    if let Some(base64) = text.strip_prefix(MAGIC) {
        return seal::parse_key(base64.trim_end()).map_err(|_| damaged());
    }
    let mut words = text.split(' ');
    let version = words.nth(1).and_then(|word| word.parse::<u64>().ok());
    match version {
        Some(newer) if text.starts_with("entrada-recovery ") && 1 < newer => {
            Err(BackendError::new(StoreErrorKind::Newer(newer)))
        }
        _ => Err(damaged()),
    }
}

/// The names whose lock this process holds.
#[derive(Clone, Debug, Default)]
pub(super) struct Locks(Arc<Mutex<BTreeSet<String>>>);

/// One held name, released on drop.
#[derive(Debug)]
pub(super) struct Held {
    locks: Locks,
    name: String,
}

impl Locks {
    pub(super) fn note(&self, name: &str) -> Held {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned());
        Held { locks: self.clone(), name: name.to_owned() }
    }

    pub(super) fn holds(&self, name: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(name)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.locks.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Memory;

    fn give_up(why: StoreError) -> Result<(), StoreError> {
        if matches!(why.reason, StoreErrorKind::Corrupt(_)) { Ok(()) } else { Err(why) }
    }

    #[test]
    fn the_key_is_made_once_and_written_each_time() {
        let dir = tempfile::tempdir().unwrap();
        let memory = Memory::default();
        assert!(load(&memory).unwrap().is_none());
        let first = reserve(&memory, dir.path(), &give_up).unwrap();
        let second = reserve(&memory, dir.path(), &give_up).unwrap();
        assert_eq!(*first.key, *second.key);
        assert_ne!(*first.key, [0; 32]);
        assert!(load(&memory).unwrap().is_some());
        assert_eq!(format!("{first:?}"), "WriteReservation(redacted)");
    }

    #[test]
    fn a_damaged_key_is_replaced_and_a_newer_one_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let memory = Memory::default();
        for damage in ["", "x", "entrada-recovery 1 x", "\u{0}"] {
            memory.save(NAME, damage.as_bytes()).unwrap();
            let _ready = reserve(&memory, dir.path(), &give_up).unwrap();
            assert!(load(&memory).unwrap().is_some());
        }
        memory.save(NAME, b"x").unwrap();
        assert!(reserve(&memory, dir.path(), &Err).is_err(), "not given up");
        assert_eq!(memory.load(NAME).unwrap().unwrap().as_slice(), b"x");
        memory.save(NAME, b"entrada-recovery 2 x").unwrap();
        assert_eq!(
            reserve(&memory, dir.path(), &give_up).unwrap_err().reason,
            StoreErrorKind::Newer(2)
        );
        assert_eq!(memory.load(NAME).unwrap().unwrap().as_slice(), b"entrada-recovery 2 x");
    }
}
