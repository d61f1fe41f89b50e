//! Completion in real shells: keys on a terminal, and what stands on the line afterwards.

use std::io::Write as _;
use std::process::{Child, ChildStdin, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::consumers::Home;
use crate::program::within;

/// A shell at a terminal.
struct Typist {
    child: Child,
    keyboard: ChildStdin,
    shown: Arc<Mutex<Vec<u8>>>,
}

impl Typist {
    fn new(home: &Home, shell: &str) -> Self {
        let mut script = home.command("script");
        // Wide, so that no line is broken.
        let line = format!("stty cols 200 rows 50; exec {shell}");
        let mut child = script
            .env("TERM", "xterm")
            .env("SHELL", "/bin/sh")
            .args(["--quiet", "--command", &line, "/dev/null"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let keyboard = child.stdin.take().unwrap();
        let shown = Arc::<Mutex<Vec<u8>>>::default();
        let (mut stdout, copy) = (child.stdout.take().unwrap(), Arc::clone(&shown));
        std::thread::spawn(move || {
            let mut some = [0; 1024];
            while let Ok(size @ 1..) = std::io::Read::read(&mut stdout, &mut some) {
                copy.lock().unwrap().extend_from_slice(&some[..size]);
            }
        });
        Self { child, keyboard, shown }
    }

    fn keys(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
        self.keyboard.flush().unwrap();
    }

    fn shown(&self) -> String {
        String::from_utf8_lossy(&self.shown.lock().unwrap()).into_owned()
    }

    /// Types `line`, and waits for what it prints: `ready NUMBER`.
    fn run(&mut self, line: &str, number: usize) {
        // What is typed is shown too, and is not to be taken for the answer.
        self.keys(&format!("{line}; echo rea''dy {number}\r"));
        self.wait(&format!("ready {number}"));
    }

    #[track_caller]
    fn wait(&self, text: &str) {
        let mut tries = 0;
        within(text, || {
            tries += 1;
            assert!(tries < 1_500, "no `{text}` in {}", self.shown());
            self.shown().contains(text).then_some(())
        });
    }

    /// Types `begun` and the Tab key, and looks at what became of it.
    #[track_caller]
    fn completes(&mut self, begun: &str, whole: &str) {
        self.keys(&format!("{begun}\t"));
        // The shell asks the program, which takes a moment.
        std::thread::sleep(Duration::from_millis(700));
        // To the start of the line, where it becomes a word to print.
        self.keys("\u{1}echo t''o:\r");
        self.wait(&format!("to:{whole}"));
    }
}

impl Drop for Typist {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn check(shell: &str, setup: &str) {
    let home = Home::new();
    let config = home.folder.path().join(".config/entrada/config.toml");
    std::fs::create_dir_all(config.parent().unwrap()).unwrap();
    std::fs::write(config, "[profiles.working]\njob = ['imap']\n[profiles.other]\n").unwrap();
    let mut typist = Typist::new(&home, shell);
    typist.run(setup, 1);
    for (begun, whole) in [
        ("entrada tok", "entrada token"),
        ("entrada token wor", "entrada token working"),
        ("entrada probe --job graph-mail-li", "entrada probe --job graph-mail-list-metadata"),
        ("entrada token --account ad", "entrada token --account ada@contoso.example"),
        ("entrada recipe mbs", "entrada recipe mbsync"),
        ("entrada status --keyring-s", "entrada status --keyring-session"),
    ] {
        typist.completes(begun, whole);
    }
}

#[test]
fn bash_completes() {
    check("bash --norc --noprofile -i", "source <(entrada completions bash)");
}

#[test]
fn zsh_completes() {
    let setup = "autoload -Uz compinit; compinit -u -D; source <(entrada completions zsh)";
    check("zsh -f -i", setup);
}

#[test]
fn fish_completes() {
    check("fish --no-config -i", "entrada completions fish | source");
}

#[test]
fn scripts_that_do_not_call_the_program_complete_too() {
    let home = Home::new();
    for (shell, flags, setup) in [
        ("bash", "--norc --noprofile -i", "source <(entrada completions --static bash)"),
        ("fish", "--no-config -i", "entrada completions --static fish | source"),
    ] {
        let mut typist = Typist::new(&home, &format!("{shell} {flags}"));
        typist.run(setup, 1);
        typist.completes("entrada tok", "entrada token");
    }
}
