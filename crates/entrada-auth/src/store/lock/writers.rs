//! The lock that all processes share while they write items of a store, and that a change of its key takes alone.

use std::fs::TryLockError;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{LockError, LockGuard, check, holder_of, is_acquired, open, refused, retry};
use crate::store::{BackendError, deadline, disk};

/// How long a write waits for a change of the store's key where the caller did not wait for its end.
const SHARE_TIMEOUT: Duration = Duration::from_secs(10);

/// What the holder of the lock on all items does.
const CHANGES_KEY: &str = "changes the key of the store";

/// Takes the lock `path` shared: several processes may hold it so at the same time. Waits while another process holds it alone,
/// for a time without signals: [`WritersLock::share`] is for a caller that can wait.
pub(in crate::store) fn share(path: &Path) -> Result<LockGuard, BackendError> {
    let lock = open(path)?;
    let refuse = |error| disk::cannot("lock", path, error);
    match lock.file.try_lock_shared() {
        Ok(()) => Ok(LockGuard { lock, on_drop: None }),
        Err(TryLockError::WouldBlock) => deadline::within(SHARE_TIMEOUT, move || {
            lock.file.lock_shared().map(|()| LockGuard { lock, on_drop: None })
        })?
        .map_err(refuse),
        Err(TryLockError::Error(error)) => Err(refuse(error)),
    }
}

/// The path of the lock.
#[derive(Debug)]
pub struct WritersLock(PathBuf);

impl WritersLock {
    /// The lock `path`, which is made if it is missing.
    pub(in crate::store) fn open(path: PathBuf) -> Result<Self, BackendError> {
        check(&path).map(|()| Self(path))
    }

    /// Takes the lock shared. Tries until `wait` is over or `sleep` returns `false`.
    ///
    /// # Errors
    ///
    /// [`LockError::Held`] while the key of the store changes; other variants if no lock can be taken.
    pub fn share(
        &self,
        wait: Duration,
        sleep: &mut dyn FnMut(Duration) -> bool,
    ) -> Result<LockGuard, LockError> {
        let Self(path) = self;
        let lock = open(path).map_err(|fault| refused(path, fault))?;
        if !is_acquired(path, lock.file.try_lock_shared())? {
            let mut again = || is_acquired(path, lock.file.try_lock_shared());
            retry(&lock, wait, sleep, &mut again).map_err(|error| match error {
                LockError::Held { by, waited, .. } => {
                    LockError::Held { by, does: CHANGES_KEY, waited }
                }
                other => other,
            })?;
        }
        Ok(LockGuard { lock, on_drop: None })
    }

    /// The process that holds the lock, if it is known.
    pub fn holder(&self) -> Option<u32> {
        holder_of(&self.0)
    }
}
