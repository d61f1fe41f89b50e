//! Encrypts the items of the file store with another key, one item at a time.
//!
//! Each item is replaced in one step, so it always opens with the old key or with the new one. A mark in the folder
//! tells that a change of the key has begun. A change that was interrupted is continued by a second run with the same
//! two keys.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::backend::file;
use super::lock::{self, LockError};
use super::{
    Backend as _, BackendError, Bytes, File, StoreError, StoreErrorKind, StoreKey, StoreKind,
    action, disk, lock_path, recovery, seal,
};

/// The mark that a change of the key has begun.
const MARK: &str = "rekey-unfinished";

/// How often the folder is read again for items that another process has written under the old key meanwhile.
const ROUNDS: usize = 16;

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
}

/// Whether a change of the key of the items in `dir` has begun and not ended.
pub(super) fn is_marked(dir: &Path) -> bool {
    dir.join(MARK).symlink_metadata().is_ok()
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
}

/// The key that opens an item.
enum OpensWith {
    New,
    Old(Bytes),
    Neither(StoreError),
    /// The item was removed meanwhile.
    Gone,
}

impl Rekey {
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
        Ok(Self { old: files(old)?, new: files(new)?, state_dir: state_dir.to_owned(), dir })
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
        self.check_old_key()?;
        self.mark()?;
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

    /// Removes the mark, because the new key is written down.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the folder cannot be written.
    pub fn finish(&self) -> Result<(), StoreError> {
        disk::remove(&self.dir.join(MARK)).map(drop).map_err(refuse)
    }

    /// Encrypts the item in the file `path` with the new key. Returns whether it was under the old one.
    fn change(
        &self,
        path: &Path,
        wait: Duration,
        sleep: &mut dyn FnMut(Duration) -> bool,
        unreadable: &mut Vec<PathBuf>,
    ) -> Result<bool, RekeyError> {
        let Some(name) = file::name_in(path) else {
            unreadable.extend(path.symlink_metadata().is_ok().then(|| path.to_owned()));
            return Ok(false);
        };
        // Most items of a second run need no lock.
        if matches!(self.opens_with(&name), OpensWith::New | OpensWith::Gone) {
            return Ok(false);
        }
        // A process that refreshes this grant saves the result first.
        let _lock = lock::acquire(&self.lock_path(&name), wait, sleep)?;
        match self.opens_with(&name) {
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

    fn opens_with(&self, name: &str) -> OpensWith {
        match self.new.load(name) {
            Ok(Some(_)) => OpensWith::New,
            Ok(None) => OpensWith::Gone,
            Err(_) => match self.old.load(name) {
                Ok(Some(bytes)) => OpensWith::Old(bytes),
                Ok(None) => OpensWith::Gone,
                Err(error) => OpensWith::Neither(error),
            },
        }
    }

    /// Refuses an old key that opens no item, unless all items are under the new one. Nothing was written by then.
    fn check_old_key(&self) -> Result<(), StoreError> {
        let mut first = None;
        for path in self.paths()? {
            let Some(name) = file::name_in(&path) else { continue };
            match self.opens_with(&name) {
                OpensWith::Old(_) => return Ok(()),
                OpensWith::Neither(error) => first = first.or(Some(error)),
                OpensWith::New | OpensWith::Gone => (),
            }
        }
        match first {
            // The old key is the one that the user gave, whatever the mark says.
            Some(StoreError {
                reason: StoreErrorKind::RekeyUnfinished(text),
                kind,
                source,
                ..
            }) => {
                let reason = StoreErrorKind::WrongKey(text);
                Err(StoreError { kind, action: action::REKEY, reason, source })
            }
            Some(error) => Err(StoreError { action: action::REKEY, ..error }),
            None => Ok(()),
        }
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

fn refuse(fault: BackendError) -> StoreError {
    fault.when(StoreKind::File, action::REKEY)
}

#[cfg(test)]
#[path = "rekey_tests.rs"]
mod tests;
