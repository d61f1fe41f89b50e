//! Locks on grants, waited for by the clock of the run.

use std::time::Duration;

use super::{AcquireError, TokenRequest};
use crate::store::{GrantKey, Grants, LockError, LockGuard, LockOutcome};
use crate::sys::Sys;

/// The lock on the grant, or word that the process that had it has released it.
pub(super) fn lock_or_wait(
    sys: &Sys<'_>,
    grants: &Grants,
    key: &GrantKey,
    wait: Duration,
) -> Result<LockOutcome, AcquireError> {
    waiting(sys, |sleep| grants.lock_or_wait(key, wait, sleep))
}

/// The lock on the grant, held until the guard is dropped.
pub(super) fn lock(
    sys: &Sys<'_>,
    grants: &Grants,
    request: &TokenRequest,
    key: &GrantKey,
) -> Result<LockGuard, AcquireError> {
    waiting(sys, |sleep| grants.lock(key, request.lock_wait, sleep))
}

/// What comes of `take`, which waits by the clock; a signal ends the wait with its own number. While signals are held, one that has
/// come ends the wait too, as [`LockError::GaveUp`]: what must not be lost is set aside without the lock.
fn waiting<T>(
    sys: &Sys<'_>,
    take: impl FnOnce(&mut dyn FnMut(Duration) -> bool) -> Result<T, LockError>,
) -> Result<T, AcquireError> {
    let mut interrupted = None;
    let taken = take(&mut |pause| {
        interrupted = sys.clock.sleep(pause).err();
        interrupted.is_none() && sys.clock.pending_signal().is_none()
    });
    interrupted.map_or(Ok(()), Err)?;
    Ok(taken?)
}
