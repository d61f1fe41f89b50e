//! Runs a program where Microsoft's names lead to the emulator: in namespaces of its own, or behind a proxy.

mod bubblewrap;
mod environment;
mod kernel_keys;
mod layout;
mod loopback;
mod observe;
mod outcome;
mod processes;
mod proxy;
mod run_folder;
mod signals;
mod supervise;
mod trust;
mod user;
mod watch;

use std::ffi::OsString;
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;

use entrada_emulator::{CombinationError, Scenario};
use serde::{Deserialize, Serialize};

pub use outcome::Outcome;
pub use supervise::run_inside;

use crate::world::{self, CertificateAuthority, CertificateError, WorldOptions, clock};
use bubblewrap::{Enclosure, Privilege};
use supervise::Plan;

/// The descriptor on which the process inside writes its record.
const RECORD_DESCRIPTOR: i32 = 3;
/// The descriptor whose other end the process outside holds: it closes when that process ends, however it ends.
const LIFELINE_DESCRIPTOR: i32 = 4;
/// The name of the authorities in their certificates.
const AUTHORITY_NAME: &str = "entrada sandbox (this run only)";
const WRONG_AUTHORITY_NAME: &str = "entrada sandbox (trusted by nobody)";
/// The scenario in which no program should trust the servers.
pub const UNTRUSTED_CERTIFICATE: &str = "untrusted-certificate";

/// Looks up an environment variable.
pub type Variables<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// The home folder of the program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum HomeFolder {
    /// An empty one, which ends with the run.
    #[default]
    Fresh,
    /// The user's own.
    Keep,
}

/// What happens when the program opens a page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum BrowserKind {
    /// The built-in person signs in. It also enters device codes.
    #[default]
    Person,
    /// Chromium opens it without a window.
    Headless,
    /// This shell command, with the address as its argument.
    Command(String),
    /// Nothing.
    None,
}

/// How the program's requests reach the emulator.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Via {
    /// Namespaces.
    #[default]
    Namespaces,
    /// A proxy on this machine, which the environment names.
    Proxy,
}

/// Where the output of the program goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum OutputTarget {
    /// Where that of this process goes.
    #[default]
    Same,
    /// All of it to standard error.
    StandardError,
    /// Nowhere.
    Nowhere,
}

/// What is to be run, and how.
pub struct SandboxOptions<'a> {
    /// The program and its arguments.
    pub program: Vec<OsString>,
    /// Scenarios of the emulator and [`UNTRUSTED_CERTIFICATE`], which are combined.
    pub scenarios: Vec<String>,
    /// The user name of the account that signs in.
    pub user: Option<String>,
    /// A tenant, by its id or a domain, in addition to those of the emulator.
    pub tenant: Option<String>,
    /// The home folder of the program.
    pub home: HomeFolder,
    /// What happens when the program opens a page.
    pub browser: BrowserKind,
    /// How the requests reach the emulator.
    pub via: Via,
    /// How often the program runs, one run after the other, with the same home folder.
    pub runs: u32,
    /// Seconds after which the program is ended.
    pub timeout: Option<u64>,
    /// Where the output of the program goes.
    pub output: OutputTarget,
    /// The command line that calls [`run_inside`], to which the program is appended.
    pub inside: Vec<OsString>,
    /// The environment.
    pub variables: Variables<'a>,
    /// The variables that the program does not get: those with secrets of this process.
    pub without: Vec<String>,
    /// Whether this process ignored a signal, by its number, when it started. Such a signal stays ignored.
    pub ignores_signal: fn(i32) -> bool,
}

impl std::fmt::Debug for SandboxOptions<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SandboxOptions").field("program", &self.program).finish_non_exhaustive()
    }
}

/// The program cannot be run in a sandbox.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SandboxError {
    /// bubblewrap is not installed.
    #[error("bubblewrap (`bwrap`) is not installed, and the sandbox needs it")]
    NoBubblewrap,
    /// The machine does not allow bubblewrap its namespaces.
    #[error("this machine does not allow the namespaces of the sandbox: {said}")]
    Forbidden {
        /// bubblewrap's own message.
        said: String,
        /// What to do.
        help: Vec<&'static str>,
    },
    /// There is no such scenario.
    #[error("there is no scenario `{0}`")]
    UnknownScenario(String),
    /// Two scenarios determine the same thing.
    #[error("the scenarios cannot be combined: {0}")]
    Combination(CombinationError),
    /// The name of an account has a domain.
    #[error("`{0}` is not a user name")]
    UnknownAccount(String),
    /// No certificate can be made.
    #[error("cannot make a certificate: {0}")]
    Certificate(CertificateError),
    /// What the process inside wrote cannot be read.
    #[error("the record of the run is damaged")]
    Record,
    /// The system refuses something.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Runs the program, and waits for its end.
///
/// # Errors
///
/// [`SandboxError`] if the program could not be started in a sandbox. That it fails is no error: see [`Outcome::code`].
pub fn run(options: &SandboxOptions<'_>) -> Result<Outcome, SandboxError> {
    let now = clock::now().0;
    let world = world_options(options)?;
    let is_untrusted = options.scenarios.iter().any(|name| name == UNTRUSTED_CERTIFICATE);
    let authority =
        CertificateAuthority::new(AUTHORITY_NAME, now).map_err(SandboxError::Certificate)?;
    let plan = Plan {
        world,
        is_untrusted,
        home: options.home,
        browser: options.browser.clone(),
        runs: options.runs.max(1),
        timeout: options.timeout,
        output: options.output,
        without: options.without.clone(),
        key_pem: authority.key_pem().to_owned(),
        now,
    };
    match options.via {
        Via::Proxy => proxy::run(&plan, options),
        Via::Namespaces => run_in_namespaces(&plan, &authority, options),
    }
}

fn run_in_namespaces(
    plan: &Plan,
    authority: &CertificateAuthority,
    options: &SandboxOptions<'_>,
) -> Result<Outcome, SandboxError> {
    let path = (options.variables)("PATH");
    let bubblewrap = bubblewrap::find(path.as_ref()).ok_or(SandboxError::NoBubblewrap)?;
    let setup = serde_json::to_vec(plan).map_err(io::Error::other)?;
    let mut inside = options.inside.clone();
    inside.extend_from_slice(&options.program);
    let java_store = trust::java_store(authority.der(), plan.now * 1_000);
    let enclosure = Enclosure {
        bubblewrap: &bubblewrap,
        inside: &inside,
        setup: &setup,
        ca_pem: authority.pem(),
        java_store: &java_store,
        without: &plan.without,
    };
    let is_root = rustix::process::geteuid().is_root();
    // Root in a container may lack the privilege for namespaces, and be allowed a namespace of users.
    let attempts: &[Privilege] = if is_root {
        &[Privilege::Root, Privilege::UserNamespace]
    } else {
        &[Privilege::UserNamespace]
    };
    let mut last = attempts[0];
    for privilege in attempts {
        last = *privilege;
        let ended = enclosure.run(*privilege)?;
        if !ended.record.is_empty() {
            let record = supervise::read_record(&ended.record).ok_or(SandboxError::Record)?;
            return Ok(Outcome::new(record, ended.code));
        }
    }
    Err(bubblewrap::why_refused(&bubblewrap, last))
}

/// The emulator's part of the scenarios, and the account.
fn world_options(options: &SandboxOptions<'_>) -> Result<WorldOptions, SandboxError> {
    // `slow-down+guest` is the same as both.
    let names = options.scenarios.iter().flat_map(|names| names.split('+'));
    let mut scenarios: Vec<String> =
        names.filter(|name| *name != UNTRUSTED_CERTIFICATE).map(str::to_owned).collect();
    if let Some(unknown) = scenarios.iter().find(|name| Scenario::find(name).is_none()) {
        return Err(SandboxError::UnknownScenario(unknown.clone()));
    }
    if scenarios.is_empty() {
        // Chromium without a window presses no button.
        let is_headless = options.browser == BrowserKind::Headless;
        scenarios.push(if is_headless { "auto-approve" } else { "normal" }.to_owned());
    }
    if let Some(Err(error)) = world::combined(&scenarios) {
        return Err(SandboxError::Combination(error));
    }
    if let Some(user) = &options.user
        && !user.contains('@')
    {
        return Err(SandboxError::UnknownAccount(user.clone()));
    }
    Ok(WorldOptions { scenarios, user: options.user.clone(), tenant: options.tenant.clone() })
}

/// The exit code of a shell: that of the program, or 128 and the number of the signal that ended it.
fn code_of(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}
