//! The real program in a process of its own, and whoever serves it.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, Instant};

use entrada_auth::sys::{Clock as _, RealClock};
use entrada_emulator::serve::{self, Background};
use entrada_emulator::{Emulator, EmulatorOptions, Scenario};

/// The program under test.
pub(crate) const ENTRADA: &str = env!("CARGO_BIN_EXE_entrada");

/// How long anything may take before a test gives up on it.
const PATIENCE: Duration = Duration::from_secs(60);

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ended {
    /// Ended with `code`; else the test stops, and shows all.
    #[track_caller]
    pub(crate) fn with(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }

    /// What it says holds `text`.
    #[track_caller]
    pub(crate) fn saying(self, text: &str) -> Self {
        assert!(self.err.contains(text), "no `{text}` in {self:#?}");
        self
    }

    /// The one line on stdout.
    #[track_caller]
    pub(crate) fn line(&self) -> String {
        let lines: Vec<_> = self.out.lines().collect();
        assert_eq!(lines.len(), 1, "{self:#?}");
        lines[0].to_owned()
    }
}

/// A run that has not ended.
pub(crate) struct Running {
    child: Child,
    err: Arc<Mutex<String>>,
    readers: (JoinHandle<String>, JoinHandle<()>),
}

/// Starts `command` without anything to read.
pub(crate) fn start(command: &mut Command) -> Running {
    crate::default_signals::are_default_for_children();
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdout: ChildStdout = child.stdout.take().unwrap();
    let stderr = BufReader::new(child.stderr.take().unwrap());
    let err = Arc::<Mutex<String>>::default();
    let heard = Arc::clone(&err);
    let out = std::thread::spawn(move || {
        let mut text = String::new();
        stdout.read_to_string(&mut text).unwrap();
        text
    });
    let talk = std::thread::spawn(move || {
        for line in stderr.lines() {
            heard.lock().unwrap().push_str(&(line.unwrap() + "\n"));
        }
    });
    Running { child, err, readers: (out, talk) }
}

/// Runs `command` to its end.
pub(crate) fn run(command: &mut Command) -> Ended {
    start(command).end()
}

impl Running {
    /// The rest of the first line that begins with `what`, once it is said.
    #[track_caller]
    pub(crate) fn hear(&self, what: &str) -> String {
        self.hear_again(what, 1)
    }

    /// As [`Running::hear`], of the line that is so the `time`th time.
    #[track_caller]
    pub(crate) fn hear_again(&self, what: &str, time: usize) -> String {
        let found = || {
            let err = self.err.lock().unwrap();
            let said = err.lines().filter_map(|line| line.trim().strip_prefix(what)).nth(time - 1);
            said.map(|rest| rest.trim().to_owned())
        };
        within(what, found)
    }

    /// Waits until it has said `what`.
    #[track_caller]
    pub(crate) fn hear_of(&self, what: &str) {
        within(what, || self.err.lock().unwrap().contains(what).then_some(()));
    }

    /// Its number.
    pub(crate) fn pid(&self) -> i32 {
        self.child.id().cast_signed()
    }

    /// Sends `signal`.
    pub(crate) fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &pid]).status().unwrap().success());
    }

    /// Waits for its end.
    pub(crate) fn end(self) -> Ended {
        self.end_within(PATIENCE)
    }

    /// The same, of one that works for longer.
    pub(crate) fn end_within(mut self, patience: Duration) -> Ended {
        let started = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if patience < started.elapsed() {
                self.child.kill().unwrap();
                panic!("it did not end:\n{}", self.err.lock().unwrap());
            }
            sleep(Duration::from_millis(5));
        };
        let out = self.readers.0.join().unwrap();
        self.readers.1.join().unwrap();
        Ended { code: status.code(), out, err: self.err.lock().unwrap().clone() }
    }
}

/// What `find` finds, in time.
#[track_caller]
pub(crate) fn within<T>(what: &str, mut find: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = find() {
            return found;
        }
        assert!(started.elapsed() < PATIENCE, "waited in vain for: {what}");
        sleep(Duration::from_millis(10));
    }
}

/// An emulated Entra ID on a port of its own, with its hands in the test.
pub(crate) struct Emulation {
    pub(crate) emulator: Arc<Emulator>,
    pub(crate) base: String,
    _running: Background,
}

impl Emulation {
    pub(crate) fn new(scenario: &str) -> Self {
        Self::serve(scenario, None, 0)
    }

    /// One whose clock is so many seconds behind.
    pub(crate) fn behind(scenario: &str, seconds: i64) -> Self {
        Self::serve(scenario, None, seconds)
    }

    /// By https, and the certificate of the authority to trust.
    pub(crate) fn by_https(scenario: &str) -> (Self, String) {
        Self::by_https_with(scenario, |_| ())
    }

    /// The same, with options changed by `set`.
    pub(crate) fn by_https_with(
        scenario: &str,
        set: impl FnOnce(&mut EmulatorOptions),
    ) -> (Self, String) {
        let tls = serve::Tls::new().unwrap();
        let trust = tls.ca_pem().to_owned();
        (Self::serve_with(scenario, Some(tls), 0, set), trust)
    }

    fn serve(scenario: &str, tls: Option<serve::Tls>, behind: i64) -> Self {
        Self::serve_with(scenario, tls, behind, |_| ())
    }

    fn serve_with(
        scenario: &str,
        tls: Option<serve::Tls>,
        behind: i64,
        set: impl FnOnce(&mut EmulatorOptions),
    ) -> Self {
        let listeners = serve::bind(0).unwrap();
        let port = listeners[0].local_addr().unwrap().port();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let base = format!("{scheme}://localhost:{port}");
        let mut options = EmulatorOptions {
            scenario: Scenario::find(scenario).unwrap(),
            interval: 1,
            ..EmulatorOptions::new(url::Url::parse(&base).unwrap())
        };
        set(&mut options);
        let emulator = Arc::new(Emulator::new(options));
        let clock = Arc::new(move || RealClock.now().plus_seconds(-behind));
        let running = serve::spawn(Arc::clone(&emulator), listeners, tls, clock).unwrap();
        Self { emulator, base, _running: running }
    }

    /// Where it listens.
    pub(crate) fn port(&self) -> u16 {
        url::Url::parse(&self.base).unwrap().port().unwrap()
    }

    /// How many token requests of this grant type there were.
    pub(crate) fn posts(&self, grant_type: &str) -> usize {
        let log = self.emulator.log();
        log.iter().filter(|line| line.grant_type == Some(grant_type)).count()
    }

    /// The settings to reach it.
    pub(crate) fn settings(&self) -> [(&'static str, String); 3] {
        [
            ("ENTRADA_AUTHORITY", self.base.clone()),
            ("ENTRADA_TENANT", "organizations".to_owned()),
            ("ENTRADA_CLIENT_ID", "11111111-2222-4333-8444-555555555555".to_owned()),
        ]
    }
}

/// npm's `oidc-provider` in a process of its own.
pub(crate) struct Provider {
    child: Child,
    pub(crate) issuer: String,
    control: String,
    /// Open for as long as it may still write there.
    _stdout: BufReader<ChildStdout>,
}

fn oidc(script: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real/oidc").join(script)
}

impl Provider {
    /// With `variables` as server.mjs knows them.
    pub(crate) fn new(variables: &[(&str, &str)]) -> Self {
        let mut child = Command::new("node")
            .arg(oidc("server.mjs"))
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("node must be installed");
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut told = |what: &str| {
            let found = stdout
                .by_ref()
                .lines()
                .map_while(Result::ok)
                .find_map(|line| line.strip_prefix(what).map(|rest| rest.trim().to_owned()));
            found.expect("the provider must be installed: run tests/run")
        };
        let (control, issuer) = (told("control"), told("issuer"));
        Self { child, issuer, control, _stdout: stdout }
    }

    /// What a control path answers.
    pub(crate) fn control(&self, path: &str) -> String {
        Self::got(&self.control, &format!("control/{path}"))
    }

    /// The keys that it publishes (RFC 7517).
    pub(crate) fn keys(&self) -> serde_json::Value {
        let address = self.issuer.strip_prefix("http://").unwrap();
        serde_json::from_str(&Self::got(address, "jwks")).unwrap()
    }

    fn got(address: &str, path: &str) -> String {
        let mut stream = TcpStream::connect(address).unwrap();
        let ask = format!("GET /{path} HTTP/1.0\r\nHost: {address}\r\n\r\n");
        stream.write_all(ask.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(" 200 "), "{head}");
        body.to_owned()
    }

    /// Status and error of every token request of this grant type that was decided.
    pub(crate) fn decided(&self, grant: &str) -> Vec<(u64, Option<String>)> {
        let log: Vec<serde_json::Value> = serde_json::from_str(&self.control("log")).unwrap();
        log.iter()
            .filter(|line| line["grant"] == grant && line["error"] != "authorization_pending")
            .map(|line| {
                let error = line["error"].as_str().map(str::to_owned);
                (line["status"].as_u64().unwrap(), error)
            })
            .collect()
    }

    /// The refresh tokens that the provider would take, and how many were used up.
    pub(crate) fn refresh_tokens(&self) -> (Vec<String>, usize) {
        let all: Vec<serde_json::Value> = serde_json::from_str(&self.control("tokens")).unwrap();
        let (used, current): (Vec<_>, Vec<_>) = all
            .iter()
            .filter(|token| token["kind"] == "RefreshToken")
            .partition(|token| token["consumed"] == true);
        let value = |token: &&serde_json::Value| token["value"].as_str().unwrap().to_owned();
        (current.iter().map(value).collect(), used.len())
    }

    /// Every token that it issued.
    pub(crate) fn secrets(&self) -> Vec<String> {
        self.control("secrets").lines().map(str::to_owned).collect()
    }

    /// A person with a browser signs in with what `login` shows: `approve` or `abort`.
    pub(crate) fn person(login: &Running, decision: &str) {
        let (page, code) = (login.hear("open "), login.hear("enter "));
        let mut person = Command::new("node");
        let ended = run(person.arg(oidc("approve.mjs")).args([&page, &code, decision]));
        assert_eq!(ended.code, Some(0), "{ended:#?}");
    }

    /// The settings to reach it.
    pub(crate) fn settings(&self) -> [(&'static str, String); 3] {
        [
            ("ENTRADA_AUTHORITY", self.issuer.clone()),
            ("ENTRADA_CLIENT_ID", "entrada-tests".to_owned()),
            ("ENTRADA_SCOPE", "mail.read".to_owned()),
        ]
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Every file under `dir` with its bytes.
pub(crate) fn files(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            found.extend(files(&entry.path()));
        } else if kind.is_file() {
            found.push((entry.path(), fs::read(entry.path()).unwrap_or_default()));
        }
    }
    found.sort();
    found
}

/// Stops where a piece of one of `secrets` stands in `text`.
#[track_caller]
pub(crate) fn assert_silent(what: &str, text: &[u8], secrets: &[String]) {
    for secret in secrets {
        // A piece of it would do harm too.
        let start = secret.len() / 3;
        let piece = &secret.as_bytes()[start..(start + 20).min(secret.len())];
        let there = text.windows(piece.len()).any(|window| window == piece);
        assert!(!there, "a secret is in {what}");
    }
}

/// Stops where a file under `dir` holds a piece of one of `secrets`. Looks at something, or stops too.
#[track_caller]
pub(crate) fn assert_not_on_disk(dir: &Path, secrets: &[String]) {
    let files = files(dir);
    assert!(2 <= files.len() && !secrets.is_empty());
    for (path, bytes) in files {
        assert_silent(&path.display().to_string(), &bytes, secrets);
    }
}

/// Copies a program. Another process does it: the children of other tests would inherit a descriptor of this one, and the system runs no
/// file that is open for writing.
pub(crate) fn copy_program(from: &Path, to: &Path) {
    let ended = Command::new("cp").arg("--").args([from, to]).status().unwrap();
    assert!(ended.success(), "cp {} {}: {ended}", from.display(), to.display());
}

/// Writes a program, for the same reason by another process.
pub(crate) fn write_program(path: &Path, text: &str) {
    let mut copying = Command::new("sh")
        .args(["-c", "cat >\"$0\" && chmod 755 \"$0\""])
        .arg(path)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    copying.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    assert!(copying.wait().unwrap().success(), "{}", path.display());
}
