//! A machine without any devices, for tests that use none.

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::sync::mpsc;

use url::Url;

use super::{
    Browser, Connection, Dial, Entropy, Env, HostKind, HttpError, HttpFailure, Line, Listener,
    Loopback, Paths, Program, Programs, Stream, Terminal,
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

/// The environment variables of a user whose home directory is `home`, by name: those of this platform that say where
/// files are, and on Windows those without which no program starts.
pub fn home_variables(home: &Path) -> Vec<(&'static str, OsString)> {
    if !cfg!(windows) {
        return vec![("HOME", home.into())];
    }
    let system = super::Env::real();
    let kept = ["SYSTEMROOT", "TEMP", "TMP"];
    let kept = kept.into_iter().filter_map(|name| Some((name, system.os(name)?.to_owned())));
    let app_data = home.join("AppData");
    kept.chain([
        ("USERPROFILE", home.into()),
        ("APPDATA", app_data.join("Roaming").into()),
        ("LOCALAPPDATA", app_data.join("Local").into()),
    ])
    .collect()
}

/// The folders that the program uses for that user.
pub fn paths_in(home: &Path) -> Paths {
    if cfg!(windows) {
        let local = home.join("AppData").join("Local").join("entrada");
        return Paths {
            config: home.join("AppData").join("Roaming").join("entrada"),
            data: local.join("data"),
            state: local.join("state"),
        };
    }
    Paths {
        config: home.join(".config/entrada"),
        data: home.join(".local/share/entrada"),
        state: home.join(".local/state/entrada"),
    }
}
