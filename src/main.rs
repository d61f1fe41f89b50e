//! Entry point: joins the real world to [`entrada::cli::run`].

use std::path::Path;
use std::process::ExitCode;
#[cfg(unix)]
use std::sync::atomic::{AtomicU8, Ordering};

use entrada::cli::{self, Console};
use entrada_auth::sys::{
    Env, POLICY_FILE, RealBrowser, RealClock, RealEntropy, RealHttp, RealLoopback, RealPrograms,
    RealTerminal, Stream, Sys, harden, quiet_panics, survive_file_limit,
};
#[cfg(unix)]
use rustix::fs::OFlags;

/// The outputs that were closed, or that cannot be written, when the program was started, one bit for each descriptor.
#[cfg(unix)]
static CLOSED: AtomicU8 = AtomicU8::new(0);

// Rust's runtime opens /dev/null in the place of a closed standard stream before `main`: a closed input is an empty one. This runs
// before that, because an output there would be lost.
#[cfg(unix)]
ctor::declarative::ctor! {
    #[ctor(unsafe)]
    fn find_closed_streams() {
        let streams = [rustix::stdio::stdout(), rustix::stdio::stderr()];
        for (bit, stream) in streams.into_iter().enumerate() {
            // One that is only read is no output: what is written to it would be lost without an error (std ignores EBADF).
            let mode = rustix::fs::fcntl_getfl(stream).map(|flags| flags & OFlags::ACCMODE);
            if mode.is_err() || mode == Ok(OFlags::RDONLY) {
                CLOSED.fetch_or(1 << bit, Ordering::Relaxed);
            }
        }
    }
}

#[cfg(unix)]
fn closed_output() -> Option<Stream> {
    let closed = CLOSED.load(Ordering::Relaxed);
    let streams = [(1, Stream::Stdout), (2, Stream::Stderr)];
    streams.into_iter().find(|(bit, _)| closed & bit != 0).map(|(_, stream)| stream)
}

#[cfg(not(unix))]
fn closed_output() -> Option<Stream> {
    None
}

#[expect(clippy::disallowed_methods, reason = "the one place where the standard streams enter")]
fn main() -> ExitCode {
    harden();
    survive_file_limit();
    quiet_panics();
    // Consoles of Windows show colours as escape sequences only if a program asks for that.
    #[cfg(windows)]
    anstyle_query::windows::enable_ansi_colors();
    if let Some(stream) = closed_output() {
        return cli::refuse_closed(stream, &mut std::io::stderr()).into();
    }
    let env = Env::real();
    let http = RealHttp::new(&env);
    let sys = Sys {
        clock: &RealClock,
        http: &http,
        dial: &http,
        env: &env,
        terminal: &RealTerminal,
        browser: &RealBrowser,
        loopback: &RealLoopback,
        entropy: &RealEntropy,
        programs: &RealPrograms,
        policy_file: Some(Path::new(POLICY_FILE)),
    };
    // Not `.lock()`: a lock held for the whole run would stop every other thread that writes.
    let (mut stdin, mut stdout, mut stderr) =
        (std::io::stdin(), std::io::stdout(), std::io::stderr());
    let console = Console { stdin: &mut stdin, stdout: &mut stdout, stderr: &mut stderr };
    cli::run(std::env::args_os(), &sys, console).into()
}
