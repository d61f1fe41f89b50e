//! Each program in `examples/` runs, against an emulated Entra ID.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use entrada_auth::sys::testing::home_variables;
use entrada_emulator::Emulator;

const SCOPE: &str = "https://graph.microsoft.com/Mail.Read";

/// Where cargo puts examples for the profile of this test, once they are built.
#[allow(clippy::disallowed_methods, reason = "tests/windows says so there")]
fn examples() -> &'static PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let test = std::env::current_exe().unwrap();
        let profile = test.parent().unwrap().parent().unwrap();
        // Without cargo, the build of the tests has built the examples too.
        if std::env::var_os("EXAMPLES_ARE_BUILT").is_some() {
            return profile.join("examples");
        }
        let name = profile.file_name().unwrap().to_str().unwrap();
        let mut cargo = Command::new(env!("CARGO"));
        cargo
            .args(["build", "--examples", "--quiet", "--offline"])
            .current_dir(env!("CARGO_MANIFEST_DIR"));
        cargo.args(["--profile", if name == "debug" { "dev" } else { name }]);
        // As the test itself was built, so that nothing is compiled anew.
        if cfg!(feature = "real-tests") {
            cargo.arg("--all-features");
        }
        assert!(cargo.status().unwrap().success());
        profile.join("examples")
    })
}

/// An example, without a home and without a keyring.
fn example(name: &str, words: &[&str]) -> Command {
    let mut command = Command::new(examples().join(name));
    command.args(words).env_clear().stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn succeeded(output: &Output) -> String {
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

#[test]
fn get_token_prints_a_token_and_the_code_goes_to_stderr() {
    let entra = Emulator::start().unwrap();
    let words = [entra.client_id(), SCOPE, entra.authority(), entra.tenant()];
    let output = example("get_token", &words).output().unwrap();
    let token = succeeded(&output);
    assert_eq!(token.trim().split('.').count(), 3, "a JWT alone is on stdout");
    let said = text(&output.stderr);
    assert!(
        said.contains("enter the code") && said.contains("ada@contoso.example until"),
        "{said}"
    );
    assert!(!said.contains(token.trim()));
}

#[test]
fn judge_token_names_the_cause() {
    let mut child = example("judge_token", &["imap"]).stdin(Stdio::piped()).spawn().unwrap();
    let refusal = b"AADSTS65001: The user or administrator has not consented.";
    child.stdin.take().unwrap().write_all(refusal).unwrap();
    let said = succeeded(&child.wait_with_output().unwrap());
    assert!(said.starts_with("imap: problem\nuser-consent-required: "), "{said}");
}

#[test]
fn a_store_of_ones_own_is_used() {
    let home = tempfile::tempdir().unwrap();
    let output = example("own_store", &[]).envs(home_variables(home.path())).output().unwrap();
    succeeded(&output);
}

/// A library must not change what Ctrl-C does to the program that uses it.
#[cfg(unix)]
#[test]
fn a_signal_ends_a_program_that_waits_for_a_sign_in() {
    use std::os::unix::process::ExitStatusExt as _;
    let entra = Emulator::builder().scenario("normal").start().unwrap();
    let words = [entra.client_id(), SCOPE, entra.authority(), entra.tenant()];
    let mut child = example("get_token", &words).spawn().unwrap();
    let has_polled = || entra.log().iter().any(|line| line.grant_type.is_some());
    while !has_polled() {
        assert!(child.try_wait().unwrap().is_none(), "it ended early");
        pause();
    }
    // Not SIGINT: shells start background jobs with SIGINT ignored, and the program inherits that.
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    let status = child.wait().unwrap();
    assert_eq!(status.signal(), Some(15), "{status}");
}

#[cfg(unix)]
#[allow(clippy::disallowed_methods, reason = "another process has to get somewhere")]
fn pause() {
    std::thread::sleep(std::time::Duration::from_millis(20));
}
