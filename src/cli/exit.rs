//! How a command ended. The numbers are a contract with scripts: `docs/exit-codes.md`.

use std::process::ExitCode;

use entrada_auth::sys::Interrupted;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Success,
    /// Something unexpected.
    Failure,
    /// The command line or the configuration is wrong.
    Usage,
    /// A sign-in is needed, and asking was not allowed or not possible.
    SignInNeeded,
    /// The user declined, or the code or the wait ran out.
    Declined,
    /// The authority refused.
    Refused,
    /// No answer, or a temporary failure.
    Temporary,
    /// The store is locked, unavailable or broken.
    Store,
    /// Signed in as another account, tenant or client than was pinned.
    WrongAccount,
    /// Another process holds the grant and the wait ran out.
    Busy,
    /// `diagnose`, `doctor`, or `--strict`, found an error.
    Findings,
    /// `probe`: the service refused the token.
    ProbeRefused,
    /// `exec`, `sandbox`: the program could not be run.
    NotExecutable,
    /// `exec`, `sandbox`: there is no such program.
    NotFound,
    /// Hung up (SIGHUP).
    HungUp,
    /// Interrupted (Ctrl-C).
    Interrupted,
    /// Terminated (SIGTERM).
    Terminated,
    /// The code of a program that was run, which says what that program means by it.
    Program(u8),
}

impl Exit {
    /// Every way to end, in order of number, except that of a program that was run.
    pub const ALL: [Self; 17] = [
        Self::Success,
        Self::Failure,
        Self::Usage,
        Self::SignInNeeded,
        Self::Declined,
        Self::Refused,
        Self::Temporary,
        Self::Store,
        Self::WrongAccount,
        Self::Busy,
        Self::Findings,
        Self::ProbeRefused,
        Self::NotExecutable,
        Self::NotFound,
        Self::HungUp,
        Self::Interrupted,
        Self::Terminated,
    ];

    /// The number that the process ends with.
    pub fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Failure => 1,
            Self::Usage => 2,
            Self::SignInNeeded => 3,
            Self::Declined => 4,
            Self::Refused => 5,
            Self::Temporary => 6,
            Self::Store => 7,
            Self::WrongAccount => 8,
            Self::Busy => 9,
            Self::Findings => 10,
            Self::ProbeRefused => 11,
            Self::NotExecutable => 126,
            Self::NotFound => 127,
            Self::HungUp => 129,
            Self::Interrupted => 130,
            Self::Terminated => 143,
            Self::Program(code) => code,
        }
    }

    /// What the number means, in one line.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Success => "done",
            Self::Failure => "unexpected failure",
            Self::Usage => "the command line or the configuration is wrong",
            Self::SignInNeeded => {
                "sign-in needed: nothing usable is stored, and asking was not allowed or not possible"
            }
            Self::Declined => "the user declined, or the code or the wait ran out",
            Self::Refused => {
                "the authority refused (consent, policy, registration): see the findings"
            }
            Self::Temporary => "no answer, or a temporary failure: trying again may help",
            Self::Store => "the store is locked, unavailable or broken",
            Self::WrongAccount => "signed in as another account, tenant or client than was pinned",
            Self::Busy => "another process holds the grant, and the bounded wait ran out",
            Self::Findings => "`diagnose`, `doctor`, `--strict` or `--fail-on` found an error",
            Self::ProbeRefused => "`probe`: the service refused the token",
            Self::NotExecutable => "`exec`, `sandbox`: the program could not be run",
            Self::NotFound => "`exec`, `sandbox`: there is no such program",
            Self::HungUp => "the terminal hung up",
            Self::Interrupted => "interrupted (Ctrl-C)",
            Self::Terminated => "terminated",
            Self::Program(_) => "the code of the program that was run",
        }
    }
}

impl From<Interrupted> for Exit {
    fn from(interrupted: Interrupted) -> Self {
        match interrupted.signal {
            1 => Self::HungUp,
            15 => Self::Terminated,
            _ => Self::Interrupted,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
