//! The outside world, one small trait per effect and one real form of each.

mod browser;
mod clock;
mod env;
mod harden;
mod http;
mod terminal;

use std::time::Duration;

pub use browser::{RealBrowser, is_openable};
pub use clock::RealClock;
pub use env::Env;
pub use harden::harden;
pub use http::{HttpError, HttpFailure, HttpRequest, HttpResponse, RealHttp};
pub use terminal::{RealTerminal, say};

use crate::model::NumericDate;

/// Everything that the program does to the machine, stores apart, goes through one of these.
///
/// A plain bundle, not a service locator: a function that needs only the clock takes `&dyn Clock`.
#[derive(Clone, Copy)]
pub struct Sys<'a> {
    /// The wall clock, and waiting.
    pub clock: &'a dyn Clock,
    /// The network.
    pub http: &'a dyn Http,
    /// The environment variables, read once.
    pub env: &'a Env,
    /// What the standard streams are connected to.
    pub terminal: &'a dyn Terminal,
    /// The user's web browser.
    pub browser: &'a dyn Browser,
}

/// The user's web browser.
pub trait Browser {
    /// Whether opening a page would show it to the user: there is a desktop, and it is this one.
    fn is_likely(&self, env: &Env) -> bool;
    /// Opens `url`; refuses anything but https and pages of this machine.
    fn open(&self, url: &url::Url) -> std::io::Result<()>;
}

/// The wall clock.
pub trait Clock {
    /// Now.
    fn now(&self) -> NumericDate;
    /// Blocks for `duration`, or until the user or the system asks the program to end.
    fn sleep(&self, duration: Duration) -> Result<(), Interrupted>;
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
    /// Trusts the certificates in `pem` beside the platform's, for requests from now on.
    fn trust(&self, pem: Vec<u8>);
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
    fn read_password(&self, prompt: &str) -> std::io::Result<crate::model::Secret>;
}
