//! How a command ended. The numbers are a contract with scripts: `docs/exit-codes.md`.

use std::process::ExitCode;

use entrada_auth::sys::Interrupted;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Success = 0,
    /// Something unexpected.
    Failure = 1,
    /// The command line or the configuration is wrong.
    Usage = 2,
    /// A sign-in is needed, and asking was not allowed or not possible.
    SignInNeeded = 3,
    /// The user declined, or the code or the wait ran out.
    Declined = 4,
    /// The authority refused.
    Refused = 5,
    /// No answer, or a temporary failure.
    Temporary = 6,
    /// The store is locked, unavailable or broken.
    Store = 7,
    /// Signed in as another account, tenant or client than was pinned.
    WrongAccount = 8,
    /// Another process holds the grant and the wait ran out.
    Busy = 9,
    /// `diagnose`, `doctor`, or `--strict`, found an error.
    Findings = 10,
    /// `probe`: the service refused the token.
    ProbeRefused = 11,
    /// `exec`: the program was found and could not be run.
    NotExecutable = 126,
    /// `exec`: there is no such program.
    NotFound = 127,
    /// Hung up (SIGHUP).
    HungUp = 129,
    /// Interrupted (Ctrl-C).
    Interrupted = 130,
    /// Terminated (SIGTERM).
    Terminated = 143,
}

impl Exit {
    /// Every way to end, in order of number.
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
        self as u8
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
            Self::Findings => "`diagnose`, `doctor`, or `--strict`, found an error",
            Self::ProbeRefused => "`probe`: the service refused the token",
            Self::NotExecutable => "`exec`: the program was found and could not be run",
            Self::NotFound => "`exec`: there is no such program",
            Self::HungUp => "the terminal hung up",
            Self::Interrupted => "interrupted (Ctrl-C)",
            Self::Terminated => "terminated",
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
