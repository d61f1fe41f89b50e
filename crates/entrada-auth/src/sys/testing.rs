//! A machine without any devices, for tests that use none.

use std::io;
use std::sync::mpsc;

use url::Url;

use super::{
    Browser, Connection, Dial, Entropy, Env, HostKind, HttpError, HttpFailure, Line, Listener,
    Loopback, Program, Programs, Stream, Terminal,
};
use entrada_core::Secret;

/// No browser, no terminal, no loopback, and random bytes that are all zero.
#[derive(Debug)]
pub struct Nothing;

fn nothing<T>() -> io::Result<T> {
    Err(io::ErrorKind::Unsupported.into())
}

impl Browser for Nothing {
    fn host_kind(&self, _: &Env) -> HostKind {
        HostKind::Headless
    }
    fn open(&self, _: &Url, _: &Env) -> io::Result<mpsc::Receiver<io::Error>> {
        nothing()
    }
}

impl Loopback for Nothing {
    fn listen(&self, _: &[u16]) -> io::Result<Box<dyn Listener>> {
        nothing()
    }
}

impl Dial for Nothing {
    fn dial(&self, host: &str, _: u16, _: bool) -> Result<Box<dyn Connection>, HttpError> {
        Err(HttpError { host: host.to_owned(), failure: HttpFailure::Connect, source: None })
    }
    fn resolve(&self, _: &str) -> io::Result<Vec<std::net::IpAddr>> {
        nothing()
    }
}

impl Entropy for Nothing {
    fn fill(&self, _: &mut [u8]) -> io::Result<()> {
        Ok(())
    }
}

impl Programs for Nothing {
    fn run(&self, _: &Program) -> io::Error {
        io::ErrorKind::Unsupported.into()
    }
}

impl Terminal for Nothing {
    fn is_terminal(&self, _: Stream) -> bool {
        false
    }
    fn width(&self) -> Option<usize> {
        None
    }
    fn read_password(&self, _: &str) -> io::Result<Secret> {
        nothing()
    }
    fn read_line(&self) -> io::Result<Box<dyn Line>> {
        nothing()
    }
}
