//! A user of Windows with a home of their own, and an emulated Entra ID.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use entrada_auth::sys::testing::home_variables;
use entrada_auth::sys::{Clock as _, RealClock};
use entrada_emulator::serve::{self, Background};
use entrada_emulator::{Emulator, EmulatorOptions, Scenario};
use tempfile::TempDir;

/// The program under test.
const ENTRADA: &str = env!("CARGO_BIN_EXE_entrada");

/// A name as people have them: with a space, and with letters that no code page of Windows has together.
pub(crate) const USER: &str = "Ada Byron ÄöŽ 日本";

pub(crate) struct Machine {
    folder: TempDir,
    pub(crate) emulator: Arc<Emulator>,
    pub(crate) base: String,
    store: &'static str,
    _running: Background,
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("the output is UTF-8");
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}

impl Ended {
    /// Ended with `code`; else the test stops, and shows all.
    #[track_caller]
    pub(crate) fn with(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }
}

impl Machine {
    /// With sign-ins in `store`, and Entra ID in `scenario`.
    pub(crate) fn new(store: &'static str, scenario: &str) -> Self {
        let listeners = serve::bind(0).unwrap();
        let base = format!("http://localhost:{}", listeners[0].local_addr().unwrap().port());
        let emulator = Arc::new(Emulator::new(EmulatorOptions {
            scenario: Scenario::find(scenario).unwrap(),
            interval: 1,
            ..EmulatorOptions::new(url::Url::parse(&base).unwrap())
        }));
        let clock = Arc::new(move || RealClock.now());
        let running = serve::spawn(Arc::clone(&emulator), listeners, None, clock).unwrap();
        let folder = tempfile::tempdir().unwrap();
        Self { folder, emulator, base, store, _running: running }
    }

    /// The home of the user.
    pub(crate) fn home(&self) -> PathBuf {
        self.folder.path().join(USER)
    }

    pub(crate) fn entrada(&self, args: &[&str]) -> Command {
        self.entrada_at(&self.home(), args)
    }

    pub(crate) fn entrada_at(&self, home: &Path, args: &[&str]) -> Command {
        let mut command = Command::new(ENTRADA);
        let path = std::env::var_os("PATH").unwrap_or_default();
        command
            .env_clear()
            .envs(home_variables(home))
            .env("PATH", path)
            .env("ENTRADA_AUTHORITY", &self.base)
            .env("ENTRADA_TENANT", "organizations")
            .env("ENTRADA_CLIENT_ID", "11111111-2222-4333-8444-555555555555")
            .env("ENTRADA_STORE", self.store)
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if self.store == "file" {
            command.env("ENTRADA_STORE_KEY", "5e".repeat(32));
        }
        command
    }

    /// Starts `entrada args…`. wine at times refuses a process with an internal error while others are being killed.
    pub(crate) fn spawn(&self, args: &[&str]) -> Child {
        const INTERNAL_ERROR: i32 = 1359;
        for _ in 0..20 {
            match self.entrada(args).spawn() {
                Err(error) if error.raw_os_error() == Some(INTERNAL_ERROR) => {
                    std::thread::sleep(Duration::from_millis(100));
                }
                other => return other.unwrap(),
            }
        }
        panic!("no process was started");
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ended {
        self.entrada(args).output().unwrap().into()
    }

    pub(crate) fn run_with_stdin(&self, args: &[&str], stdin: &[u8]) -> Ended {
        let mut child = self.entrada(args).stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(stdin).unwrap();
        child.wait_with_output().unwrap().into()
    }

    /// How many token requests of this grant type there were.
    pub(crate) fn posts(&self, grant_type: &str) -> usize {
        let log = self.emulator.log();
        log.iter().filter(|line| line.grant_type == Some(grant_type)).count()
    }

    /// `ended` shows no secret that the emulator gave out, beside those that its standard output is for.
    #[track_caller]
    pub(crate) fn assert_no_secret_in_output(&self, ended: &Ended, prints_a_token: bool) {
        for secret in self.emulator.secrets() {
            assert!(!ended.err.contains(&secret), "a secret on stderr: {}", ended.err);
            assert!(prints_a_token || !ended.out.contains(&secret), "a secret on stdout");
        }
    }

    /// No file below the home has a secret that the emulator gave out.
    #[track_caller]
    pub(crate) fn assert_no_secret_in_files(&self) {
        let secrets = self.emulator.secrets();
        let mut folders = vec![self.folder.path().to_owned()];
        let mut count = 0;
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                count += 1;
                let bytes = std::fs::read(&path).unwrap();
                for secret in &secrets {
                    let found =
                        bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
                    assert!(!found, "{} holds a secret", path.display());
                }
            }
        }
        assert!(0 < count, "nothing was written");
    }
}
