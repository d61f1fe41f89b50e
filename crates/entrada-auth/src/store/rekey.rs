//! Encrypts the items of the file store with another key, one item at a time.
//!
//! Each item is replaced in one step, so it always opens with the old key or with the new one. A mark in the folder
//! tells that a change of the key has begun. A change that was interrupted is continued by a second run with the same
//! two keys.

use std::cell::{Cell, RefCell};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::backend::file;
use super::lock::{self, LockError, LockGuard};
use super::{
    Backend as _, BackendError, Bytes, File, ReservedSpace, StoreError, StoreErrorKind, StoreKey,
    StoreKind, action, disk, lock_path, recovery, seal,
};

/// The mark that a change of the key has begun.
const MARK: &str = "rekey-unfinished";

/// How often the folder is read again for items that another process has written under the old key meanwhile.
const ROUNDS: usize = 16;

/// Bytes that a change needs besides its largest item: the mark, and a longer header.
const ROOM_BESIDE: u64 = 512;

/// How long the end of a change waits for a process that writes an item.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// What a store's items are encrypted with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoredKeys {
    /// Some item is encrypted with a key of 32 bytes.
    pub has_key: bool,
    /// Some item is encrypted with a passphrase.
    pub has_passphrase: bool,
    /// A change of the key has begun and not ended.
    pub is_unfinished: bool,
}

impl StoredKeys {
    /// Looks at the file store in `data_dir`. This needs no key.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the folder cannot be read.
    pub fn of(data_dir: &Path) -> Result<Self, StoreError> {
        let refuse = |fault: BackendError| fault.when(StoreKind::File, action::OPEN);
        let dir = super::open::items_in(data_dir);
        let mut found = Self { is_unfinished: is_marked(&dir), ..Self::default() };
        for path in file::items_in(&dir).map_err(refuse)? {
            let Some(sealed) = disk::read(&path).ok().flatten() else { continue };
            match seal::is_under_passphrase(&sealed) {
                Ok(true) => found.has_passphrase = true,
                Ok(false) => found.has_key = true,
                Err(_) => (),
            }
        }
        Ok(found)
    }

    /// Whether a change of the key of the file store in `data_dir` has begun and not ended.
    pub fn is_changing(data_dir: &Path) -> bool {
        is_marked(&super::open::items_in(data_dir))
    }

    /// Whether `key` is the key of the file store in `data_dir` now: it opens the recovery key, which a change encrypts first. A
    /// store without a recovery key takes any key.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if `key` is not a valid key, or the store cannot be read.
    pub fn is_under(data_dir: &Path, key: &StoreKey) -> Result<bool, StoreError> {
        match File::new(super::open::items_in(data_dir), key)?.load(recovery::NAME) {
            Ok(_) => Ok(true),
            Err(error) if is_about_content(&error) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// Whether a change of the key of the items in `dir` has begun and not ended.
pub(super) fn is_marked(dir: &Path) -> bool {
    dir.join(MARK).symlink_metadata().is_ok()
}

/// The path of the lock that all processes share while they write an item in `dir`.
pub(super) fn writers(dir: &Path) -> PathBuf {
    dir.join("writers.lock")
}

/// The path of the lock on a change of the key.
fn change_lock(state_dir: &Path) -> PathBuf {
    state_dir.join("rekey.lock")
}

/// The result of [`Rekey::run`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rekeyed {
    /// How many items were encrypted anew.
    pub changed: usize,
    /// How many items were under the new key already.
    pub unchanged: usize,
    /// The files that open with neither key. They are left as they are.
    pub unreadable: Vec<PathBuf>,
}

/// The key of the store could not be changed. Every item still opens with the old key or with the new one.
#[derive(Debug, thiserror::Error)]
pub enum RekeyError {
    /// The store cannot be read or written, or no item opens with the old key.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Another process uses a grant.
    #[error(transparent)]
    Lock(#[from] LockError),
}

/// A change of the key of the file store.
pub struct Rekey {
    dir: PathBuf,
    state_dir: PathBuf,
    old: File,
    new: File,
    has_begun: Cell<bool>,
    /// The lock that the change waits for, and for how long it has.
    waits: RefCell<(PathBuf, Duration)>,
}

/// The key that opens an item.
enum OpensWith {
    New,
    Old(Bytes),
    /// It is damaged, or under a third key.
    Neither(StoreError),
    /// The item was removed meanwhile.
    Gone,
}

impl Rekey {
    /// Waits for up to `wait`, in steps through `sleep`, until no other process changes the key of a store with its locks in
    /// `state_dir`. The keys and the configuration are read under this lock, and it is held until [`Rekey::finish`].
    ///
    /// # Errors
    ///
    /// [`LockError`] if another process has it, or the folder cannot be written.
    pub fn lock(
        state_dir: &Path,
        wait: Duration,
        sleep: &mut dyn FnMut(Duration) -> bool,
    ) -> Result<LockGuard, LockError> {
        lock::acquire(&change_lock(state_dir), wait, sleep)
    }

    /// The process that has the lock of [`Rekey::lock`], if it is known.
    pub fn lock_holder(state_dir: &Path) -> Option<u32> {
        lock::holder_of(&change_lock(state_dir))
    }

    /// A change from `old` to `new` of the store in `data_dir`, whose locks are in `state_dir`.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if one of the keys is not a valid key.
    pub fn new(
        data_dir: &Path,
        state_dir: &Path,
        old: &StoreKey,
        new: &StoreKey,
    ) -> Result<Self, StoreError> {
        let dir = super::open::items_in(data_dir);
        let files = |key| File::new(dir.clone(), key);
        let (old, new) = (files(old)?, files(new)?);
        let (has_begun, waits) = (Cell::default(), RefCell::default());
        Ok(Self { old, new, state_dir: state_dir.to_owned(), dir, has_begun, waits })
    }

    /// How long the change has waited for the lock that it waits for, for a `sleep` that tells of it.
    pub fn waited(&self) -> Duration {
        self.waits.borrow().1
    }

    /// The process for which the change waits, if it is known.
    pub fn blocking_process(&self) -> Option<u32> {
        lock::holder_of(&self.waits.borrow().0)
    }

    fn acquire(
        &self,
        path: &Path,
        wait: Duration,
        sleep: &mut dyn FnMut(Duration) -> bool,
    ) -> Result<LockGuard, LockError> {
        self.waits.replace((path.to_owned(), Duration::ZERO));
        lock::acquire(path, wait, &mut |pause| {
            let goes_on = sleep(pause);
            self.waits.borrow_mut().1 += pause;
            goes_on
        })
    }

    /// Whether every item opens with the new key.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if an item cannot be read.
    pub fn is_done(&self) -> Result<bool, StoreError> {
        for name in self.paths()?.iter().filter_map(|path| file::name_in(path)) {
            if !matches!(self.opens_with(&name)?, OpensWith::New | OpensWith::Gone) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Checks both keys, the locks and the room on the disk, and sets the mark: from here on, a change has begun. A new key goes
    /// to disk after this and before [`Rekey::run`], which begins by itself otherwise.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the old key opens no item, another change has not ended, a lock cannot be taken, or the folder cannot be
    /// written. Nothing has begun then.
    pub fn begin(&self) -> Result<(), StoreError> {
        if !self.has_begun.get() {
            self.check_keys()?;
            self.check_writable()?;
            self.mark()?;
            self.has_begun.set(true);
        }
        Ok(())
    }

    /// Encrypts every item with the new key. `progress` is called after each step with the items that are done and all
    /// items. Waits for up to `wait` for each grant that another process uses, in steps through `sleep`.
    ///
    /// The mark stays until [`Rekey::finish`], so that the caller can write down the new key before.
    ///
    /// # Errors
    ///
    /// [`RekeyError`]. A second run continues where this one ended.
    pub fn run(
        &self,
        wait: Duration,
        sleep: &mut dyn FnMut(Duration) -> bool,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Rekeyed, RekeyError> {
        self.begin()?;
        let mut result = Rekeyed::default();
        let paths = self.paths()?;
        result.unchanged = paths.len();
        progress(0, paths.len());
        for round in 0..ROUNDS {
            let (before, paths) = (result.changed, self.paths()?);
            result.unreadable.clear();
            for (index, path) in paths.iter().enumerate() {
                result.changed +=
                    usize::from(self.change(path, wait, sleep, &mut result.unreadable)?);
                if round == 0 {
                    progress(index + 1, paths.len());
                }
            }
            if before == result.changed {
                break;
            }
        }
        result.unchanged =
            self.paths()?.len().saturating_sub(result.changed + result.unreadable.len());
        Ok(result)
    }

    /// Removes the mark, because the new key is written down. Items that were saved under the old key since [`Rekey::run`] are
    /// encrypted with the new one first, while nobody writes. Whoever writes later is refused with the old key. Waits for
    /// processes that write, in steps through `sleep`.
    ///
    /// # Errors
    ///
    /// [`RekeyError`] if the folder cannot be written, or another process does not end its write.
    pub fn finish(&self, sleep: &mut dyn FnMut(Duration) -> bool) -> Result<(), RekeyError> {
        let alone = self.acquire(&writers(&self.dir), WRITE_TIMEOUT, sleep)?;
        alone.clear_holder();
        for path in self.paths()? {
            let Some(sealed) = disk::read(&path).map_err(refuse)? else { continue };
            let Ok(name) = seal::name_of(&sealed) else { continue };
            if let OpensWith::Old(bytes) = self.opens_with(&name)? {
                self.new.save_anew(&name, &bytes).map_err(refuse)?;
            }
        }
        disk::remove(&self.dir.join(MARK)).map_err(refuse)?;
        Ok(())
    }

    /// Encrypts the item in the file `path` with the new key. Returns whether it was under the old one.
    fn change(
        &self,
        path: &Path,
        wait: Duration,
        sleep: &mut dyn FnMut(Duration) -> bool,
        unreadable: &mut Vec<PathBuf>,
    ) -> Result<bool, RekeyError> {
        // A file that cannot be read now is no damaged one: the change ends here, and a second run continues it.
        let Some(sealed) = disk::read(path).map_err(refuse)? else { return Ok(false) };
        let Ok(name) = seal::name_of(&sealed) else {
            unreadable.push(path.to_owned());
            return Ok(false);
        };
        // Most items of a second run need no lock.
        if matches!(self.opens_with(&name)?, OpensWith::New | OpensWith::Gone) {
            return Ok(false);
        }
        // A process that refreshes this grant saves the result first.
        let _lock = self.acquire(&self.lock_path(&name), wait, sleep)?;
        match self.opens_with(&name)? {
            OpensWith::New | OpensWith::Gone => Ok(false),
            OpensWith::Old(bytes) => {
                self.new.save_anew(&name, &bytes).map_err(refuse)?;
                Ok(true)
            }
            OpensWith::Neither(_) => {
                unreadable.push(path.to_owned());
                Ok(false)
            }
        }
    }

    /// The error is about a file that cannot be read.
    fn opens_with(&self, name: &str) -> Result<OpensWith, StoreError> {
        if let Ok(found) = self.new.load(name) {
            return Ok(found.map_or(OpensWith::Gone, |_| OpensWith::New));
        }
        match self.old.load(name) {
            Ok(Some(bytes)) => Ok(OpensWith::Old(bytes)),
            Ok(None) => Ok(OpensWith::Gone),
            Err(error) if is_about_content(&error) => Ok(OpensWith::Neither(error)),
            Err(error) => Err(StoreError { action: action::REKEY, ..error }),
        }
    }

    /// Refuses an old key that opens no item, unless all items are under the new one; and a new key that is another one than
    /// that of a change which has not ended. Nothing was written by then.
    fn check_keys(&self) -> Result<(), StoreError> {
        let mut first = None;
        let mut is_old = false;
        for path in self.paths()? {
            // A file that cannot be read would end the change half-way.
            let Some(sealed) = disk::read(&path).map_err(refuse)? else { continue };
            let Ok(name) = seal::name_of(&sealed) else { continue };
            match self.opens_with(&name)? {
                OpensWith::Old(_) => is_old = true,
                OpensWith::Neither(error) => first = first.or(Some(error)),
                OpensWith::New | OpensWith::Gone => (),
            }
        }
        let is_other_change = is_marked(&self.dir)
            && first
                .as_ref()
                .is_some_and(|error| !matches!(error.reason, StoreErrorKind::Corrupt(_)));
        if is_old && !is_other_change {
            return Ok(());
        }
        if is_other_change {
            let text = if is_old {
                "a change to another new key has not ended: give the same new key as before (`--new-key-file`, or the same passphrase)"
            } else {
                "a change of the key has not ended, and no item opens with the old key or this new one: give the same new key as \
                 before (`--new-key-file`, or the same passphrase)"
            };
            return Err(StoreError {
                kind: StoreKind::File,
                action: action::REKEY,
                reason: StoreErrorKind::RekeyUnfinished(text.to_owned()),
                source: None,
            });
        }
        match first {
            Some(error) => Err(StoreError { action: action::REKEY, ..error }),
            None => Ok(()),
        }
    }

    /// Fails where the change would end half-way: at a lock that cannot be taken, or for want of room for the largest item.
    fn check_writable(&self) -> Result<(), StoreError> {
        lock::check(&writers(&self.dir)).map_err(refuse)?;
        let mut room = ROOM_BESIDE;
        for path in self.paths()? {
            let Some(sealed) = disk::read(&path).map_err(refuse)? else { continue };
            let Ok(name) = seal::name_of(&sealed) else { continue };
            lock::check(&self.lock_path(&name)).map_err(refuse)?;
            room = room.max(sealed.len() as u64 + ROOM_BESIDE);
        }
        ReservedSpace::in_folder(&self.dir, room).map(drop).map_err(refuse)
    }

    /// The files of all items. The recovery key comes first: without it no process with the old key begins a sign-in or
    /// a refresh.
    fn paths(&self) -> Result<Vec<PathBuf>, StoreError> {
        let recovery = file::path_in(&self.dir, recovery::NAME);
        let mut paths = file::items_in(&self.dir).map_err(refuse)?;
        paths.sort_by_key(|path| *path != recovery);
        Ok(paths)
    }

    fn mark(&self) -> Result<(), StoreError> {
        let text = b"`entrada store rekey` has not finished: run it again. Until then some items need the old key.\n";
        let written =
            disk::private_dir(&self.dir).and_then(|()| disk::write(&self.dir.join(MARK), text));
        written.map_err(refuse)
    }

    fn lock_path(&self, name: &str) -> PathBuf {
        match name {
            recovery::NAME => self.state_dir.join("recovery.lock"),
            name => lock_path(&self.state_dir, StoreKind::File, name),
        }
    }
}

/// Whether `error` is about what a file holds, and not about reading it.
fn is_about_content(error: &StoreError) -> bool {
    use StoreErrorKind::{Corrupt, Newer, RekeyUnfinished, WrongKey, WrongKeyKind};
    matches!(
        error.reason,
        Corrupt(_) | Newer(_) | RekeyUnfinished(_) | WrongKey(_) | WrongKeyKind { .. }
    )
}

fn refuse(fault: BackendError) -> StoreError {
    fault.when(StoreKind::File, action::REKEY)
}

#[cfg(test)]
#[path = "rekey_tests.rs"]
mod tests;
