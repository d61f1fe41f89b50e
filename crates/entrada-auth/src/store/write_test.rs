//! The write test of a store, and the removal of items that it left behind.

use std::time::Duration;

use super::{
    BackendError, Grants, StoreError, StoreErrorKind, TRIAL, action, deadline, lock, seal,
};

/// How long a write test waits for another one.
const LOCK_TIMEOUT: Duration = Duration::from_secs(10);

impl Grants {
    /// Checks that the store accepts an item of `size` bytes, returns it unchanged and removes it. Also removes items
    /// that an earlier, killed test left behind.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store fails at one of these steps.
    pub fn test_write(&self, size: usize) -> Result<(), StoreError> {
        let refuse = |fault: BackendError| fault.when(self.kind(), action::PREPARE);
        let path = self.state_dir.join("doctor.lock");
        // Only one test runs at a time, so every test item that exists is left over.
        let alone = deadline::within(LOCK_TIMEOUT, move || lock::wait(&path)).and_then(|lock| lock);
        let name = match &alone {
            Ok(_) => {
                self.sweep_trials()?;
                TRIAL.to_owned()
            }
            // Without the lock another test may run at the same time, so this one uses its own item.
            Err(_) => {
                let random = seal::random::<8>().map_err(refuse)?;
                format!("{TRIAL}-{:016x}", u64::from_le_bytes(random))
            }
        };
        let bytes = vec![b'.'; size];
        let tried = self.backend.save(&name, &bytes).and_then(|()| {
            let back = self.backend.load(&name);
            self.backend.remove(&name)?;
            back
        });
        match tried {
            Ok(Some(back)) if *back == *bytes => Ok(()),
            Ok(_) => Err(refuse(BackendError::denied(
                "the data read back differs from the data written",
            ))),
            Err(error) => Err(StoreError { action: action::PREPARE, ..error }),
        }
    }

    /// Removes the items that killed tests left behind. A store that does not answer is not asked again. Other
    /// failures are ignored, because the test itself reports them.
    fn sweep_trials(&self) -> Result<(), StoreError> {
        let is_silent = |error: &StoreError| {
            matches!(error.reason, StoreErrorKind::TimedOut(_) | StoreErrorKind::Interrupted(_))
        };
        let names = match self.backend.names() {
            Err(error) if is_silent(&error) => {
                return Err(StoreError { action: action::PREPARE, ..error });
            }
            other => other.ok().flatten().unwrap_or_default(),
        };
        let left = names.iter().map(String::as_str).filter(|name| {
            name.strip_prefix(TRIAL).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        });
        // Also by name: some stores cannot list their items, and the parts of an incomplete item are not listed.
        for name in left.chain([TRIAL]) {
            let _ = self.backend.remove(name);
        }
        Ok(())
    }
}
