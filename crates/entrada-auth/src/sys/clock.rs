//! Time, waiting, and the signals that end a wait.

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
            HELD.fetch_add(1, Ordering::SeqCst);
        } else if HOLDS.get() > 0 {
            HOLDS.set(HOLDS.get() - 1);
            HELD.fetch_sub(1, Ordering::SeqCst);
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
    let signal = FIRST.load(Ordering::SeqCst);
    (signal != 0).then_some(Interrupted { signal })
}

thread_local! {
    /// How often signals are held.
    static HOLDS: Cell<u32> = const { Cell::new(0) };
    /// Whether waits on this thread leave signals to the rest of the program.
    static IGNORES_SIGNALS: Cell<bool> = const { Cell::new(false) };
}

/// From now on, no wait on this thread listens for signals. They keep the effect that the program gave them: a library
/// must not change what Ctrl-C does to the program that uses it.
pub(crate) fn leave_signals_alone() {
    IGNORES_SIGNALS.set(true);
}

/// The same of all threads together.
static HELD: AtomicU32 = AtomicU32::new(0);

/// Whether it has been said that the program ends later: once is enough, of however many signals and waits.
static SAID: AtomicBool = AtomicBool::new(false);

/// The first signal that came, once one has.
static FIRST: AtomicU8 = AtomicU8::new(0);

/// As [`interruptible`], except that a first signal is only noted while signals are held.
pub(super) fn unless_held<T>(work: impl Future<Output = T>) -> Result<Option<T>, Interrupted> {
    // One that was held is met by the first wait after that.
    if HOLDS.get() == 0
        && let Some(interrupted) = pending()
    {
        return Err(interrupted);
    }
    let mut work = std::pin::pin!(work);
    loop {
        match interruptible(work.as_mut()) {
            Err(Interrupted { signal }) if HOLDS.get() > 0 => {
                let first = FIRST.compare_exchange(0, signal, Ordering::SeqCst, Ordering::SeqCst);
                if first.is_err() && !watch::is_watching() {
                    return Err(Interrupted { signal });
                }
                if !SAID.swap(true, Ordering::SeqCst) {
                    super::say(
                        "entrada ends as soon as the request under way is finished; a second signal ends it at once",
                    );
                }
            }
            done => return done,
        }
    }
}

/// Runs `work` on this thread, unless a signal that ends the program comes first; `None` without an event loop.
pub(super) fn interruptible<T>(work: impl Future<Output = T>) -> Result<Option<T>, Interrupted> {
    let Some(runtime) = super::http::runtime() else { return Ok(None) };
    if IGNORES_SIGNALS.get() {
        return Ok(Some(runtime.block_on(work)));
    }
    let ended = runtime.block_on(async {
        tokio::select! {
            done = work => Ok(Some(done)),
            signal = asked_to_end() => Err(Interrupted { signal }),
        }
    });
    if let Err(Interrupted { signal }) = ended {
        note(signal);
    }
    ended
}

/// Notes the first signal, which may be heard here before the thread that watches has come to it.
fn note(signal: u8) {
    if watch::is_watching() {
        let _ = FIRST.compare_exchange(0, signal, Ordering::SeqCst, Ordering::SeqCst);
    }
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

/// The signal that asked the program to end, while nobody waited for one; it stays for the next wait. `None` as long as
/// signals still end the program by themselves.
#[cfg(unix)]
pub fn asked_to_end_by() -> Option<u8> {
    if let Some(Interrupted { signal }) = pending() {
        return Some(signal);
    }
    let mut listening = LISTENING.take();
    if !listening.streams.is_empty()
        && listening.come.is_none()
        && let Some(runtime) = super::http::runtime()
    {
        listening.come = runtime.block_on(async {
            // Lets the event loop look whether anything has come.
            tokio::task::yield_now().await;
            std::future::poll_fn(|context| std::task::Poll::Ready(listening.poll(context))).await
        });
    }
    listening.come.inspect(|signal| note(*signal))
}

/// The signal that asked the program to end, while nobody waited for one.
#[cfg(not(unix))]
pub fn asked_to_end_by() -> Option<u8> {
    None
}

/// Signals that end the program, with their numbers.
#[cfg(unix)]
#[derive(Default)]
struct Listening {
    streams: Vec<(u8, tokio::signal::unix::Signal)>,
    /// One that has come, and ended no wait yet.
    come: Option<u8>,
}

#[cfg(unix)]
thread_local! {
    /// Kept from wait to wait: once somebody has listened, a signal that comes between two waits no longer ends the program by
    /// itself, and has to be met by the next.
    static LISTENING: std::cell::RefCell<Listening> = std::cell::RefCell::default();
}

#[cfg(unix)]
impl Listening {
    fn new() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        // Who started us may want us to live on (`nohup`), and whatever follows us in this process as well.
        let heard: Vec<SignalKind> =
            kinds.into_iter().filter(|kind| !is_ignored(kind.as_raw_value())).collect();
        watch::begin(heard.iter().map(SignalKind::as_raw_value));
        let streams = heard
            .into_iter()
            .filter_map(|kind| Some((u8::try_from(kind.as_raw_value()).ok()?, signal(kind).ok()?)));
        Self { streams: streams.collect(), come: None }
    }

    /// One that comes now.
    fn poll(&mut self, context: &mut std::task::Context<'_>) -> Option<u8> {
        self.streams.iter_mut().find_map(|(number, stream)| {
            matches!(stream.poll_recv(context), std::task::Poll::Ready(Some(()))).then_some(*number)
        })
    }
}

#[cfg(unix)]
impl Drop for Listening {
    fn drop(&mut self) {
        let streams = std::mem::take(&mut self.streams);
        let come = self.come;
        if !streams.is_empty() {
            // The thread may be at its end.
            let _ = LISTENING.try_with(|kept| {
                let mut kept = kept.borrow_mut();
                (kept.streams, kept.come) = (streams, come);
            });
        }
    }
}

#[cfg(unix)]
async fn asked_to_end() -> u8 {
    let mut listening = LISTENING.take();
    if listening.streams.is_empty() {
        listening = Listening::new();
    }
    std::future::poll_fn(|context| {
        let come = listening.come.take().or_else(|| listening.poll(context));
        come.map_or(std::task::Poll::Pending, std::task::Poll::Ready)
    })
    .await
}

#[cfg(not(unix))]
async fn asked_to_end() -> u8 {
    match tokio::signal::ctrl_c().await {
        Ok(()) => 2,
        Err(_) => std::future::pending().await,
    }
}

/// A thread that notes the first signal wherever the program stands, and ends the program with the second: from the first
/// wait on, signals no longer do so by themselves. A program that does not look at the first one, because it waits for a
/// lock, a name server or a pipe, is ended by it as well, unless signals are held.
#[cfg(unix)]
mod watch {
    use std::sync::OnceLock;
    use std::sync::atomic::Ordering;
    use std::time::{Duration, Instant};

    use signal_hook::iterator::Signals;

    /// Signals that come closer together are one: `timeout` sends its signal twice, a terminal that closes as well.
    const ONE: Duration = Duration::from_millis(100);

    /// How long the program may take to end by itself after a signal. A dialog of the keyring is taken back in that time.
    const ENDING: Duration = Duration::from_secs(1);

    /// How often the program is looked at meanwhile.
    const LOOK: Duration = Duration::from_millis(50);

    static WATCHING: OnceLock<bool> = OnceLock::new();

    /// Watches for `signals`, once in a process. Where no thread or no descriptors are left, nobody watches.
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
                    let _ = super::FIRST.compare_exchange(
                        0,
                        signal,
                        Ordering::SeqCst,
                        Ordering::SeqCst,
                    );
                    let thread = std::thread::Builder::new().name("end".to_owned());
                    // Without a thread there is still the second signal.
                    let _ = thread.spawn(move || end(number));
                }
                Some(first) if first.elapsed() < ONE => (),
                Some(_) => signal_hook::low_level::exit(128 + number),
            }
        }
    }

    /// Ends a program that signal `number` has asked to end and that goes on, once nothing is held for a while.
    #[expect(clippy::disallowed_methods, reason = "the one place that waits")]
    fn end(number: i32) {
        let mut free = Duration::ZERO;
        while free < ENDING {
            std::thread::sleep(LOOK);
            free =
                if super::HELD.load(Ordering::SeqCst) == 0 { free + LOOK } else { Duration::ZERO };
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
