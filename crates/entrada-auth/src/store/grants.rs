//! Saved grants: the one door to the store for the floors above.

mod damage;
mod pending;

use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::time::Duration;

use super::index::Index;
use super::recovery::{self, Locks};
use super::{
    Backend, BackendError, Bytes, File, Grant, GrantKey, LockError, LockGuard, LockOutcome,
    StoreError, StoreKind, WriteReservation, action, disk, file, lock, record, temporary,
};
use entrada_core::{NumericDate, Redactor};

/// Grants in one store, with the list of them and the locks on them in a state directory.
pub struct Grants {
    pub(super) backend: Box<dyn Backend>,
    pub(super) state_dir: PathBuf,
    pub(super) index: Index,
    locks: Locks,
    pub(super) warnings: RefCell<Vec<String>>,
    redactor: Redactor,
    replaces_damaged: Cell<bool>,
    /// The names of all items, and whether one opens: how the key was tried out when an item did not open.
    tried: RefCell<Option<(Vec<String>, bool)>>,
    /// Entries of the list that were found without a grant.
    pub(super) stale: RefCell<Vec<GrantKey>>,
}

impl Grants {
    /// Over `backend`; list, locks and grants kept aside stand in `state_dir`.
    pub fn new(backend: Box<dyn Backend>, state_dir: PathBuf) -> Self {
        let index = Index::new(&state_dir);
        let (locks, warnings) = (Locks::default(), RefCell::default());
        let (redactor, replaces_damaged) = (Redactor::default(), Cell::default());
        let (tried, stale) = (RefCell::default(), RefCell::default());
        Self {
            backend,
            state_dir,
            index,
            locks,
            warnings,
            redactor,
            replaces_damaged,
            tried,
            stale,
        }
    }

    /// Registers the tokens of every grant that is loaded with `redactor`.
    #[must_use]
    pub fn registering(self, redactor: Redactor) -> Self {
        Self { redactor, ..self }
    }

    /// Removes what killed runs left behind in the state directory.
    pub(super) fn sweep(&self) {
        let caches =
            ["accounts.seen", "keyring", "signing-keys"].map(|name| self.state_dir.join(name));
        for dir in [self.pending_dir(), self.state_dir.clone()].into_iter().chain(caches) {
            temporary::sweep_beside(&dir.join("any"));
        }
    }

    /// Which kind of store this is.
    pub fn kind(&self) -> StoreKind {
        self.backend.kind()
    }

    /// Who answers, for people: `gnome-keyring`, a path.
    pub fn describe(&self) -> String {
        self.backend.describe()
    }

    /// What went wrong beside the calls so far without stopping them, for people. Asking empties it.
    pub fn take_warnings(&self) -> Vec<String> {
        self.warnings.take()
    }

    /// The grant under `key`, or `None` when there is none.
    ///
    /// A newer one that [`Grants::keep_pending`] kept aside is saved first, if no other process is at work on the grant.
    pub fn load(&self, key: &GrantKey) -> Result<Option<Grant>, StoreError> {
        let stored = self.stored(key)?;
        let grant = if self.has_pending(key) { self.merge(key, stored)? } else { stored };
        if let Some(grant) = &grant {
            let tokens = grant.access_tokens.iter().map(|token| &token.access_token);
            for secret in tokens.chain(&grant.refresh_token) {
                self.redactor.register(secret.expose());
            }
        }
        if grant.is_none() && self.index.names(self.kind(), key) {
            self.warn_absent();
        }
        Ok(grant)
    }

    /// As [`Grants::save`], for what came of the refresh of `sent`: a sign-in that was stored since then stays.
    pub fn renew(
        &self,
        key: &GrantKey,
        sent: &Grant,
        grant: &Grant,
        now: NumericDate,
    ) -> Result<(), StoreError> {
        self.put(key, grant, now, Some(sent))
    }

    /// Files `grant` under `key`. An item that cannot be read is not overwritten, one that would not change not written.
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
            self.warn("somebody signed in meanwhile; that sign-in stays".to_owned());
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

    /// Forgets all that is kept under `key`, also what cannot be read; whether there was anything.
    pub fn remove(&self, key: &GrantKey) -> Result<bool, StoreError> {
        let was_stored = self.remove_stored(key)?;
        Ok(self.unlist(std::slice::from_ref(key))? || was_stored)
    }

    /// As [`Grants::remove`], except that the list of accounts still names it: see [`Grants::unlist`].
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

    /// Takes `keys` off the list of accounts, which is written once; whether one of them was on it.
    pub fn unlist(&self, keys: &[GrantKey]) -> Result<bool, StoreError> {
        let removed = self.index.remove(self.kind(), keys);
        removed.map_err(|fault| fault.when(self.kind(), action::REMOVE))
    }

    /// Proves that the store can be written, before a code or a refresh token is spent on an answer that must be saved.
    pub fn reserve(&self) -> Result<WriteReservation, StoreError> {
        self.refuse_wrong_key()?;
        recovery::reserve(&*self.backend, &self.state_dir, &|why| self.give_up_key(why))
            .map_err(|error| StoreError { action: action::PREPARE, ..error })
    }

    /// As [`Grants::reserve`], for a grant that is not stored yet: sets aside all that storing it takes, descriptors and room on
    /// the disk.
    pub fn prepare_new(&self) -> Result<WriteReservation, StoreError> {
        let refuse = |fault: BackendError| fault.when(self.kind(), action::PREPARE);
        let reservation = self.reserve()?.with_spare().map_err(refuse)?;
        if self.kind() == StoreKind::Memory {
            return Ok(reservation);
        }
        reservation.with_rooms(&self.pending_dir(), self.backend.room()?).map_err(refuse)
    }

    /// Makes sure that the answer to a refresh will not be lost. Room for it on the disk is as good as a store that was just
    /// written, and costs a keyring no rewriting of all that it holds; short of that, as [`Grants::reserve`].
    pub fn reserve_for(&self, key: &GrantKey) -> Result<WriteReservation, StoreError> {
        let has_disk = self.kind() != StoreKind::Memory;
        let room = || WriteReservation::with_room(&*self.backend, &self.pending_path(key));
        let reservation = has_disk.then(room).flatten().map_or_else(|| self.reserve(), Ok)?;
        reservation.with_spare().map_err(|fault| fault.when(self.kind(), action::PREPARE))
    }

    /// Keeps aside a grant that the store refused after all, encrypted under the key in `ready`; where.
    pub fn keep_pending(
        &self,
        reservation: &WriteReservation,
        key: &GrantKey,
        grant: &Grant,
    ) -> Result<PathBuf, StoreError> {
        let kind = self.kind();
        let text = record::write(key, grant).map_err(|fault| fault.when(kind, action::KEEP))?;
        // Whoever looks for the account has to find it, although the store does not know it yet.
        self.note(self.enlist(key, grant, grant.refreshed_at));
        let aside = File::with(self.pending_dir(), reservation.sealer());
        let name = key.to_string();
        let kept = match reservation.room() {
            Some(room) => aside.save_into(room, &name, &text).or_else(|_| aside.save(&name, &text)),
            None => aside.save(&name, &text),
        };
        kept.map_err(|error| StoreError { kind, action: action::KEEP, ..error })?;
        Ok(aside.path(&name))
    }

    /// Forgets everything in this store: every grant on its list, and the key of those kept aside.
    pub fn clear(&self) -> Result<(), StoreError> {
        let keys: Vec<GrantKey> = self.list()?.iter().map(super::Entry::key).collect();
        for key in &keys {
            self.remove_stored(key)?;
        }
        self.unlist(&keys)?;
        self.backend.remove(recovery::NAME)?;
        self.remove_aside(recovery::NAME)?;
        Ok(())
    }

    /// Takes the grant under `key` for this process alone. Waits for at most `wait`, in steps through `sleep`, which
    /// answers `false` to give up.
    pub fn lock(
        &self,
        key: &GrantKey,
        wait: Duration,
        sleep: &mut dyn FnMut(Duration) -> bool,
    ) -> Result<LockGuard, LockError> {
        Ok(self.held(key, lock::acquire(&self.lock_path(key), wait, sleep)?))
    }

    /// Whether there is a place for locks: before somebody signs in whose grant is stored under one.
    pub fn can_lock(&self) -> Result<(), LockError> {
        let path = self.state_dir.join("locks").join("probe.lock");
        match lock::acquire(&path, Duration::ZERO, &mut |_| false) {
            Ok(_) | Err(LockError::Held { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// As [`Grants::lock`], but whoever has to wait does not get the lock: what the other process did may be enough.
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

    /// What the last process that had the lock on the grant [left](LockGuard::write_note).
    pub fn note_of(&self, key: &GrantKey) -> Option<String> {
        lock::note_of(&self.lock_path(key))
    }

    fn held(&self, key: &GrantKey, guard: LockGuard) -> LockGuard {
        guard.with(self.locks.note(&key.to_string()))
    }

    fn lock_path(&self, key: &GrantKey) -> PathBuf {
        let file = disk::file_name(&format!("{}|{key}", super::kind_name(self.kind())));
        self.state_dir.join("locks").join(format!("{file}.lock"))
    }

    fn stored(&self, key: &GrantKey) -> Result<Option<Grant>, StoreError> {
        let is_right = |text: &[u8]| self.read(key, text).is_ok();
        let name = key.to_string();
        let text = self.backend.load_if(&name, &is_right);
        let text = text.map_err(|error| self.judged(&name, error))?;
        let Some(text) = text else { return Ok(None) };
        self.read(key, &text).map(Some).map_err(|fault| fault.when(self.kind(), action::LOAD))
    }

    #[expect(clippy::unused_self, reason = "reads as the other half of `write`")]
    pub(super) fn read(&self, key: &GrantKey, text: &[u8]) -> Result<Grant, BackendError> {
        let (own_key, grant) = record::read(text)?;
        if own_key != *key {
            return Err(BackendError::corrupt("it belongs to another account"));
        }
        Ok(grant)
    }

    /// Whether it was written: not where a sign-in took the place of `sent`.
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
                    "the damaged item is kept beside the new one until `entrada logout`: {}",
                    error.trouble
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
        // First the list: an entry without a grant does no harm, a grant without an entry is never found.
        self.enlist(key, grant, now).map_err(refuse)?;
        if present.is_none_or(|(present, _)| present != text) {
            self.backend.save(&name, &text)?;
        }
        Ok(true)
    }

    /// What is filed under `key` now, as it is and as a grant.
    fn present(&self, key: &GrantKey) -> Result<Option<(Bytes, Grant)>, StoreError> {
        let name = key.to_string();
        let text = self.backend.load(&name).map_err(|error| self.judged(&name, error))?;
        let Some(text) = text else { return Ok(None) };
        let grant = self.read(key, &text).map_err(|fault| fault.when(self.kind(), action::SAVE))?;
        Ok(Some((text, grant)))
    }

    pub(super) fn note(&self, result: Result<(), BackendError>) {
        if let Err(fault) = result {
            let cause = fault.source.map(|source| format!(": {source}")).unwrap_or_default();
            self.warn(format!("{}{cause}", fault.trouble));
        }
    }

    pub(super) fn warn(&self, text: String) {
        let mut warnings = self.warnings.borrow_mut();
        // Once is enough, of however many grants it is said.
        if !warnings.contains(&text) {
            warnings.push(text);
        }
    }
}

/// Whether `present` came after `sent` was read, and not of it.
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
#[path = "upkeep_tests.rs"]
mod upkeep;
