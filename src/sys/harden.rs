//! Keeps other programs of the same user from reading our memory.

/// Switches off core dumps, which would write tokens to disk, and reading by other processes of this user (`ptrace`,
/// `/proc/PID/environ`). Best effort: where the system says no, the program runs all the same.
pub fn harden() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let none = Rlimit { current: Some(0), maximum: Some(0) };
        let _ = setrlimit(Resource::Core, none);
    }
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}
