//! The store of encrypted files, one file per item.

use std::path::{Path, PathBuf};

use super::{Backend, Bytes};
use crate::store::lock::{self, LockGuard, WritersLock};
use crate::store::seal::{self, Sealer, StoreKey};
use crate::store::temporary::Temporary;
use crate::store::{
    ASIDE, BackendError, ReservedSpace, StoreError, StoreErrorKind, StoreKind, action, disk,
    recovery, rekey,
};

/// File extension of an item.
const EXTENSION: &str = "item";

/// File extension of an item that could not be read and was moved aside.
pub(in crate::store) const DAMAGED: &str = "damaged";

/// One encrypted file per item, in its own directory.
pub struct File {
    dir: PathBuf,
    sealer: Sealer,
}

impl File {
    /// Items in `dir`, encrypted with `key`. The first save creates the directory.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if `key` is not a valid key.
    pub fn new(dir: PathBuf, key: &StoreKey) -> Result<Self, StoreError> {
        let sealer = Sealer::new(key).map_err(|fault| fault.when(StoreKind::File, action::OPEN))?;
        Ok(Self { dir, sealer })
    }

    /// Whether `dir` has never held an item. Any key is valid then.
    pub(in crate::store) fn is_new(dir: &Path) -> bool {
        let is_item = |entry: std::fs::DirEntry| {
            entry.path().extension().is_some_and(|extension| extension == EXTENSION)
        };
        !std::fs::read_dir(dir).is_ok_and(|mut all| all.any(|entry| entry.is_ok_and(is_item)))
    }

    /// Items in `dir`, encrypted with a key that is already loaded.
    pub(in crate::store) fn with(dir: PathBuf, sealer: Sealer) -> Self {
        Self { dir, sealer }
    }

    /// The file path of the item `name`.
    pub(in crate::store) fn path(&self, name: &str) -> PathBuf {
        path_in(&self.dir, name)
    }

    fn read(&self, name: &str) -> Result<Option<Bytes>, BackendError> {
        let Some(sealed) = disk::read(&self.path(name))? else { return Ok(None) };
        self.sealer.open(name, &sealed).map(Some).map_err(|fault| match fault.reason {
            StoreErrorKind::WrongKey(_) | StoreErrorKind::WrongKeyKind { .. }
                if rekey::is_marked(&self.dir) =>
            {
                BackendError::new(StoreErrorKind::RekeyUnfinished(fault.reason.to_string()))
            }
            _ => fault,
        })
    }

    /// Refuses to save under a key that the store no longer has: `entrada store rekey` may have run during a sign-in. While a
    /// change of the key is under way, an item may still be saved under the old key: the change finds it, because it cannot end
    /// before the returned lock is released. A store without a recovery key has no grant, so there is no change to wait for.
    fn check_key(&self, name: &str) -> Result<Option<LockGuard>, BackendError> {
        let key = self.path(recovery::NAME);
        if key.symlink_metadata().is_err() {
            return Ok(None);
        }
        let guard = Some(lock::share(&rekey::writers(&self.dir))?);
        if name == recovery::NAME || rekey::is_marked(&self.dir) {
            return Ok(guard);
        }
        let Some(sealed) = disk::read(&key)? else { return Ok(guard) };
        match self.sealer.open(recovery::NAME, &sealed) {
            Err(fault)
                if matches!(
                    fault.reason,
                    StoreErrorKind::WrongKey(_) | StoreErrorKind::WrongKeyKind { .. }
                ) =>
            {
                Err(fault)
            }
            _ => Ok(guard),
        }
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), BackendError> {
        disk::private_dir(&self.dir)?;
        let _writes = self.check_key(name)?;
        let like = if self.sealer.is_salted() { self.any_item()? } else { None };
        let sealed = self.sealer.seal(name, bytes, like.as_ref().map(|like| like.as_slice()))?;
        disk::write(&self.path(name), &sealed)
    }

    /// As `save`, for an item that is still under another key. The salts of other items are not reused.
    pub(in crate::store) fn save_anew(&self, name: &str, bytes: &[u8]) -> Result<(), BackendError> {
        disk::write(&self.path(name), &self.sealer.seal(name, bytes, None)?)
    }

    /// Writes `bytes` under `name` into the disk space that was reserved for it.
    pub(in crate::store) fn save_into(
        &self,
        room: Temporary,
        name: &str,
        bytes: &[u8],
    ) -> Result<(), BackendError> {
        let _writes = self.check_key(name)?;
        room.become_file(&self.path(name), &self.sealer.seal(name, bytes, None)?)
    }

    /// Any item of this store. Its salt is reused, so that one key derivation is enough for a whole run.
    fn any_item(&self) -> Result<Option<Bytes>, BackendError> {
        match items_in(&self.dir)?.first() {
            Some(path) => disk::read(path),
            None => Ok(None),
        }
    }

    fn list(&self) -> Result<Vec<String>, BackendError> {
        let mut names = Vec::new();
        for path in items_in(&self.dir)? {
            // A file that cannot be read has no name to list. Loading it reports the reason.
            names.extend(name_in(&path));
        }
        Ok(names)
    }
}

/// The files of the items in `dir`.
pub(in crate::store) fn items_in(dir: &Path) -> Result<Vec<PathBuf>, BackendError> {
    disk::list(dir, EXTENSION)
}

/// The name of the item in the file `path`. Reading the name needs no key.
pub(in crate::store) fn name_in(path: &Path) -> Option<String> {
    seal::name_of(&disk::read(path).ok().flatten()?).ok()
}

/// A free file name next to `path`, for an item that could not be read.
pub(in crate::store) fn free_damaged(path: &Path) -> PathBuf {
    let mut number = 1;
    loop {
        let free = path.with_extension(match number {
            1 => DAMAGED.to_owned(),
            number => format!("{number}.{DAMAGED}"),
        });
        if free.symlink_metadata().is_err() {
            return free;
        }
        number += 1;
    }
}

/// The files that were renamed to a name from [`free_damaged`] for the item's file `path`.
pub(in crate::store) fn damaged_of(path: &Path) -> Result<Vec<PathBuf>, BackendError> {
    let Some((dir, stem)) = path.parent().zip(path.file_stem()) else { return Ok(Vec::new()) };
    let mut all = disk::list(dir, DAMAGED)?;
    let is_of = |own: &PathBuf| {
        let name = own.file_name().unwrap_or_default().as_encoded_bytes();
        name.strip_prefix(stem.as_encoded_bytes()).is_some_and(|rest| rest.starts_with(b"."))
    };
    all.retain(is_of);
    Ok(all)
}

/// The file path of the item `name` of the store in `dir`.
pub(in crate::store) fn path_in(dir: &Path, name: &str) -> PathBuf {
    // An item that was moved aside keeps its old name inside, and no longer counts as an item.
    let extension = if name.starts_with(ASIDE) { DAMAGED } else { EXTENSION };
    dir.join(format!("{}.{extension}", disk::file_name(name)))
}

impl Backend for File {
    fn kind(&self) -> StoreKind {
        StoreKind::File
    }

    fn describe(&self) -> String {
        format!("encrypted files in `{}`", self.dir.display())
    }

    fn load(&self, name: &str) -> Result<Option<Bytes>, StoreError> {
        self.read(name).map_err(|fault| fault.when(StoreKind::File, action::LOAD))
    }

    fn save(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        self.write(name, bytes).map_err(|fault| fault.when(StoreKind::File, action::SAVE))
    }

    fn reserve_space(&self, room: u64) -> Result<Option<ReservedSpace>, StoreError> {
        let space = disk::private_dir(&self.dir)
            .and_then(|()| lock::check(&rekey::writers(&self.dir)))
            .and_then(|()| ReservedSpace::in_folder(&self.dir, room));
        space.map(Some).map_err(|fault| fault.when(StoreKind::File, action::PREPARE))
    }

    fn writers_lock(&self) -> Result<Option<WritersLock>, StoreError> {
        if self.path(recovery::NAME).symlink_metadata().is_err() {
            return Ok(None);
        }
        let lock = WritersLock::open(rekey::writers(&self.dir));
        lock.map(Some).map_err(|fault| fault.when(StoreKind::File, action::PREPARE))
    }

    fn move_item(&self, name: &str, new_name: &str) -> Result<(), StoreError> {
        // The file is renamed unopened: it is unreadable under any name.
        let (from, to) = (self.path(name), self.path(new_name));
        let moved = match to.symlink_metadata() {
            Ok(_) => Err(BackendError::denied(format!("`{}` already exists", to.display()))),
            Err(_) => disk::rename(&from, &to),
        };
        moved.map_err(|fault| fault.when(StoreKind::File, action::SAVE))
    }

    fn remove(&self, name: &str) -> Result<bool, StoreError> {
        let removed = disk::remove(&self.path(name));
        removed.map_err(|fault| fault.when(StoreKind::File, action::REMOVE))
    }

    fn names(&self) -> Result<Option<Vec<String>>, StoreError> {
        self.list().map(Some).map_err(|fault| fault.when(StoreKind::File, action::NAMES))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::contract;
    use entrada_core::Secret;

    const KEY: &str = "AP8A/wD/AP8A/wD/AP8A/wD/AP8A/wD/AP8A/wD/AP8=";

    fn store(dir: &Path) -> File {
        File::new(dir.join("grants"), &StoreKey::Raw(Secret::new(KEY))).unwrap()
    }

    #[test]
    fn files_keep_the_contract_under_a_key() {
        let dir = tempfile::tempdir().unwrap();
        contract::check(&store(dir.path()));
    }

    #[test]
    fn files_keep_the_contract_under_a_passphrase() {
        let dir = tempfile::tempdir().unwrap();
        let key = StoreKey::Passphrase(Secret::new("correct horse"));
        contract::check(&File::new(dir.path().join("grants"), &key).unwrap());
    }

    #[test]
    fn nothing_readable_is_left_on_disk() {
        let dir = tempfile::tempdir().unwrap();
        let store = store(dir.path());
        store.save("name", b"hunter2hunter2").unwrap();
        let sealed = std::fs::read(store.path("name")).unwrap();
        assert!(!sealed.windows(7).any(|window| window == b"hunter2"));
    }

    #[test]
    fn a_file_under_another_key_is_neither_absent_nor_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        store(dir.path()).save("name", b"value").unwrap();
        let other = StoreKey::Raw(Secret::new("11".repeat(32)));
        let other = File::new(dir.path().join("grants"), &other).unwrap();
        let error = other.load("name").unwrap_err();
        assert_eq!(error.reason, StoreErrorKind::WrongKey("wrong key or altered file".to_owned()));
        assert_eq!(other.names().unwrap().unwrap(), ["name"]);
        assert!(store(dir.path()).load("name").unwrap().is_some());
    }

    #[test]
    fn concurrent_readers_never_see_a_partial_file() {
        let dir = tempfile::tempdir().unwrap();
        let values = [vec![b'a'; 30_000], vec![b'b'; 10]];
        store(dir.path()).save("name", &values[0]).unwrap();
        std::thread::scope(|scope| {
            for value in &values {
                let store = store(dir.path());
                scope.spawn(move || (0..30).for_each(|_| store.save("name", value).unwrap()));
            }
            let store = store(dir.path());
            for _ in 0..200 {
                let read = store.load("name").unwrap().unwrap();
                assert!(values.contains(&read));
            }
        });
    }
}
