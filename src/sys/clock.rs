//! Time, waiting, and the signals that end a wait.

use std::future::Future;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::{Clock, Interrupted};
use crate::model::NumericDate;

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealClock;

impl Clock for RealClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
    fn now(&self) -> NumericDate {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        NumericDate(0).plus(since_epoch)
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
    fn stopwatch(&self) -> Box<dyn Fn() -> Duration + Send> {
        let start = Instant::now();
        Box::new(move || start.elapsed())
    }

    fn local(&self, at: NumericDate) -> String {
        super::local_time(at, &jiff::tz::TimeZone::system())
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that waits")]
    fn sleep(&self, duration: Duration) -> Result<(), Interrupted> {
        if interruptible(async { tokio::time::sleep(duration).await })?.is_none() {
            std::thread::sleep(duration);
        }
        Ok(())
    }
}

/// Runs `work` on this thread, unless a signal that ends the program comes first; `None` without an event loop.
pub(super) fn interruptible<T>(work: impl Future<Output = T>) -> Result<Option<T>, Interrupted> {
    let Some(runtime) = super::http::runtime() else { return Ok(None) };
    runtime.block_on(async {
        tokio::select! {
            done = work => Ok(Some(done)),
            signal = asked_to_end() => Err(Interrupted { signal }),
        }
    })
}

/// Whether `signal` was ignored when we were started, as far as the system tells without `unsafe`.
#[cfg(target_os = "linux")]
fn is_ignored(signal: i32) -> bool {
    static IGNORED: std::sync::OnceLock<u64> = std::sync::OnceLock::new();
    let mask = *IGNORED.get_or_init(|| {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
    });
    (1..=64).contains(&signal) && mask >> (signal - 1) & 1 == 1
}

#[cfg(all(unix, not(target_os = "linux")))]
fn is_ignored(_: i32) -> bool {
    false
}

#[cfg(unix)]
async fn asked_to_end() -> u8 {
    use tokio::signal::unix::{SignalKind, signal};
    let listen = |kind: SignalKind| async move {
        // Who started us may want us to live on (`nohup`), and whatever follows us in this process as well.
        if is_ignored(kind.as_raw_value()) {
            return std::future::pending().await;
        }
        match signal(kind) {
            Ok(mut stream) => stream.recv().await,
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = listen(SignalKind::interrupt()) => 2,
        _ = listen(SignalKind::terminate()) => 15,
        _ = listen(SignalKind::hangup()) => 1,
    }
}

#[cfg(not(unix))]
async fn asked_to_end() -> u8 {
    match tokio::signal::ctrl_c().await {
        Ok(()) => 2,
        Err(_) => std::future::pending().await,
    }
}
