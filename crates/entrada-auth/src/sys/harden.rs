//! Keeps other programs of the same user from reading this process's memory.

/// Disables core dumps, which would write tokens to disk, and reading by other processes of this user (`ptrace`,
/// `/proc/PID/environ`). Best effort: if the system refuses, the program continues.
pub fn harden() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let now = getrlimit(Resource::Core);
        let _ = CORE.set(now.current);
        let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), ..now });
    }
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}

/// Makes a write beyond the limit for files (`ulimit -f`) fail with EFBIG, like other failed writes. The default action of SIGXFSZ
/// ends the program without a message. A program that `exec` starts has the default action again.
pub fn survive_file_limit() {
    #[cfg(unix)]
    {
        let signal = rustix::process::Signal::XFSZ.as_raw();
        let unused = std::sync::Arc::default();
        let _ = signal_hook::flag::register(signal, unused);
    }
}

/// The limit for core dumps at the start of the process.
#[cfg(unix)]
static CORE: std::sync::OnceLock<Option<u64>> = std::sync::OnceLock::new();

/// Restores what a program that replaces this process inherits. That program decides about its own memory.
#[cfg(unix)]
pub(super) fn restore_limits() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    if let Some(current) = CORE.get() {
        let _ =
            setrlimit(Resource::Core, Rlimit { current: *current, ..getrlimit(Resource::Core) });
    }
}
