//! The outside world, one small trait per effect and one real form of each.

mod browser;
mod callback_request;
mod clock;
mod defect;
mod dial;
mod entropy;
mod env;
mod file_id;
mod harden;
mod http;
mod input_file;
mod loopback;
mod output_file;
mod program;
mod terminal;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

use std::sync::mpsc;
use std::time::Duration;

pub use browser::{RealBrowser, is_openable};
pub use callback_request::CallbackRequest;
pub use clock::{RealClock, asked_to_end_by};
pub use defect::quiet_panics;
pub use entropy::RealEntropy;
pub use env::{Env, OWN};
pub use file_id::FileId;
pub use harden::{harden, survive_file_limit};
pub use http::{
    BundleError, CertificateFault, CertificateTrouble, CutOff, HttpError, HttpFailure, HttpRequest,
    HttpResponse, KeepPartial, PROXY_VARIABLES, ProxyFault, ProxyTrouble, RealHttp,
    RequestDeadline, SetupTrouble, proxy_of,
};
pub use input_file::{
    CERTIFICATES_MAX, InputFileError, SMALL_FILE_MAX, Trust, check_way, read_input_file,
};
pub use loopback::{RealLoopback, bind};
pub use output_file::{OutputFile, OutputOptions};
pub use program::{Program, Programs, RealPrograms, TokenDelivery};
pub use terminal::{RealTerminal, say};

use entrada_core::NumericDate;

/// Everything that the program does to the machine, stores apart, goes through one of these.
///
/// A plain bundle, not a service locator: a function that needs only the clock takes `&dyn Clock`.
#[derive(Clone, Copy)]
pub struct Sys<'a> {
    /// The wall clock, and waiting.
    pub clock: &'a dyn Clock,
    /// The network.
    pub http: &'a dyn Http,
    /// Mail servers.
    pub dial: &'a dyn Dial,
    /// The environment variables, read once.
    pub env: &'a Env,
    /// What the standard streams are connected to.
    pub terminal: &'a dyn Terminal,
    /// The user's web browser.
    pub browser: &'a dyn Browser,
    /// Where the browser comes back to.
    pub loopback: &'a dyn Loopback,
    /// Randomness.
    pub entropy: &'a dyn Entropy,
    /// Other programs.
    pub programs: &'a dyn Programs,
}

/// The user's web browser.
pub trait Browser {
    /// Where we run, as far as it matters for a browser.
    fn host_kind(&self, env: &Env) -> HostKind;
    /// Opens `url`, by `$BROWSER` where that is set; refuses anything but https and pages of this machine. Returns at
    /// once; what goes wrong afterwards comes over the channel, and nothing comes when all went well.
    fn open(&self, url: &url::Url, env: &Env) -> std::io::Result<mpsc::Receiver<std::io::Error>>;
}

/// Where the program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostKind {
    /// On the machine of whoever looks at it, with windows.
    Desktop,
    /// In Windows' Linux, whose browser is that of Windows.
    Wsl,
    /// At the other end of an SSH session.
    Remote,
    /// In a container.
    Container,
    /// On a machine without a display.
    Headless,
}

impl HostKind {
    /// Whether a page that is opened here is seen by the user.
    pub fn has_browser(self, env: &Env) -> bool {
        matches!(self, Self::Desktop | Self::Wsl) || env.is_set("BROWSER")
    }
}

/// This machine's loopback addresses.
pub trait Loopback {
    /// Listens on `127.0.0.1` and `[::1]`, on the first of `ports` that is free on both; on any free one when `ports` is
    /// empty.
    fn listen(&self, ports: &[u16]) -> std::io::Result<Box<dyn Listener>>;
}

/// A port that is being listened on.
pub trait Listener {
    /// Which one.
    fn port(&self) -> u16;
    /// The next visit, if one comes within `wait`.
    fn next(&mut self, wait: Duration) -> Result<Option<CallbackRequest>, Interrupted>;
    /// Stops listening, and gives the answers that are under way up to `grace` to arrive.
    fn close(self: Box<Self>, grace: Duration);
}

/// Randomness that nobody can guess.
pub trait Entropy {
    /// Fills `bytes`.
    fn fill(&self, bytes: &mut [u8]) -> std::io::Result<()>;
}

/// The wall clock.
pub trait Clock {
    /// Now.
    fn now(&self) -> NumericDate;
    /// Blocks for `duration`, or until the user or the system asks the program to end.
    fn sleep(&self, duration: Duration) -> Result<(), Interrupted>;
    /// From `true` to `false`, a signal that asks the program to end ends no wait and no request; a second one ends the
    /// program at once. Calls nest. See [`HeldSignals`].
    fn hold_signals(&self, _hold: bool) {}
    /// The signal that has come, if one has.
    fn pending_signal(&self) -> Option<Interrupted> {
        None
    }
    /// `at` by the clock on the wall, as the Azure CLI writes it: `2026-11-23 22:08:17.000000`. In UTC unless told otherwise.
    fn local(&self, at: NumericDate) -> String {
        local_time(at, &jiff::tz::TimeZone::UTC)
    }
    /// Tells how much time has passed since this call, whatever is done to the wall clock.
    fn stopwatch(&self) -> Box<dyn Fn() -> Duration + Send>;
}

/// While it lives, a signal that asks the program to end waits: something that is had once is being spent, and what comes of
/// it is not stored yet. A second signal ends the program at once.
#[must_use = "signals wait until this is dropped"]
pub struct HeldSignals<'a>(&'a dyn Clock);

impl<'a> HeldSignals<'a> {
    /// From now on; an error where one has come already.
    pub fn begin(clock: &'a dyn Clock) -> Result<Self, Interrupted> {
        clock.hold_signals(true);
        let held = Self(clock);
        clock.pending_signal().map_or(Ok(held), Err)
    }

    /// Until now; an error where one has come meanwhile.
    pub fn end(self) -> Result<(), Interrupted> {
        self.0.pending_signal().map_or(Ok(()), Err)
    }
}

impl Drop for HeldSignals<'_> {
    fn drop(&mut self) {
        self.0.hold_signals(false);
    }
}

fn local_time(at: NumericDate, zone: &jiff::tz::TimeZone) -> String {
    let at = jiff::Timestamp::from_second(at.0).unwrap_or(jiff::Timestamp::MAX);
    at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S.%6f").to_string()
}

/// The program was asked to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("interrupted")]
pub struct Interrupted {
    /// The signal: 2 (Ctrl-C), 15 (terminate), 1 (hang-up).
    pub signal: u8,
}

/// The network. Sends one request and waits for its answer; follows no redirect.
pub trait Http {
    /// Sends `request`. Plain http is refused except to this machine.
    fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError>;
    /// Trusts the certificates in `bundle` beside the platform's, for requests from now on. They are looked at then.
    fn trust(&self, bundle: Bundle);
}

/// Connections on which lines are exchanged.
pub trait Dial {
    /// Connects to `port` of `host`, with TLS from the first byte on where `tls` says so. Proxies are not used: they carry HTTP.
    fn dial(&self, host: &str, port: u16, tls: bool) -> Result<Box<dyn Connection>, HttpError>;
    /// The addresses of `host`, one at least.
    fn resolve(&self, host: &str) -> std::io::Result<Vec<std::net::IpAddr>>;
}

/// One such connection.
pub trait Connection {
    /// The next line, without its end; `None` when the other side has closed.
    fn read(&mut self) -> Result<Option<String>, HttpError>;
    /// Sends `line`, and its end.
    fn write(&mut self, line: &str) -> Result<(), HttpError>;
    /// Goes on with TLS (STARTTLS), for the host that was dialled.
    fn secure(&mut self) -> Result<(), HttpError>;
}

/// Certificates to trust.
#[derive(Clone, Debug)]
pub struct Bundle {
    /// The file that they came from, for errors.
    pub file: String,
    /// PEM text.
    pub pem: Vec<u8>,
}

/// One of the standard streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Where answers come from.
    Stdin,
    /// Where data goes.
    Stdout,
    /// Where talk goes.
    Stderr,
}

/// What the standard streams are connected to.
pub trait Terminal {
    /// Whether a person is at the other end of `stream`.
    fn is_terminal(&self, stream: Stream) -> bool;
    /// Columns of the terminal that shows stderr; `None` when it is no terminal.
    fn width(&self) -> Option<usize>;
    /// Asks for a line that must not be echoed.
    fn read_password(&self, prompt: &str) -> std::io::Result<entrada_core::Secret>;
    /// Begins to read one line that must not be shown: from the terminal without echo, else from standard input.
    fn read_line(&self) -> std::io::Result<Box<dyn Line>>;
}

/// A line that is being read. Dropping it gives the terminal back.
pub trait Line {
    /// The line, once it is whole; an error when none will come.
    fn poll(&mut self) -> Option<std::io::Result<entrada_core::Secret>>;
}
