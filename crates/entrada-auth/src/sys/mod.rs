//! The outside world: one small trait per effect, each with its real implementation.

mod browser;
mod callback_request;
mod clock;
mod dial;
mod entropy;
mod env;
mod file_id;
mod harden;
mod http;
mod input_file;
mod loopback;
mod output_file;
mod panic_message;
mod paths;
mod program;
mod terminal;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

pub use browser::{RealBrowser, is_openable};
pub use callback_request::CallbackRequest;
pub(crate) use clock::leave_signals_alone;
pub use clock::{RealClock, is_ignored as ignores_signal, termination_signal};
pub use entropy::RealEntropy;
pub use env::{Env, TextVariable, VARIABLE_PREFIX};
pub use file_id::FileId;
pub use harden::{harden, survive_file_limit};
pub use http::{
    BundleError, CertificateFailure, CertificateFault, CutOff, HttpError, HttpFailure, HttpRequest,
    HttpResponse, KeepPartial, PROXY_VARIABLES, ProxyFailure, ProxyFault, RealHttp,
    RequestDeadline, SetupFailure, proxy_of,
};
pub use input_file::{
    CERTIFICATES_MAX, FileTrust, InputFileError, SMALL_FILE_MAX, check_path, read_input_file,
};
pub use loopback::{RealLoopback, bind};
pub use output_file::{OutputFile, OutputOptions};
pub use panic_message::quiet_panics;
pub use paths::{NoHome, POLICY_FILE, Paths};
pub use program::{Program, Programs, RealPrograms, TokenDelivery};
pub use terminal::{RealTerminal, say};

use entrada_core::NumericDate;

/// Every effect of the program on the machine, except the stores, goes through one of these.
///
/// A plain struct and not a service locator: a function that needs only the clock takes `&dyn Clock`.
#[derive(Clone, Copy)]
pub struct Sys<'a> {
    /// The wall clock, and sleeping.
    pub clock: &'a dyn Clock,
    /// The network.
    pub http: &'a dyn Http,
    /// Mail servers.
    pub dial: &'a dyn Dial,
    /// The environment variables, read once.
    pub env: &'a Env,
    /// The standard streams.
    pub terminal: &'a dyn Terminal,
    /// The user's web browser.
    pub browser: &'a dyn Browser,
    /// The loopback interface, for the redirect of the browser.
    pub loopback: &'a dyn Loopback,
    /// Random bytes.
    pub entropy: &'a dyn Entropy,
    /// Other programs.
    pub programs: &'a dyn Programs,
    /// The file in which the administrator limits sign-ins; `None` if nobody does.
    pub policy_file: Option<&'a Path>,
}

/// The user's web browser.
pub trait Browser {
    /// The kind of host, as far as it matters for a browser.
    fn host_kind(&self, env: &Env) -> HostKind;
    /// Opens `url` with `$BROWSER` if that is set. Accepts only https and pages on this machine. Returns at once; a
    /// later failure is sent over the channel, and on success the channel closes without a message.
    ///
    /// # Errors
    ///
    /// What the system said, or that the address is not one to open.
    fn open(&self, url: &url::Url, env: &Env) -> std::io::Result<mpsc::Receiver<std::io::Error>>;
}

/// Where the program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostKind {
    /// The user's own machine, with a desktop.
    Desktop,
    /// Windows Subsystem for Linux, which uses the browser of Windows.
    Wsl,
    /// An SSH session on a remote machine.
    Remote,
    /// In a container.
    Container,
    /// A machine without a display.
    Headless,
}

impl HostKind {
    /// Whether the user sees a page that is opened here.
    pub fn has_browser(self, env: &Env) -> bool {
        matches!(self, Self::Desktop | Self::Wsl) || env.is_set("BROWSER")
    }
}

/// This machine's loopback addresses.
pub trait Loopback {
    /// Listens on `127.0.0.1` and `[::1]`, on the first of `ports` that is free on both, or on any free port if
    /// `ports` is empty.
    ///
    /// # Errors
    ///
    /// What the system said; ports that are taken.
    fn listen(&self, ports: &[u16]) -> std::io::Result<Box<dyn Listener>>;
}

/// A listening port.
pub trait Listener {
    /// The port number.
    fn port(&self) -> u16;
    /// The next request, if one arrives within `wait`.
    ///
    /// # Errors
    ///
    /// [`Interrupted`] if a signal ended the wait.
    fn next(&mut self, wait: Duration) -> Result<Option<CallbackRequest>, Interrupted>;
    /// Stops listening. Answers that are being sent have up to `grace` to arrive.
    fn close(self: Box<Self>, grace: Duration);
}

/// A source of unpredictable random bytes.
pub trait Entropy {
    /// Fills `bytes`.
    ///
    /// # Errors
    ///
    /// What the system said.
    fn fill(&self, bytes: &mut [u8]) -> std::io::Result<()>;
}

/// The wall clock.
pub trait Clock {
    /// The current time.
    fn now(&self) -> NumericDate;
    /// Blocks for `duration`, or until a signal asks the program to end.
    ///
    /// # Errors
    ///
    /// [`Interrupted`] if a signal ended the wait.
    fn sleep(&self, duration: Duration) -> Result<(), Interrupted>;
    /// Between the calls with `true` and `false`, a signal that asks the program to end does not end a wait or a
    /// request; a second one ends the program at once. Calls nest. See [`HeldSignals`].
    fn hold_signals(&self, _hold: bool) {}
    /// The signal that has arrived, if there is one.
    fn pending_signal(&self) -> Option<Interrupted> {
        None
    }
    /// Local time `at`, in the format of the Azure CLI: `2026-11-23 22:08:17.000000`. UTC unless an implementation
    /// overrides it.
    fn local(&self, at: NumericDate) -> String {
        local_time(at, &jiff::tz::TimeZone::UTC)
    }
    /// A function that returns the time since this call, unaffected by changes of the wall clock.
    fn stopwatch(&self) -> Box<dyn Fn() -> Duration + Send>;
}

/// Delays signals that ask the program to end while it lives: a code or token that works once is being redeemed, and
/// the result is not stored yet. A second signal ends the program at once.
#[must_use = "signals are delayed until this is dropped"]
pub struct HeldSignals<'a>(&'a dyn Clock);

impl<'a> HeldSignals<'a> {
    /// Starts the delay. An error if a signal has already arrived.
    ///
    /// # Errors
    ///
    /// [`Interrupted`] if a signal has arrived already.
    pub fn begin(clock: &'a dyn Clock) -> Result<Self, Interrupted> {
        clock.hold_signals(true);
        let held = Self(clock);
        clock.pending_signal().map_or(Ok(held), Err)
    }

    /// Ends the delay. An error if a signal arrived meanwhile.
    ///
    /// # Errors
    ///
    /// [`Interrupted`] if a signal has arrived in the meantime.
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

/// A signal asked the program to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("interrupted")]
pub struct Interrupted {
    /// The signal: 2 (Ctrl-C), 15 (terminate), 1 (hang-up).
    pub signal: u8,
}

/// The network. Sends one request and waits for its answer; does not follow redirects.
pub trait Http {
    /// Sends `request`. Plain http is refused, except to this machine.
    ///
    /// # Errors
    ///
    /// [`HttpError`] says why no answer came.
    fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError>;
    /// Trusts the certificates in `bundle` in addition to the platform's, for later requests. They are parsed at the
    /// next request.
    fn trust(&self, bundle: Bundle);
}

/// Line-based connections.
pub trait Dial {
    /// Connects to `port` of `host`, with TLS from the first byte if `tls` says so. Proxies are not used, because
    /// they carry HTTP.
    ///
    /// # Errors
    ///
    /// [`HttpError`] says why there is no connection.
    fn dial(&self, host: &str, port: u16, tls: bool) -> Result<Box<dyn Connection>, HttpError>;
    /// The addresses of `host`, at least one.
    ///
    /// # Errors
    ///
    /// What the system said; a host without an address.
    fn resolve(&self, host: &str) -> std::io::Result<Vec<std::net::IpAddr>>;
}

/// A line-based connection.
pub trait Connection {
    /// The next line, without its line end; `None` if the other side has closed.
    ///
    /// # Errors
    ///
    /// [`HttpError`] if the connection breaks.
    fn read(&mut self) -> Result<Option<String>, HttpError>;
    /// Sends `line` and a line end.
    ///
    /// # Errors
    ///
    /// [`HttpError`] if the connection breaks.
    fn write(&mut self, line: &str) -> Result<(), HttpError>;
    /// Starts TLS (STARTTLS) for the host of the connection.
    ///
    /// # Errors
    ///
    /// [`HttpError`] if TLS is not available, or the certificate is not the host's.
    fn secure(&mut self) -> Result<(), HttpError>;
}

/// Extra certificates to trust.
#[derive(Clone, Debug)]
pub struct Bundle {
    /// The file that they were read from, for error messages.
    pub file: String,
    /// PEM text.
    pub pem: Vec<u8>,
}

/// One of the standard streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard input, for answers of the user.
    Stdin,
    /// Standard output, for data.
    Stdout,
    /// Standard error, for messages to the user.
    Stderr,
}

/// The standard streams.
pub trait Terminal {
    /// Whether `stream` is a terminal.
    fn is_terminal(&self, stream: Stream) -> bool;
    /// Columns of the terminal behind stderr; `None` if stderr is not a terminal.
    fn width(&self) -> Option<usize>;
    /// Asks for a line that is not echoed.
    ///
    /// # Errors
    ///
    /// What the system said; no terminal, or a signal.
    fn read_password(&self, prompt: &str) -> std::io::Result<entrada_core::Secret>;
    /// Starts to read one line without echo from the terminal, or from standard input if there is no terminal.
    ///
    /// # Errors
    ///
    /// What the system said.
    fn read_line(&self) -> std::io::Result<Box<dyn Line>>;
}

/// A line that is being read. Dropping it restores the terminal.
pub trait Line {
    /// The line, once it is complete; an error if it cannot be read.
    fn poll(&mut self) -> Option<std::io::Result<entrada_core::Secret>>;
}
