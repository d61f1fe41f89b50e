//! A time limit for calls that have none.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use super::{BackendError, StoreErrorKind};

/// Runs `work` on a new thread and waits for it up to `limit`. Work that takes longer continues in the background
/// until it or the program ends, and its result is dropped.
pub(super) fn within<T: Send + 'static>(
    limit: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, BackendError> {
    let (sender, receiver) = channel();
    thread::Builder::new()
        .name("store".to_owned())
        .spawn(move || sender.send(work()))
        .map_err(|error| BackendError::denied("no thread could be started").with_source(error))?;
    receiver.recv_timeout(limit).map_err(|error| match error {
        RecvTimeoutError::Timeout => timed_out(limit),
        RecvTimeoutError::Disconnected => BackendError::denied("its driver stopped unexpectedly"),
    })
}

/// The timeout error for `limit`, in whole seconds, at least one.
pub(super) fn timed_out(limit: Duration) -> BackendError {
    BackendError::new(StoreErrorKind::TimedOut(limit.as_secs().max(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_in_time_is_returned_and_late_work_is_a_timeout() {
        assert_eq!(within(Duration::from_secs(60), || 7).unwrap(), 7);
        let (_keep, never) = channel::<()>();
        let late = within(Duration::from_millis(10), move || never.recv().is_ok());
        assert_eq!(late.unwrap_err().reason, StoreErrorKind::TimedOut(1));
    }

    #[test]
    fn a_panic_in_the_work_is_an_error() {
        let result = within(Duration::from_secs(60), || -> u8 { panic!("on purpose") });
        let stopped = StoreErrorKind::Denied("its driver stopped unexpectedly".into());
        assert_eq!(result.unwrap_err().reason, stopped);
    }
}
