//! Trying a store out, and clearing away what was left of that.

use std::time::Duration;

use super::{
    BackendError, Grants, StoreError, StoreErrorKind, TRIAL, action, deadline, lock, seal,
};

/// How long a look at the store waits for another one.
const PATIENCE: Duration = Duration::from_secs(10);

impl Grants {
    /// Whether the store takes an item of `size` bytes, gives it back and forgets it again. Forgets as well what an earlier
    /// look that was killed has left.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the store fails at one of the three.
    pub fn try_out(&self, size: usize) -> Result<(), StoreError> {
        let refuse = |fault: BackendError| fault.when(self.kind(), action::PREPARE);
        let path = self.state_dir.join("doctor.lock");
        // One look at a time: so whatever is found is left over.
        let alone = deadline::within(PATIENCE, move || lock::wait(&path)).and_then(|lock| lock);
        let name = match &alone {
            Ok(_) => {
                self.sweep_trials()?;
                TRIAL.to_owned()
            }
            // Without a lock another may look at the same time, and gets an item of its own.
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
            Ok(_) => Err(refuse(BackendError::denied("what was read is not what was written"))),
            Err(error) => Err(StoreError { action: action::PREPARE, ..error }),
        }
    }

    /// Forgets what looks that were killed have left. A store that is silent is not asked again; whatever else is in the way of
    /// that is in the way of a look too, which tells.
    fn sweep_trials(&self) -> Result<(), StoreError> {
        let is_silent = |error: &StoreError| {
            matches!(error.trouble, StoreErrorKind::TimedOut(_) | StoreErrorKind::Interrupted(_))
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
        // By its name too: where the store cannot list, and for the parts of one that was never whole.
        for name in left.chain([TRIAL]) {
            let _ = self.backend.remove(name);
        }
        Ok(())
    }
}
