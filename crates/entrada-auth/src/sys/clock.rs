//! The clock, sleeping, and the signals that end a wait.

use std::cell::Cell;
use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::{Clock, Interrupted};
use entrada_core::NumericDate;

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
        if unless_held(async { tokio::time::sleep(duration).await })?.is_none() {
            std::thread::sleep(duration);
        }
        Ok(())
    }

    fn hold_signals(&self, hold: bool) {
        if hold {
            HOLDS.set(HOLDS.get() + 1);
            HOLD_COUNT.fetch_add(1, Ordering::SeqCst);
        } else if HOLDS.get() > 0 {
            HOLDS.set(HOLDS.get() - 1);
            HOLD_COUNT.fetch_sub(1, Ordering::SeqCst);
        }
    }

    fn pending_signal(&self) -> Option<Interrupted> {
        pending()
    }
}

fn pending() -> Option<Interrupted> {
    if IGNORES_SIGNALS.get() {
        return None;
    }
    let signal = FIRST_SIGNAL.load(Ordering::SeqCst);
    (signal != 0).then_some(Interrupted { signal })
}

thread_local! {
    /// How many times this thread holds signals.
    static HOLDS: Cell<u32> = const { Cell::new(0) };
    /// Whether waits on this thread leave signals to the rest of the program.
    static IGNORES_SIGNALS: Cell<bool> = const { Cell::new(false) };
}

/// From now on, no wait on this thread listens for signals. They keep the effect that the program gave them: a library
/// must not change what Ctrl-C does to the program that uses it.
pub(crate) fn leave_signals_alone() {
    IGNORES_SIGNALS.set(true);
}

/// The number of holds of all threads.
static HOLD_COUNT: AtomicU32 = AtomicU32::new(0);

/// Whether the user has been informed that the program ends later. One message is enough for all signals and
/// waits.
static USER_INFORMED: AtomicBool = AtomicBool::new(false);

/// The number of the first signal; 0 before it.
static FIRST_SIGNAL: AtomicU8 = AtomicU8::new(0);

/// As [`interruptible`], but while signals are held, a first signal is only noted.
pub(super) fn unless_held<T>(work: impl Future<Output = T>) -> Result<Option<T>, Interrupted> {
    // A signal that was noted while held ends the first wait after the hold.
    if HOLDS.get() == 0
        && let Some(interrupted) = pending()
    {
        return Err(interrupted);
    }
    let mut work = std::pin::pin!(work);
    loop {
        match interruptible(work.as_mut()) {
            Err(Interrupted { signal }) if HOLDS.get() > 0 => {
                let first =
                    FIRST_SIGNAL.compare_exchange(0, signal, Ordering::SeqCst, Ordering::SeqCst);
                if first.is_err() && !watch::is_watching() {
                    return Err(Interrupted { signal });
                }
                if !USER_INFORMED.swap(true, Ordering::SeqCst) {
                    super::say(
                        "entrada stops when the current request has finished; a second signal stops it at once",
                    );
                }
            }
            done => return done,
        }
    }
}

/// Runs `work` on this thread until it completes or a signal asks the program to end. `None` if there is no event
/// loop.
pub(super) fn interruptible<T>(work: impl Future<Output = T>) -> Result<Option<T>, Interrupted> {
    let Some(runtime) = super::http::runtime() else { return Ok(None) };
    if IGNORES_SIGNALS.get() {
        return Ok(Some(runtime.block_on(work)));
    }
    let ended = runtime.block_on(async {
        tokio::select! {
            done = work => Ok(Some(done)),
            signal = wait_for_termination() => Err(Interrupted { signal }),
        }
    });
    if let Err(Interrupted { signal }) = ended {
        note(signal);
    }
    ended
}

/// Notes the first signal. This thread may see the signal before the watching thread does.
fn note(signal: u8) {
    if watch::is_watching() {
        let _ = FIRST_SIGNAL.compare_exchange(0, signal, Ordering::SeqCst, Ordering::SeqCst);
    }
}

/// Whether `signal` was ignored when the program started, as far as the system shows this without `unsafe` code.
#[cfg(target_os = "linux")]
pub fn is_ignored(signal: i32) -> bool {
    static IGNORED: std::sync::OnceLock<u64> = std::sync::OnceLock::new();
    let mask = *IGNORED.get_or_init(|| {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
    });
    (1..=64).contains(&signal) && mask >> (signal - 1) & 1 == 1
}

/// Whether `signal` was ignored when the program started: not known on this system.
#[cfg(not(target_os = "linux"))]
pub fn is_ignored(_: i32) -> bool {
    false
}

/// The signal that asked the program to end, outside a wait. It still ends the next wait. `None` if signals end the
/// program directly.
#[cfg(unix)]
pub fn termination_signal() -> Option<u8> {
    if let Some(Interrupted { signal }) = pending() {
        return Some(signal);
    }
    let mut signals = SIGNAL_STREAMS.take();
    if !signals.streams.is_empty()
        && signals.arrived.is_none()
        && let Some(runtime) = super::http::runtime()
    {
        signals.arrived = runtime.block_on(async {
            // Lets the event loop check for signals.
            tokio::task::yield_now().await;
            std::future::poll_fn(|context| std::task::Poll::Ready(signals.poll(context))).await
        });
    }
    signals.arrived.inspect(|signal| note(*signal))
}

/// The signal that asked the program to end, outside a wait.
#[cfg(not(unix))]
pub fn termination_signal() -> Option<u8> {
    None
}

/// The signal streams of the signals that end the program, with their numbers.
#[cfg(unix)]
#[derive(Default)]
struct SignalStreams {
    streams: Vec<(u8, tokio::signal::unix::Signal)>,
    /// A signal that has arrived and has not ended a wait yet.
    arrived: Option<u8>,
}

#[cfg(unix)]
thread_local! {
    /// Kept between waits: after the first wait, a signal between two waits no longer ends the program directly, so
    /// the next wait must see it.
    static SIGNAL_STREAMS: std::cell::RefCell<SignalStreams> = std::cell::RefCell::default();
}

#[cfg(unix)]
impl SignalStreams {
    fn new() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        // A signal that the parent process ignores stays ignored (`nohup`), also for a program that `exec` starts in
        // this process.
        let watched: Vec<SignalKind> =
            kinds.into_iter().filter(|kind| !is_ignored(kind.as_raw_value())).collect();
        watch::begin(watched.iter().map(SignalKind::as_raw_value));
        let streams = watched
            .into_iter()
            .filter_map(|kind| Some((u8::try_from(kind.as_raw_value()).ok()?, signal(kind).ok()?)));
        Self { streams: streams.collect(), arrived: None }
    }

    /// A signal that arrives now.
    fn poll(&mut self, context: &mut std::task::Context<'_>) -> Option<u8> {
        self.streams.iter_mut().find_map(|(number, stream)| {
            matches!(stream.poll_recv(context), std::task::Poll::Ready(Some(()))).then_some(*number)
        })
    }
}

#[cfg(unix)]
impl Drop for SignalStreams {
    fn drop(&mut self) {
        let streams = std::mem::take(&mut self.streams);
        let arrived = self.arrived;
        if !streams.is_empty() {
            // The thread may be ending, and its thread-local storage may be gone.
            let _ = SIGNAL_STREAMS.try_with(|kept| {
                let mut kept = kept.borrow_mut();
                (kept.streams, kept.arrived) = (streams, arrived);
            });
        }
    }
}

#[cfg(unix)]
async fn wait_for_termination() -> u8 {
    let mut signals = SIGNAL_STREAMS.take();
    if signals.streams.is_empty() {
        signals = SignalStreams::new();
    }
    std::future::poll_fn(|context| {
        let arrived = signals.arrived.take().or_else(|| signals.poll(context));
        arrived.map_or(std::task::Poll::Pending, std::task::Poll::Ready)
    })
    .await
}

#[cfg(not(unix))]
async fn wait_for_termination() -> u8 {
    match tokio::signal::ctrl_c().await {
        Ok(()) => 2,
        Err(_) => std::future::pending().await,
    }
}

/// A thread that notes the first signal and ends the program at the second one. It is needed because after the first
/// wait signals no longer end the program directly. It also ends a program that does not react to the first signal,
/// because it waits for a lock, a name server or a pipe, unless signals are held.
#[cfg(unix)]
mod watch {
    use std::sync::OnceLock;
    use std::sync::atomic::Ordering;
    use std::time::{Duration, Instant};

    use signal_hook::iterator::Signals;

    /// Signals within this time count as one: `timeout` sends its signal twice, and a closing terminal does too.
    const ONE: Duration = Duration::from_millis(100);

    /// How long the program may take to end by itself after a signal. It dismisses an open keyring dialog in that
    /// time.
    const ENDING: Duration = Duration::from_secs(1);

    /// How often the thread checks the program in that time.
    const LOOK: Duration = Duration::from_millis(50);

    static WATCHING: OnceLock<bool> = OnceLock::new();

    /// Starts to watch for `signals`, once per process. Does nothing if no thread or no descriptor is available.
    pub(super) fn begin(signals: impl Iterator<Item = i32>) {
        WATCHING.get_or_init(|| {
            let Ok(mut signals) = Signals::new(signals) else { return false };
            let thread = std::thread::Builder::new().name("signals".to_owned());
            thread.spawn(move || watch(&mut signals)).is_ok()
        });
    }

    pub(super) fn is_watching() -> bool {
        WATCHING.get().copied().unwrap_or_default()
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
    fn watch(signals: &mut Signals) {
        let mut first: Option<Instant> = None;
        for number in signals.forever() {
            let Ok(signal) = u8::try_from(number) else { continue };
            match first {
                None => {
                    first = Some(Instant::now());
                    let _ = super::FIRST_SIGNAL.compare_exchange(
                        0,
                        signal,
                        Ordering::SeqCst,
                        Ordering::SeqCst,
                    );
                    let thread = std::thread::Builder::new().name("end".to_owned());
                    // Without the thread a second signal still ends the program.
                    let _ = thread.spawn(move || end(number));
                }
                Some(first) if first.elapsed() < ONE => (),
                Some(_) => signal_hook::low_level::exit(128 + number),
            }
        }
    }

    /// Ends the program after signal `number` if it does not end by itself, once no signals have been held for a
    /// while.
    #[expect(clippy::disallowed_methods, reason = "the one place that waits")]
    fn end(number: i32) {
        let mut free = Duration::ZERO;
        while free < ENDING {
            std::thread::sleep(LOOK);
            free = if super::HOLD_COUNT.load(Ordering::SeqCst) == 0 {
                free + LOOK
            } else {
                Duration::ZERO
            };
        }
        signal_hook::low_level::exit(128 + number)
    }
}

#[cfg(not(unix))]
mod watch {
    pub(super) fn is_watching() -> bool {
        false
    }
}
