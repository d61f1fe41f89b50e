//! Grants kept aside: encrypted files with grants that the store refused.

use std::path::PathBuf;
use std::time::Duration;

use super::Grants;
use crate::store::backend::file;
use crate::store::{
    Backend as _, BackendError, File, Grant, GrantKey, StoreError, StoreErrorKind, action, disk,
    recovery,
};

impl Grants {
    /// Returns the newer of `stored` and the grant kept aside. Writes the latter back to the store if the lock is
    /// free.
    pub(super) fn merge(
        &self,
        key: &GrantKey,
        stored: Option<Grant>,
    ) -> Result<Option<Grant>, StoreError> {
        let kept = match self.pending(key) {
            Ok(Some(kept)) => kept,
            Ok(None) => return Ok(stored),
            Err(error) if stored.is_none() => return Err(error),
            Err(error) => {
                self.warn(error.to_string());
                return Ok(stored);
            }
        };
        let is_newer = |own: &Grant| kept.refreshed_at < own.refreshed_at;
        let mut stored = stored;
        let mut alone = None;
        if !self.locks.holds(&key.to_string()) {
            alone = self.lock(key, Duration::ZERO, &mut |_| false).ok();
            if alone.is_none() {
                return Ok(Some(stored.filter(is_newer).unwrap_or(kept)));
            }
            // Another process may have saved the grant since the check.
            stored = self.stored(key)?;
        }
        if let Some(stored) = stored.filter(is_newer) {
            self.drop_pending(key);
            return Ok(Some(stored));
        }
        // It stays aside while the key of the store changes.
        let writers = self.writers_lock()?;
        let shared = writers.map(|writers| writers.share(Duration::ZERO, &mut |_| false));
        let Ok(_writes) = shared.transpose() else { return Ok(Some(kept)) };
        match self.write(key, &kept, kept.refreshed_at, None) {
            Ok(_) => self.drop_pending(key),
            Err(error) => self.warn(error.to_string()),
        }
        drop(alone);
        Ok(Some(kept))
    }

    /// The grant kept aside, decrypted with the store's recovery key.
    pub(in crate::store) fn pending(&self, key: &GrantKey) -> Result<Option<Grant>, StoreError> {
        let path = self.pending_path(key);
        let damaged = |text: String| {
            let text = format!("`{}`, kept aside: {text}", path.display());
            BackendError::new(StoreErrorKind::Corrupt(text)).when(self.kind(), action::LOAD)
        };
        let sealer = recovery::load(&*self.backend);
        let Some(sealer) = sealer.map_err(|error| self.explain_wrong_key(recovery::NAME, error))?
        else {
            return Err(damaged("the store has no recovery key".to_owned()));
        };
        let aside = File::with(self.pending_dir(), sealer);
        let text =
            aside.load(&key.to_string()).map_err(|error| damaged(error.reason.to_string()))?;
        let Some(text) = text else { return Ok(None) };
        let grant = self.read(key, &text).map_err(|fault| damaged(fault.reason.to_string()))?;
        Ok(Some(grant))
    }

    pub(in crate::store) fn has_pending(&self, key: &GrantKey) -> bool {
        self.pending_path(key).symlink_metadata().is_ok()
    }

    pub(super) fn drop_pending(&self, key: &GrantKey) {
        self.note(disk::remove(&self.pending_path(key)).map(drop));
    }

    pub(in crate::store) fn pending_dir(&self) -> PathBuf {
        self.state_dir.join("pending").join(crate::store::kind_name(self.kind()))
    }

    pub(super) fn pending_path(&self, key: &GrantKey) -> PathBuf {
        file::path_in(&self.pending_dir(), &key.to_string())
    }
}
