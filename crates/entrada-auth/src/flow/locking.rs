//! Locks on grants, with waits through the clock of the run.

use std::time::Duration;

use super::{AcquireError, AwaitedLock, Prompt, TokenRequest};
use crate::store::{GrantKey, Grants, LockError, LockGuard, LockOutcome};
use crate::sys::Sys;

/// How long a wait lasts before a message names what the run waits for.
const TOLD_AFTER: Duration = Duration::from_secs(1);

/// The lock on the grant, or the information that the process that held it has released it.
pub(super) fn lock_or_wait(
    sys: &Sys<'_>,
    grants: &Grants,
    key: &GrantKey,
    wait: Duration,
    prompt: &mut dyn Prompt,
) -> Result<LockOutcome, AcquireError> {
    let tell = || prompt.waiting_for_lock(grants.lock_holder(key), AwaitedLock::Grant);
    with_clock(sys, tell, |sleep| grants.lock_or_wait(key, wait, sleep))
}

/// The lock on the grant, held until the guard is dropped.
pub(super) fn lock(
    sys: &Sys<'_>,
    grants: &Grants,
    request: &TokenRequest,
    key: &GrantKey,
    prompt: Option<&mut dyn Prompt>,
) -> Result<LockGuard, AcquireError> {
    let tell = || {
        if let Some(prompt) = prompt {
            prompt.waiting_for_lock(grants.lock_holder(key), AwaitedLock::Grant);
        }
    };
    with_clock(sys, tell, |sleep| grants.lock(key, request.lock_wait, sleep))
}

/// The lock of a write, held until the guard is dropped: no other process changes the key of the store meanwhile.
pub(super) fn share_writes(
    sys: &Sys<'_>,
    grants: &Grants,
    request: &TokenRequest,
    prompt: Option<&mut dyn Prompt>,
) -> Result<Option<LockGuard>, AcquireError> {
    let Some(lock) = grants.writers_lock()? else { return Ok(None) };
    let tell = || {
        if let Some(prompt) = prompt {
            prompt.waiting_for_lock(lock.holder(), AwaitedLock::Writers);
        }
    };
    with_clock(sys, tell, |sleep| lock.share(request.lock_wait, sleep)).map(Some)
}

/// Runs `take` with a sleep function of the clock, and `tell` after a second of waiting. A signal ends the wait with an error that
/// has its number. While signals are held, a signal that has arrived ends the wait too, as [`LockError::GaveUp`]: the new grant
/// is set aside without the lock.
fn with_clock<T>(
    sys: &Sys<'_>,
    tell: impl FnOnce(),
    take: impl FnOnce(&mut dyn FnMut(Duration) -> bool) -> Result<T, LockError>,
) -> Result<T, AcquireError> {
    let mut interrupted = None;
    let mut waited = Duration::ZERO;
    let mut tell = Some(tell);
    let taken = take(&mut |pause| {
        waited += pause;
        if TOLD_AFTER <= waited
            && let Some(tell) = tell.take()
        {
            tell();
        }
        interrupted = sys.clock.sleep(pause).err();
        interrupted.is_none() && sys.clock.pending_signal().is_none()
    });
    interrupted.map_or(Ok(()), Err)?;
    Ok(taken?)
}
