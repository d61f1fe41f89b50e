//! Saved grants: the interface to the store for the rest of the program.

mod damage;
mod pending;

use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::time::Duration;

use super::backend::file;
use super::index::Index;
use super::recovery::{self, Locks};
use super::temporary::ROOM;
use super::{
    Backend, BackendError, Bytes, File, Grant, GrantKey, LockError, LockGuard, LockOutcome,
    StoreError, StoreKind, WriteReservation, WritersLock, action, disk, lock, record, temporary,
};
use entrada_core::{NumericDate, Redactor};

/// Grants in one store, with the account list and the locks in a state directory.
pub struct Grants {
    pub(super) backend: Box<dyn Backend>,
    pub(super) state_dir: PathBuf,
    pub(super) index: Index,
    locks: Locks,
    pub(super) warnings: RefCell<Vec<String>>,
    redactor: Redactor,
    /// The profile of this run, whose choice of an account counts.
    pub(super) profile: Option<String>,
    replaces_damaged: Cell<bool>,
    /// The names of all items, and whether the key opens one of them. Used to find out whether the key is wrong when
    /// an item does not open.
    tried: RefCell<Option<(Vec<String>, bool)>>,
    /// Entries of the list that were found without a grant.
    pub(super) stale: RefCell<Vec<GrantKey>>,
}

impl Grants {
    /// Grants in `backend`. The account list, the locks and the grants kept aside are in `state_dir`.
    pub fn new(backend: Box<dyn Backend>, state_dir: PathBuf) -> Self {
        let index = Index::new(&state_dir);
        let (locks, warnings) = (Locks::default(), RefCell::default());
        let (redactor, replaces_damaged) = (Redactor::of_process(), Cell::default());
        let (tried, stale) = (RefCell::default(), RefCell::default());
        Self {
            backend,
            state_dir,
            index,
            locks,
            warnings,
            redactor,
            profile: None,
            replaces_damaged,
            tried,
            stale,
        }
    }

    /// Registers the tokens of every loaded grant with `redactor`.
    #[must_use]
    pub fn with_redactor(self, redactor: Redactor) -> Self {
        Self { redactor, ..self }
    }

    /// Of several accounts, uses the one that is chosen for `profile`.
    #[must_use]
    pub fn with_profile(self, profile: Option<String>) -> Self {
        Self { profile, ..self }
    }

    /// Removes temporary files that killed runs left in the state directory, and a cache of earlier versions, which
    /// contains user names.
    pub(super) fn sweep(&self) {
        let _ = std::fs::remove_dir_all(self.state_dir.join("accounts.seen"));
        let caches = ["keyring", "signing-keys", "defaults"].map(|name| self.state_dir.join(name));
        for dir in [self.pending_dir(), self.state_dir.clone()].into_iter().chain(caches) {
            temporary::sweep_next_to(&dir.join("any"));
        }
    }

    /// The kind of store.
    pub fn kind(&self) -> StoreKind {
        self.backend.kind()
    }

    /// The name of the provider for people: `gnome-keyring`, a path.
    pub fn describe(&self) -> String {
        self.backend.describe()
    }

    /// Warnings about problems that did not stop a call, for people. Reading them clears them.
    pub fn take_warnings(&self) -> Vec<String> {
        self.warnings.take()
    }

    /// The grant under `key`, or `None` when there is none.
    ///
    /// First saves a newer grant that [`Grants::keep_pending`] kept aside, if no other process holds the lock on the
    /// grant.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be read: locked and damaged are errors, absent is `None`.
    pub fn load(&self, key: &GrantKey) -> Result<Option<Grant>, StoreError> {
        let stored = self.stored(key)?;
        let grant = if self.has_pending(key) { self.merge(key, stored)? } else { stored };
        if let Some(grant) = &grant {
            let tokens = grant.access_tokens.iter().map(|token| &token.access_token);
            for secret in tokens.chain(&grant.refresh_token) {
                self.redactor.register(secret.expose());
            }
        }
        if grant.is_none() && self.index.contains(self.kind(), key) {
            self.warn_absent();
        }
        Ok(grant)
    }

    /// As [`Grants::save`], for the result of refreshing `sent`. A sign-in that was stored since then is kept.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be written, or what is stored there cannot be read.
    pub fn renew(
        &self,
        key: &GrantKey,
        sent: &Grant,
        grant: &Grant,
        now: NumericDate,
    ) -> Result<(), StoreError> {
        self.put(key, grant, now, Some(sent))
    }

    /// Writes `grant` under `key`. An item that cannot be read is not overwritten; an item that would not change is
    /// not written.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be written, or what is stored there cannot be read.
    pub fn save(&self, key: &GrantKey, grant: &Grant, now: NumericDate) -> Result<(), StoreError> {
        self.put(key, grant, now, None)
    }

    fn put(
        &self,
        key: &GrantKey,
        grant: &Grant,
        now: NumericDate,
        sent: Option<&Grant>,
    ) -> Result<(), StoreError> {
        if !self.write(key, grant, now, sent)? {
            self.warn("a newer sign-in was saved in the meantime, and it was kept".to_owned());
            return Ok(());
        }
        self.drop_stale();
        if self.has_pending(key) {
            match self.pending(key) {
                Ok(Some(kept)) if grant.refreshed_at < kept.refreshed_at => (),
                Ok(_) => self.drop_pending(key),
                Err(error) if self.may_replace(&error) => {
                    let path = self.pending_path(key);
                    self.note(disk::rename(&path, &file::free_damaged(&path)));
                }
                Err(error) => self.warn(error.to_string()),
            }
        }
        Ok(())
    }

    /// Removes everything that is stored under `key`, also an item that cannot be read. Returns whether there was
    /// anything.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store or the state directory cannot be written.
    pub fn remove(&self, key: &GrantKey) -> Result<bool, StoreError> {
        let was_stored = self.remove_stored(key)?;
        Ok(self.remove_from_list(std::slice::from_ref(key))? || was_stored)
    }

    /// As [`Grants::remove`], but keeps the entry in the account list: see [`Grants::remove_from_list`].
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store or the state directory cannot be written.
    pub fn remove_stored(&self, key: &GrantKey) -> Result<bool, StoreError> {
        let refuse = |fault: BackendError| fault.when(self.kind(), action::REMOVE);
        let name = key.to_string();
        self.tried.take();
        let mut there = self.backend.remove(&name)?;
        there |= self.remove_aside(&name)?;
        let pending = self.pending_path(key);
        let aside = file::damaged_of(&pending).map_err(refuse)?;
        for path in aside.iter().chain([&pending]) {
            there |= disk::remove(path).map_err(refuse)?;
        }
        Ok(there)
    }

    /// Removes the entries of `keys` from the account list in one write. Returns whether the list had one of them.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the list cannot be written.
    pub fn remove_from_list(&self, keys: &[GrantKey]) -> Result<bool, StoreError> {
        let removed = self.index.remove(self.kind(), keys);
        let removed = removed.map_err(|fault| fault.when(self.kind(), action::REMOVE))?;
        self.forget_defaults(keys);
        Ok(removed)
    }

    /// Proves that the store can be written. Called before a code or a refresh token is redeemed, because the answer
    /// must be saved.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be written.
    pub fn reserve(&self) -> Result<WriteReservation, StoreError> {
        self.refuse_wrong_key()?;
        recovery::reserve(&*self.backend, &self.state_dir, &|why| self.check_key_replaceable(why))
            .map_err(|error| StoreError { action: action::PREPARE, ..error })
    }

    /// As [`Grants::reserve`], for a grant that is not stored yet. Reserves the file descriptors and the disk space
    /// that storing it takes.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be written, or descriptors or room on the disk are missing.
    pub fn reserve_new(&self) -> Result<WriteReservation, StoreError> {
        let refuse = |fault: BackendError| fault.when(self.kind(), action::PREPARE);
        let reservation = self.reserve()?.with_descriptors().map_err(refuse)?;
        if self.kind() == StoreKind::Memory {
            return Ok(reservation);
        }
        reservation
            .with_rooms(&self.pending_dir(), self.backend.reserve_space(ROOM)?)
            .map_err(refuse)
    }

    /// Makes sure that the answer to a refresh of `grant`, stored under `key`, can be saved. Space is reserved in the store if its
    /// items are files, and next to the store, which spares a keyring a rewrite of all its items. If there is no space next to
    /// the store, this does the same as [`Grants::reserve`].
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be written.
    pub fn reserve_for(
        &self,
        key: &GrantKey,
        grant: &Grant,
    ) -> Result<WriteReservation, StoreError> {
        let refuse = |fault: BackendError| fault.when(self.kind(), action::PREPARE);
        let stored = record::write(key, grant).map_err(refuse)?.len() as u64;
        // The new tokens may be longer than the old ones.
        let room = ROOM.max(stored * 2);
        let in_store = self.backend.reserve_space(room)?;
        let has_disk = self.kind() != StoreKind::Memory;
        let aside = || WriteReservation::with_room(&*self.backend, &self.pending_path(key), room);
        let reservation = match has_disk.then(aside).flatten() {
            Some(reservation) => reservation,
            None => self.reserve()?,
        };
        reservation.with_space(in_store).with_descriptors().map_err(refuse)
    }

    /// Writes a grant that the store refused to a file next to the store, encrypted with the key in `ready`. Returns
    /// the path.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the state directory cannot be written.
    pub fn keep_pending(
        &self,
        reservation: &WriteReservation,
        key: &GrantKey,
        grant: &Grant,
    ) -> Result<PathBuf, StoreError> {
        let kind = self.kind();
        let text = record::write(key, grant).map_err(|fault| fault.when(kind, action::KEEP))?;
        // The account list gets the entry now, so that a search finds the account although the store does not have it
        // yet.
        self.note(self.add_to_list(key, grant, grant.refreshed_at));
        let aside = File::with(self.pending_dir(), reservation.sealer());
        let name = key.to_string();
        let kept = match reservation.room() {
            Some(room) => aside.save_into(room, &name, &text).or_else(|_| aside.save(&name, &text)),
            None => aside.save(&name, &text),
        };
        kept.map_err(|error| StoreError { kind, action: action::KEEP, ..error })?;
        Ok(aside.path(&name))
    }

    /// Removes everything from this store: every listed grant, and the key of the grants kept aside.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be listed or written.
    pub fn clear(&self) -> Result<(), StoreError> {
        let keys: Vec<GrantKey> = self.list()?.iter().map(super::AccountEntry::key).collect();
        for key in &keys {
            self.remove_stored(key)?;
        }
        self.remove_from_list(&keys)?;
        self.backend.remove(recovery::NAME)?;
        self.remove_aside(recovery::NAME)?;
        Ok(())
    }

    /// Locks the grant under `key` for this process. Waits for up to `wait`, in steps through `sleep`; `sleep`
    /// returns `false` to stop waiting.
    ///
    /// # Errors
    ///
    /// [`LockError::Held`] if another process has it for longer than `wait`; other variants if no lock can be taken.
    pub fn lock(
        &self,
        key: &GrantKey,
        wait: Duration,
        sleep: &mut dyn FnMut(Duration) -> bool,
    ) -> Result<LockGuard, LockError> {
        Ok(self.held(key, lock::acquire(&self.lock_path(key), wait, sleep)?))
    }

    /// Checks that lock files can be created. Called before a sign-in, because storing its grant takes a lock.
    ///
    /// # Errors
    ///
    /// [`LockError`] says why not.
    pub fn can_lock(&self) -> Result<(), LockError> {
        let path = self.state_dir.join("locks").join("probe.lock");
        match lock::acquire(&path, Duration::ZERO, &mut |_| false) {
            Ok(_) | Err(LockError::Held { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// As [`Grants::lock`], but a process that had to wait does not get the lock: the result of the other process may
    /// be enough.
    ///
    /// # Errors
    ///
    /// As [`Grants::lock`].
    pub fn lock_or_wait(
        &self,
        key: &GrantKey,
        wait: Duration,
        sleep: &mut dyn FnMut(Duration) -> bool,
    ) -> Result<LockOutcome, LockError> {
        Ok(match lock::lock_or_wait(&self.lock_path(key), wait, sleep)? {
            LockOutcome::Acquired(guard) => LockOutcome::Acquired(self.held(key, guard)),
            released @ LockOutcome::ReleasedByOther { .. } => released,
        })
    }

    /// The lock that is held, shared, while a grant is saved. It is taken before a refresh token is redeemed and kept until the
    /// result is saved, so that no change of the store's key is in between.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the lock cannot be opened.
    pub fn writers_lock(&self) -> Result<Option<WritersLock>, StoreError> {
        self.backend.writers_lock()
    }

    /// The process that holds the lock on the grant under `key`, if it is known.
    pub fn lock_holder(&self, key: &GrantKey) -> Option<u32> {
        lock::holder_of(&self.lock_path(key))
    }

    /// The [note](LockGuard::write_note) that the last holder of the lock wrote.
    pub fn note_of(&self, key: &GrantKey) -> Option<String> {
        lock::note_of(&self.lock_path(key))
    }

    fn held(&self, key: &GrantKey, guard: LockGuard) -> LockGuard {
        guard.with(self.locks.note(&key.to_string()))
    }

    fn lock_path(&self, key: &GrantKey) -> PathBuf {
        super::lock_path(&self.state_dir, self.kind(), &key.to_string())
    }

    fn stored(&self, key: &GrantKey) -> Result<Option<Grant>, StoreError> {
        let is_valid = |text: &[u8]| self.read(key, text).is_ok();
        let name = key.to_string();
        let text = self.backend.load_checked(&name, &is_valid);
        let text = text.map_err(|error| self.explain_wrong_key(&name, error))?;
        let Some(text) = text else { return Ok(None) };
        self.read(key, &text).map(Some).map_err(|fault| fault.when(self.kind(), action::LOAD))
    }

    #[expect(clippy::unused_self, reason = "the counterpart of `write`")]
    pub(super) fn read(&self, key: &GrantKey, text: &[u8]) -> Result<Grant, BackendError> {
        let (own_key, grant) = record::read(text)?;
        if own_key != *key {
            return Err(BackendError::corrupt("it belongs to another account"));
        }
        Ok(grant)
    }

    /// Returns whether the grant was written. It is not written if a sign-in replaced `sent`.
    fn write(
        &self,
        key: &GrantKey,
        grant: &Grant,
        now: NumericDate,
        sent: Option<&Grant>,
    ) -> Result<bool, StoreError> {
        let refuse = |fault: BackendError| fault.when(self.kind(), action::SAVE);
        let name = key.to_string();
        let text = record::write(key, grant).map_err(refuse)?;
        let present = match self.present(key) {
            Err(error) if self.may_replace(&error) => {
                self.set_aside(key)?;
                self.warn(format!(
                    "the damaged item is kept next to the new one until `entrada logout`: {}",
                    error.reason
                ));
                None
            }
            other => other?,
        };
        if let Some((_, present)) = &present
            && sent.is_some_and(|sent| is_newer_sign_in(present, sent))
        {
            return Ok(false);
        }
        // The list is written first: an entry without a grant is harmless, but a grant without an entry is never
        // found.
        self.add_to_list(key, grant, now).map_err(refuse)?;
        if present.is_none_or(|(present, _)| present != text) {
            self.backend.save(&name, &text)?;
        }
        Ok(true)
    }

    /// The item stored under `key`, as bytes and as a parsed grant.
    fn present(&self, key: &GrantKey) -> Result<Option<(Bytes, Grant)>, StoreError> {
        let name = key.to_string();
        let text =
            self.backend.load(&name).map_err(|error| self.explain_wrong_key(&name, error))?;
        let Some(text) = text else { return Ok(None) };
        let grant = self.read(key, &text).map_err(|fault| fault.when(self.kind(), action::SAVE))?;
        Ok(Some((text, grant)))
    }

    pub(super) fn note(&self, result: Result<(), BackendError>) {
        if let Err(fault) = result {
            let cause = fault.source.map(|source| format!(": {source}")).unwrap_or_default();
            self.warn(format!("{}{cause}", fault.reason));
        }
    }

    pub(super) fn warn(&self, text: String) {
        let mut warnings = self.warnings.borrow_mut();
        // The same text for several grants is reported once.
        if !warnings.contains(&text) {
            warnings.push(text);
        }
    }
}

/// Whether `present` was stored after `sent` was read and is not the result of its refresh.
fn is_newer_sign_in(present: &Grant, sent: &Grant) -> bool {
    let token = |grant: &Grant| grant.refresh_token.as_ref().map(entrada_core::Secret::fingerprint);
    sent.refreshed_at < present.refreshed_at && token(present) != token(sent)
}

#[cfg(test)]
#[path = "losses_tests.rs"]
mod losses;
#[cfg(test)]
#[path = "grants_tests.rs"]
mod tests;
#[cfg(test)]
#[path = "write_test_tests.rs"]
mod write_test_tests;
