//! An emulator without sockets: requests go straight in, and time passes only when code waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use entrada_auth::sys::{
    Bundle, Clock, Connection, Dial, Http, HttpError, HttpFailure, HttpRequest, HttpResponse,
    Interrupted, RequestDeadline,
};
use entrada_core::NumericDate;
use entrada_emulator::{Emulator, Reply};

/// How long a client waits for an answer that never comes.
const PATIENCE: Duration = Duration::from_secs(30);

/// The network, when there is nothing but `emulator` on it.
pub struct InProcess<'a> {
    /// Who answers.
    pub emulator: &'a Emulator,
    /// What time it is.
    pub clock: &'a dyn Clock,
}

/// There are no mail servers on that network.
impl Dial for InProcess<'_> {
    fn dial(&self, host: &str, port: u16, _: bool) -> Result<Box<dyn Connection>, HttpError> {
        let host = format!("{host}:{port}");
        Err(HttpError { host, failure: HttpFailure::Connect, source: None })
    }
    fn resolve(&self, _: &str) -> std::io::Result<Vec<std::net::IpAddr>> {
        Ok(vec![std::net::Ipv4Addr::LOCALHOST.into()])
    }
}

impl Http for InProcess<'_> {
    fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let host = request.uri().authority().map(ToString::to_string).unwrap_or_default();
        let fail = |failure| HttpError { host: host.clone(), failure, source: None };
        let interrupted = |interrupted| fail(HttpFailure::Interrupted(interrupted));
        let (patience, too_late) = RequestDeadline::limit(&request, PATIENCE);
        match self.emulator.handle(request, self.clock.now()) {
            Reply::Answer(answer) => Ok(answer),
            Reply::Delayed(delay, answer) => {
                self.clock.sleep(delay).map_err(interrupted)?;
                Ok(answer)
            }
            Reply::Hang => {
                self.clock.sleep(patience).map_err(interrupted)?;
                Err(fail(too_late))
            }
            Reply::Cut => Err(fail(HttpFailure::Broken)),
        }
    }

    fn trust(&self, _: Bundle) {}
}

/// A clock that stands still until code sleeps.
#[derive(Debug)]
pub struct Stopwatch {
    milliseconds: Arc<AtomicI64>,
}

impl Stopwatch {
    /// Starts at `now`.
    pub fn at(now: NumericDate) -> Self {
        Self { milliseconds: Arc::new(AtomicI64::new(now.0.saturating_mul(1_000))) }
    }

    /// Lets `seconds` pass; they may be negative.
    pub fn pass(&self, seconds: i64) {
        self.pass_milliseconds(seconds.saturating_mul(1_000));
    }

    fn pass_milliseconds(&self, milliseconds: i64) {
        let later = self.milliseconds.load(Ordering::Relaxed).saturating_add(milliseconds);
        self.milliseconds.store(later, Ordering::Relaxed);
    }
}

impl Clock for Stopwatch {
    fn now(&self) -> NumericDate {
        NumericDate(self.milliseconds.load(Ordering::Relaxed).div_euclid(1_000))
    }

    fn sleep(&self, duration: Duration) -> Result<(), Interrupted> {
        self.pass_milliseconds(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX));
        Ok(())
    }

    fn stopwatch(&self) -> Box<dyn Fn() -> Duration + Send> {
        let clock = Arc::clone(&self.milliseconds);
        let start = clock.load(Ordering::Relaxed);
        Box::new(move || {
            let passed = clock.load(Ordering::Relaxed).saturating_sub(start);
            Duration::from_millis(u64::try_from(passed).unwrap_or(0))
        })
    }
}
