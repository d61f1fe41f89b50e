//! Entry point: joins the real world to [`entrada::cli::run`].

use std::process::ExitCode;

use entrada::cli::{self, Console};
use entrada::sys::{
    Env, RealBrowser, RealClock, RealEntropy, RealHttp, RealLoopback, RealPrograms, RealTerminal,
    Sys, harden,
};

#[expect(clippy::disallowed_methods, reason = "the one place where the standard streams enter")]
fn main() -> ExitCode {
    harden();
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
    };
    // Not `.lock()`: a lock held for the whole run would stop every other thread that writes.
    let (mut stdin, mut stdout, mut stderr) =
        (std::io::stdin(), std::io::stdout(), std::io::stderr());
    let console = Console { stdin: &mut stdin, stdout: &mut stdout, stderr: &mut stderr };
    cli::run(std::env::args_os(), &sys, console).into()
}
