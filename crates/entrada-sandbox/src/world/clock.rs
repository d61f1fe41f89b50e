//! The clock of a run, and waiting.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use entrada_core::NumericDate;

/// Milliseconds since 1970.
#[expect(clippy::disallowed_methods, reason = "a program that runs has the time of its machine")]
pub(crate) fn milliseconds() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// The time of a server.
pub(crate) fn now() -> NumericDate {
    NumericDate(milliseconds() / 1_000)
}

/// Waits in a thread of its own.
#[expect(clippy::disallowed_methods, reason = "the threads of a run watch a program that runs")]
pub(crate) fn pause(milliseconds: u64) {
    std::thread::sleep(Duration::from_millis(milliseconds));
}

/// Waits in the event loop: slow answers are a feature of the emulator.
#[expect(clippy::disallowed_methods, reason = "slow answers are a feature of the emulator")]
pub(crate) async fn wait(duration: Duration) {
    tokio::time::sleep(duration).await;
}
