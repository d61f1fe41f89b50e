//! Locks on grants, with waits through the clock of the run.

use std::time::Duration;

use super::{AcquireError, TokenRequest};
use crate::store::{GrantKey, Grants, LockError, LockGuard, LockOutcome};
use crate::sys::Sys;

/// The lock on the grant, or the information that the process that held it has released it.
pub(super) fn lock_or_wait(
    sys: &Sys<'_>,
    grants: &Grants,
    key: &GrantKey,
    wait: Duration,
) -> Result<LockOutcome, AcquireError> {
    with_clock(sys, |sleep| grants.lock_or_wait(key, wait, sleep))
}

/// The lock on the grant, held until the guard is dropped.
pub(super) fn lock(
    sys: &Sys<'_>,
    grants: &Grants,
    request: &TokenRequest,
    key: &GrantKey,
) -> Result<LockGuard, AcquireError> {
    with_clock(sys, |sleep| grants.lock(key, request.lock_wait, sleep))
}

/// Runs `take` with a sleep function of the clock. A signal ends the wait with an error that has its number. While signals are
/// held, a signal that has arrived ends the wait too, as [`LockError::GaveUp`]: the new grant is set aside without the lock.
fn with_clock<T>(
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
