//! What reads our tokens: git, curl, shells.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::program::{ENTRADA, Emulation, run};

const KEY: &str = "0011223344556677889900112233445566778899001122334455667788990011";

/// A home for somebody who signs in as Ada.
pub(crate) struct Home {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) emulation: Emulation,
}

/// Python with what tests/run installs from tests/real/python.
pub(crate) fn python() -> PathBuf {
    let mut here = Path::new(ENTRADA).ancestors().map(|dir| dir.join("real-python/bin/python"));
    here.find(|path| path.exists()).expect("run tests/run first")
}

impl Home {
    /// With somebody signed in.
    pub(crate) fn new() -> Self {
        let home = Self::empty(Emulation::new("auto-approve"));
        home.login();
        home
    }

    /// With nobody signed in.
    pub(crate) fn empty(emulation: Emulation) -> Self {
        Self { folder: tempfile::tempdir().unwrap(), emulation }
    }

    /// By https, and the file with the certificate of the authority to trust; with nobody signed in.
    pub(crate) fn by_https() -> (Self, PathBuf) {
        let (emulation, trust) = Emulation::by_https("auto-approve");
        let home = Self::empty(emulation);
        let path = home.folder.path().join("ca.pem");
        std::fs::write(&path, trust).unwrap();
        (home, path)
    }

    pub(crate) fn login(&self) {
        run(self.command(ENTRADA).arg("login")).with(0);
    }

    /// `program` at home, which finds entrada on PATH.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        let path = Path::new(ENTRADA).parent().unwrap().display().to_string();
        command
            .env_clear()
            .env("HOME", self.folder.path())
            .env("PATH", format!("{path}:/usr/local/bin:/usr/bin:/bin"))
            .envs(self.emulation.settings())
            .env("ENTRADA_CLIENT_ID", "e1a7a000-0000-4000-8000-000000000002")
            .env("ENTRADA_STORE", "file")
            .env("ENTRADA_STORE_KEY", KEY);
        command
    }

    /// A script of tests/real/python, with what is in its requirements.txt.
    pub(crate) fn python(&self, script: &str) -> Command {
        let python = python();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real/python");
        let mut command = self.command(python.to_str().unwrap());
        command.arg(folder.join(script));
        command
    }

    /// Runs a line of shell, in `shell`.
    fn shell(&self, shell: &str, line: &str) -> String {
        run(self.command(shell).args(["-c", line])).with(0).out
    }

    fn token(&self) -> String {
        self.printed(&[])
    }

    /// The line that `entrada token` prints with these arguments.
    pub(crate) fn printed(&self, args: &[&str]) -> String {
        run(self.command(ENTRADA).arg("token").args(args)).with(0).line()
    }
}

#[test]
fn curl_takes_the_header_and_the_configuration() {
    let home = Home::new();
    let me = format!("{}/v1.0/me", home.emulation.base);
    let messages = format!("{}/v1.0/me/messages", home.emulation.base);
    let status = "-sS -o /dev/null -w '%{http_code}'";
    for (output, flag) in [("header", "-H @-"), ("curl", "-K -")] {
        let line = format!("entrada token -o {output} | curl {status} {flag} {messages}");
        assert_eq!(home.shell("sh", &line), "200", "{line}");
    }
    assert_eq!(
        home.shell("sh", &format!("curl {status} {me}")),
        "401",
        "without it nobody is let in"
    );
}

#[test]
fn shells_take_the_variable() {
    let home = Home::new();
    let token = home.token();
    for shell in ["sh", "bash", "dash"] {
        let line = "eval \"$(entrada token -o env --variable T)\"; printf %s \"$T\"";
        assert_eq!(home.shell(shell, line), token, "{shell}");
    }
    let line =
        "entrada token -o env --shell dotenv > .env && . ./.env && printf %s \"$ACCESS_TOKEN\"";
    let sourced = run(home.command("sh").current_dir(home.folder.path()).args(["-c", line]));
    assert_eq!(sourced.with(0).out, token);
}

#[test]
fn git_takes_the_credential_and_asks_anew_when_it_was_refused() {
    let home = Home::new();
    run(home.command("git").args([
        "config",
        "--global",
        "credential.https://dev.azure.com.helper",
        "!entrada git-credential",
    ]))
    .with(0);
    let git = |operation: &str, description: &str| {
        let mut command = home.command("git");
        command.args(["credential", operation]).env("GIT_TERMINAL_PROMPT", "0");
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(description.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.success(), String::from_utf8(output.stdout).unwrap(), err)
    };
    let password = |answer: &str| {
        answer
            .lines()
            .find_map(|line| line.strip_prefix("password="))
            .unwrap_or_default()
            .to_owned()
    };
    let repository = "protocol=https\nhost=dev.azure.com\nusername=contoso\n\n";
    let (done, filled, err) = git("fill", repository);
    assert!(done && password(&filled).starts_with("eyJ"), "{filled}{err}");
    let (done, again, _) = git("fill", repository);
    assert!(done && password(&again) == password(&filled), "the same while it is good");
    let (done, _, err) = git("reject", &format!("{}\n", filled.trim_end()));
    assert!(done, "{err}");
    let (_, fresh, _) = git("fill", repository);
    assert_ne!(password(&fresh), password(&filled), "refused once, not given again");
    let (done, other, _) = git("fill", "protocol=https\nhost=github.com\n\n");
    assert!(!done && password(&other).is_empty(), "nothing for others: {other}");
}
