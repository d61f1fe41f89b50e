//! The program on a real terminal, by `script` of util-linux.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use entrada_auth::sys::{Clock as _, RealClock};
use entrada_emulator::Reply;

use crate::desk::Desk;
use crate::program::{ENTRADA, Emulation, files, run, start, within};

const CTRL_C: &[u8] = b"\x03";

struct User {
    desk: Desk,
    entra: Emulation,
}

impl User {
    fn new(scenario: &str) -> Self {
        Self { desk: Desk::bare(), entra: Emulation::new(scenario) }
    }

    fn command(&self, program: &str) -> Command {
        let mut command = self.desk.command(program);
        command
            .envs(self.entra.settings())
            .env("ENTRADA_STORE", "file")
            .env("TERM", "xterm")
            .env("SHELL", "/bin/sh");
        command
    }

    fn keyed(&self, program: &str) -> Command {
        let mut command = self.command(program);
        command.env("ENTRADA_STORE_KEY", "5e".repeat(32));
        command
    }
}

/// Runs `line` on a terminal, types `keys` when it shows `cue`, and gives its exit code and all that was shown. The
/// terminal must be left as it was found.
pub(crate) fn at_terminal(script: Command, line: &str, cue: &str, keys: &[u8]) -> (i32, String) {
    answering(script, line, cue, |_| keys.to_vec())
}

/// The same, with keys that follow from what was shown.
fn answering(
    mut script: Command,
    line: &str,
    cue: &str,
    keys: impl FnOnce(&str) -> Vec<u8>,
) -> (i32, String) {
    crate::default_signals::are_default_for_children();
    let line = format!(
        "trap : INT; before=$(stty -g); {line}; code=$?; \
         [ \"$before\" = \"$(stty -g)\" ] || echo terminal-changed; exit $code"
    );
    let mut child = script
        .args(["--quiet", "--return", "--command", &line, "/dev/null"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let shown = Arc::<Mutex<Vec<u8>>>::default();
    let (mut stdout, copy) = (child.stdout.take().unwrap(), Arc::clone(&shown));
    let reader = std::thread::spawn(move || {
        let mut some = [0; 1024];
        while let Ok(size @ 1..) = std::io::Read::read(&mut stdout, &mut some) {
            copy.lock().unwrap().extend_from_slice(&some[..size]);
        }
    });
    let text = || String::from_utf8_lossy(&shown.lock().unwrap()).into_owned();
    within(cue, || text().contains(cue).then_some(()));
    // Into the middle of it, not the first instant.
    std::thread::sleep(Duration::from_millis(300));
    let mut keyboard = child.stdin.take().unwrap();
    keyboard.write_all(&keys(&text())).unwrap();
    // Not dropped before the end: `script` takes that for Ctrl-D.
    let code = child_end(&mut child);
    drop(keyboard);
    reader.join().unwrap();
    assert!(!text().contains("terminal-changed"), "{}", text());
    assert_eq!(text().matches("\u{1b}[?25l").count(), text().matches("\u{1b}[?25h").count());
    (code, text())
}

fn child_end(child: &mut std::process::Child) -> i32 {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code().unwrap();
        }
        if Duration::from_secs(20) < started.elapsed() {
            child.kill().unwrap();
            panic!("it did not end");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn ctrl_c_ends_a_sign_in_and_leaves_terminal_and_store_as_they_were() {
    let user = User::new("normal");
    let login = start(user.keyed(ENTRADA).arg("login"));
    let code = login.hear("enter ");
    assert!(user.entra.emulator.approve(&code, "ada@contoso.example"));
    login.end().with(0);
    let token = run(user.keyed(ENTRADA).arg("token")).with(0).line();
    let home = user.desk.dir.path().join("home");
    let names = || files(&home).into_iter().map(|(path, _)| path).collect::<Vec<_>>();
    let before = names();
    for command in ["login", "token --force-refresh --account nobody@example.org"] {
        let line = format!("{ENTRADA} {command}");
        let (code, shown) = at_terminal(user.keyed("script"), &line, "Ctrl-C stops", CTRL_C);
        assert_eq!(code, 130, "{shown}");
        assert!(shown.contains("the store was not changed"), "{shown}");
    }
    assert_eq!(names(), before);
    assert_eq!(run(user.keyed(ENTRADA).arg("token")).with(0).line(), token);
    run(user.keyed(ENTRADA).args(["token", "--force-refresh"])).with(0);
}

#[test]
fn ctrl_c_at_the_passphrase_gives_the_echo_back() {
    let user = User::new("normal");
    let line = format!("{ENTRADA} login");
    let (code, shown) = at_terminal(user.command("script"), &line, "passphrase", CTRL_C);
    assert_eq!(code, 130, "{shown}");
    let (code, shown) = at_terminal(
        user.command("script"),
        &format!("sh -c '(sleep 1; kill $$) & exec {line}'"),
        "passphrase",
        b"",
    );
    assert_eq!(code, 143, "{shown}");
    assert_eq!(user.entra.emulator.log().len(), 0);
}

#[test]
fn a_passphrase_is_not_shown_and_opens_the_store_again() {
    let user = User::new("auto-approve");
    let type_in = |command: &str, cue: &str, typed: &str| {
        let line = format!("{ENTRADA} {command}");
        at_terminal(user.command("script"), &line, cue, format!("{typed}\r").as_bytes())
    };
    let (code, shown) = type_in("login", "Choose a passphrase", "correct horse\rcorrect horse");
    assert_eq!(code, 0, "{shown}");
    assert!(!shown.contains("correct horse"), "{shown}");
    let (code, shown) = type_in("token", "Passphrase", "correct horse");
    assert_eq!(code, 0, "{shown}");
    assert!(user.entra.emulator.secrets().iter().any(|secret| shown.contains(secret.as_str())));
    let (code, shown) = type_in("token", "Passphrase", "wrong horse");
    assert_eq!(code, 7, "{shown}");
}

#[test]
fn a_sign_in_that_is_told_to_end_ends_by_that_signals_number() {
    let user = User::new("normal");
    for (signal, code) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
        let login = start(user.keyed(ENTRADA).arg("login"));
        login.hear("enter ");
        login.signal(signal);
        login.end().with(code);
    }
    run(user.keyed(ENTRADA).arg("token")).with(3);
}

#[test]
fn over_ssh_a_code_is_shown_by_itself_and_an_address_can_be_pasted() {
    let user = User::new("auto-approve");
    let remote = || {
        let mut command = user.keyed("script");
        command.env("SSH_CONNECTION", "198.51.100.7 50000 192.0.2.9 22");
        command
    };
    let (code, shown) = at_terminal(remote(), &format!("{ENTRADA} login"), "Ctrl-C stops", b"");
    assert_eq!(code, 0, "{shown}");
    assert!(shown.contains("  enter  ") && !shown.contains("/authorize?"), "{shown}");

    let line = format!("{ENTRADA} login --flow paste");
    let (code, shown) = answering(remote(), &line, "Ctrl-C stops", |shown| {
        let url = shown.split_whitespace().find(|word| word.contains("/authorize?")).unwrap();
        let request = http::Request::builder().uri(url).body(Vec::new()).unwrap();
        let Reply::Answer(page) = user.entra.emulator.handle(request, RealClock.now()) else {
            panic!("no answer")
        };
        let address = page.headers()["location"].to_str().unwrap();
        // Longer than a line of a terminal in its usual mode.
        format!("{address}&padding={}\r", "x".repeat(5_000)).into_bytes()
    });
    assert_eq!(code, 0, "{shown}");
    assert!(shown.contains("signed in as ada@contoso.example"), "{shown}");
    for secret in user.entra.emulator.secrets() {
        assert!(!shown.contains(&secret), "the terminal shows a secret: {shown}");
    }
}

#[test]
fn ctrl_c_ends_the_wait_for_an_address() {
    let user = User::new("normal");
    for flow in ["paste", "browser"] {
        let line = format!("{ENTRADA} login --flow {flow}");
        let (code, shown) = at_terminal(user.keyed("script"), &line, "Ctrl-C stops", CTRL_C);
        assert_eq!(code, 130, "{shown}");
    }
}
