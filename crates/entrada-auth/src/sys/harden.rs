//! Keeps other programs of the same user from reading our memory.

/// Switches off core dumps, which would write tokens to disk, and reading by other processes of this user (`ptrace`,
/// `/proc/PID/environ`). Best effort: where the system says no, the program runs all the same.
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

/// Lets a write beyond the limit for files (`ulimit -f`) fail like others, with EFBIG. By itself the system ends the program then,
/// without a word. A program that follows us in this process has the system's own answer again.
pub fn survive_file_limit() {
    #[cfg(unix)]
    {
        let signal = rustix::process::Signal::XFSZ.as_raw();
        let unused = std::sync::Arc::default();
        let _ = signal_hook::flag::register(signal, unused);
    }
}

/// The limit for core dumps that we were started with.
#[cfg(unix)]
static CORE: std::sync::OnceLock<Option<u64>> = std::sync::OnceLock::new();

/// Gives back what a program that follows us in this process inherits: its memory is its own affair.
#[cfg(unix)]
pub(super) fn soften() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    if let Some(current) = CORE.get() {
        let _ =
            setrlimit(Resource::Core, Rlimit { current: *current, ..getrlimit(Resource::Core) });
    }
}
