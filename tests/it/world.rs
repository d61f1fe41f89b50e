//! A world of its own for one test: an emulator, a clock, a home, streams that are no terminals.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use entrada::cli::{self, Console, Exit};
use entrada::in_process::{InProcess, Stopwatch};
use entrada_auth::store::{self, Grants, Interaction, KeyringSession, Limits, StoreKey, StoreKind};
use entrada_auth::sys::testing::{home_variables, paths_in};
use entrada_auth::sys::{
    Bundle, Clock, Env, HostKind, Http, HttpError, HttpFailure, HttpRequest, HttpResponse,
    Interrupted, Line, Program, Programs, RequestDeadline, Stream, Sys, Terminal,
};
use entrada_core::{NumericDate, Secret};
use entrada_emulator::{Emulator, EmulatorOptions, Scenario};
use tempfile::TempDir;
use url::Url;

use crate::browser::{Desk, Machine, Typed};
use crate::mail::Mail;

/// When every test begins: 2023-11-14 22:13:20Z.
pub(crate) const NOW: NumericDate = NumericDate(1_700_000_000);
/// Where the emulator seems to be.
pub(crate) const BASE: &str = "http://localhost:8400";
/// The key of the file store in these tests.
pub(crate) const STORE_KEY: &str =
    "0011223344556677889900112233445566778899001122334455667788990011";

thread_local! {
    /// The command line of the last run of this thread, and what it wrote to stdout and stderr, with `~` for its home.
    pub(crate) static LAST_RUN: Cell<Option<(String, String)>> = const { Cell::new(None) };
}

pub(crate) struct World {
    pub(crate) emulator: Rc<Emulator>,
    pub(crate) clock: Stopwatch,
    pub(crate) home: TempDir,
    env: RefCell<BTreeMap<String, OsString>>,
    terminal: Streams,
    place: HostKind,
    between: RefCell<Option<Box<Between>>>,
    instead: RefCell<Option<Box<Instead>>>,
    network: Cell<Network>,
    signal: Cell<Option<u8>>,
    during: RefCell<Option<(String, u8)>>,
    pub(crate) mail: Mail,
}

/// What becomes of requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Network {
    /// They reach the emulator.
    #[default]
    Up,
    /// Nobody can be reached.
    Dead,
    /// Nobody answers.
    Silent,
    /// The token endpoint does not answer.
    TokenSilent,
}

/// The clock, on which a wait may be ended by a signal.
struct Waits<'a> {
    clock: &'a Stopwatch,
    signal: Option<u8>,
    holds: Cell<u32>,
    /// A signal that came while signals were held.
    noted: Cell<Option<u8>>,
}

impl Clock for Waits<'_> {
    fn now(&self) -> NumericDate {
        self.clock.now()
    }
    fn sleep(&self, duration: Duration) -> Result<(), Interrupted> {
        let noted = self.noted.get().filter(|_| self.holds.get() == 0);
        match self.signal.or(noted) {
            Some(signal) => Err(Interrupted { signal }),
            None => self.clock.sleep(duration),
        }
    }
    fn hold_signals(&self, hold: bool) {
        self.holds.set(if hold { self.holds.get() + 1 } else { self.holds.get() - 1 });
    }
    fn pending_signal(&self) -> Option<Interrupted> {
        self.noted.get().map(|signal| Interrupted { signal })
    }
    fn stopwatch(&self) -> Box<dyn Fn() -> Duration + Send> {
        self.clock.stopwatch()
    }
}

/// No program may take the place of a test. One called `absent` is not there, others are not let run.
struct NoPrograms;

impl Programs for NoPrograms {
    fn run(&self, program: &Program) -> io::Error {
        let is_absent = program.argv.first().is_some_and(|name| name == "absent");
        let kind =
            if is_absent { io::ErrorKind::NotFound } else { io::ErrorKind::PermissionDenied };
        kind.into()
    }
}

/// Somebody between the program and the emulator, who changes answers.
type Between = dyn Fn(&str, HttpResponse) -> HttpResponse;

/// Somebody who answers in the emulator's place.
type Instead = dyn Fn(&HttpRequest) -> Option<HttpResponse>;

/// The network with those on it.
struct EmulatedNetwork<'a> {
    clock: &'a Waits<'a>,
    during: &'a RefCell<Option<(String, u8)>>,
    inner: InProcess<'a>,
    instead: &'a RefCell<Option<Box<Instead>>>,
    between: &'a RefCell<Option<Box<Between>>>,
    network: Network,
}

impl Http for EmulatedNetwork<'_> {
    fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let path = request.uri().path().to_owned();
        let fail = |failure| Err(HttpError { host: "localhost".to_owned(), failure, source: None });
        match self.network {
            Network::Up => (),
            Network::Dead => return fail(HttpFailure::Connect),
            Network::TokenSilent if !path.ends_with("/token") => (),
            Network::Silent | Network::TokenSilent => {
                let (patience, late) = RequestDeadline::limit(&request, Duration::from_secs(30));
                let waited = self.inner.clock.sleep(patience);
                return fail(waited.map_or_else(HttpFailure::Interrupted, |()| late));
            }
        }
        if let Some(answer) = self.instead.borrow().as_ref().and_then(|answer| answer(&request)) {
            return Ok(answer);
        }
        let body = String::from_utf8_lossy(request.body()).into_owned();
        let answer = self.inner.send(request)?;
        let is_then = |then: &mut (String, u8)| body.contains(&then.0) || path.contains(&then.0);
        if let Some((_, signal)) = self.during.borrow_mut().take_if(is_then) {
            // It has been answered, and nobody has the answer yet.
            self.clock.noted.set(Some(signal));
            if self.clock.holds.get() == 0 {
                return fail(HttpFailure::Interrupted(Interrupted { signal }));
            }
        }
        Ok(match &*self.between.borrow() {
            Some(change) => change(&path, answer),
            None => answer,
        })
    }
    fn trust(&self, _: Bundle) {}
}

/// A stream, and what was written to it.
struct Copied<'a> {
    stream: &'a mut dyn io::Write,
    written: Vec<u8>,
}

impl io::Write for Copied<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.stream.write(bytes)?;
        self.written.extend_from_slice(&bytes[..written]);
        Ok(written)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// How a run ended and what it said.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) exit: Exit,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

struct Streams {
    are_terminals: bool,
    width: usize,
    desk: Desk,
}

impl Terminal for Streams {
    fn is_terminal(&self, _: Stream) -> bool {
        self.are_terminals
    }
    fn width(&self) -> Option<usize> {
        self.are_terminals.then_some(self.width)
    }
    fn read_password(&self, _: &str) -> io::Result<Secret> {
        let typed = self.are_terminals.then(|| self.desk.typed()).flatten();
        typed.map(Secret::new).ok_or(io::ErrorKind::Unsupported.into())
    }
    fn read_line(&self) -> io::Result<Box<dyn Line>> {
        Ok(Box::new(Typed(self.desk.clone())))
    }
}

impl World {
    /// An emulator on which every sign-in is approved by itself, and a program set up for it.
    pub(crate) fn new() -> Self {
        Self::with("auto-approve")
    }

    /// The same, in the scenario `name`.
    pub(crate) fn with(name: &str) -> Self {
        Self::with_account(name, None)
    }

    /// The same, with `account` signing in.
    pub(crate) fn with_account(name: &str, account: Option<&str>) -> Self {
        let scenario = Scenario::find(name).unwrap_or_else(|| panic!("no scenario {name}"));
        let options = EmulatorOptions {
            scenario,
            account: account.map(str::to_owned),
            seed: Some(1),
            ..EmulatorOptions::new(Url::parse(BASE).unwrap())
        };
        let world = Self {
            emulator: Rc::new(Emulator::new(options)),
            clock: Stopwatch::at(NOW),
            home: TempDir::new().unwrap(),
            env: RefCell::default(),
            terminal: Streams { are_terminals: false, width: 80, desk: Desk::default() },
            place: HostKind::Headless,
            between: RefCell::default(),
            instead: RefCell::default(),
            network: Cell::default(),
            signal: Cell::default(),
            during: RefCell::default(),
            mail: Mail::default(),
        };
        for (name, value) in home_variables(world.home.path()) {
            world.set_os(name, value);
        }
        world.set("ENTRADA_AUTHORITY", BASE);
        world.set("ENTRADA_TENANT", "organizations");
        world.set("ENTRADA_CLIENT_ID", scenario.client_id);
        world.set("ENTRADA_STORE", "file");
        world.set("ENTRADA_STORE_KEY", STORE_KEY);
        world
    }

    /// What the program has stored, opened as it opens it itself.
    pub(crate) fn grants(&self) -> Grants {
        store::open(store::StoreOptions {
            kind: StoreKind::File,
            state_dir: self.state_dir(),
            data_dir: self.data_dir(),
            key: Some(StoreKey::Raw(Secret::new(STORE_KEY.to_owned()))),
            session: KeyringSession::default(),
            bus: None,
            service: "entrada".to_owned(),
            interaction: Interaction::Forbidden,
            limits: Limits::default(),
            notice: Box::new(|_| ()),
            termination_signal: || None,
        })
        .unwrap()
    }

    /// On a machine with a browser, in which pages of the emulator open.
    pub(crate) fn on_a_desktop(mut self) -> Self {
        self.place = HostKind::Desktop;
        self
    }

    /// At the other end of an SSH session.
    pub(crate) fn remote(mut self) -> Self {
        self.place = HostKind::Remote;
        self
    }

    /// The browser, and whoever types.
    pub(crate) fn desk(&self) -> &Desk {
        &self.terminal.desk
    }

    /// From now on, `change` is done to answers: it is given the path that was asked, and the answer.
    pub(crate) fn changing(&self, change: impl Fn(&str, HttpResponse) -> HttpResponse + 'static) {
        *self.between.borrow_mut() = Some(Box::new(change));
    }

    /// From now on, `answer` is asked first; the emulator answers where it says nothing.
    pub(crate) fn answering(
        &self,
        answer: impl Fn(&HttpRequest) -> Option<HttpResponse> + 'static,
    ) {
        *self.instead.borrow_mut() = Some(Box::new(answer));
    }

    /// From now on, that becomes of requests.
    pub(crate) fn network_is(&self, network: Network) {
        self.network.set(network);
    }

    /// From now on, this signal ends whatever waits.
    pub(crate) fn signal_comes(&self, signal: u8) {
        self.signal.set(Some(signal));
    }

    /// This signal comes once, while a request is under way whose path or body has `what` in it.
    pub(crate) fn signal_comes_during(&self, what: &str, signal: u8) {
        self.during.replace(Some((what.to_owned(), signal)));
    }

    /// A person sits at the terminal.
    pub(crate) fn at_a_terminal(mut self) -> Self {
        self.terminal.are_terminals = true;
        self
    }

    /// The same, at a terminal of `width` columns.
    pub(crate) fn at_a_terminal_of(mut self, width: usize) -> Self {
        self.terminal.width = width;
        self.at_a_terminal()
    }

    pub(crate) fn set(&self, name: &str, value: &str) {
        self.env.borrow_mut().insert(name.to_owned(), value.into());
    }

    /// The same with a value that need not be text.
    #[cfg(unix)]
    pub(crate) fn set_bytes(&self, name: &str, value: &[u8]) {
        use std::os::unix::ffi::OsStrExt as _;
        self.set_os(name, std::ffi::OsStr::from_bytes(value).to_owned());
    }

    fn set_os(&self, name: &str, value: OsString) {
        self.env.borrow_mut().insert(name.to_owned(), value);
    }

    /// The client that is set.
    pub(crate) fn client_id(&self) -> String {
        self.env.borrow()["ENTRADA_CLIENT_ID"].to_str().unwrap().to_owned()
    }

    pub(crate) fn unset(&self, name: &str) {
        self.env.borrow_mut().remove(name);
    }

    /// Where the configuration file is read from.
    pub(crate) fn config_path(&self) -> PathBuf {
        self.config_dir().join("config.toml")
    }

    /// The folder of the configuration.
    pub(crate) fn config_dir(&self) -> PathBuf {
        paths_in(self.home.path()).config
    }

    /// The folder of the file store.
    pub(crate) fn data_dir(&self) -> PathBuf {
        paths_in(self.home.path()).data
    }

    /// The folder of locks and lists.
    pub(crate) fn state_dir(&self) -> PathBuf {
        paths_in(self.home.path()).state
    }

    /// Where the administrator's file is read from.
    pub(crate) fn policy_path(&self) -> PathBuf {
        self.home.path().join("etc/entrada/config.toml")
    }

    /// The administrator writes `text`.
    pub(crate) fn write_policy(&self, text: &str) {
        let path = self.policy_path();
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(crate) fn write_config(&self, text: &str) {
        let path = self.config_path();
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Runs `entrada args…` as talkative as it gets, and makes sure that it keeps its secrets.
    pub(crate) fn run(&self, args: &[&str]) -> Run {
        self.run_with_stdin(args, "")
    }

    pub(crate) fn run_with_stdin(&self, args: &[&str], stdin: &str) -> Run {
        self.run_with_bytes(args, stdin.as_bytes())
    }

    pub(crate) fn run_with_bytes(&self, args: &[&str], stdin: &[u8]) -> Run {
        let args: Vec<&str> = args.iter().copied().chain(["-vv"]).collect();
        let run = self.run_on_bytes(&args, stdin);
        self.assert_no_secret(&run, matches!(args.first(), Some(&("token" | "export"))));
        run
    }

    /// Runs `entrada args…` and nothing more.
    pub(crate) fn run_exactly(&self, args: &[&str], stdin: &str) -> Run {
        self.run_on_bytes(args, stdin.as_bytes())
    }

    fn run_on_bytes(&self, args: &[&str], mut stdin: &[u8]) -> Run {
        let mut stdout = Vec::new();
        let argv: Vec<&str> = std::iter::once("entrada").chain(args.iter().copied()).collect();
        let (exit, stderr) = self.run_on(&argv, &mut stdin, &mut stdout);
        Run { exit, stdout: String::from_utf8(stdout).unwrap(), stderr }
    }

    /// Runs `entrada args…`, whose words need not be UTF-8.
    #[cfg(unix)]
    pub(crate) fn run_os(&self, args: &[&OsStr]) -> Run {
        let argv: Vec<&OsStr> =
            std::iter::once("entrada".as_ref()).chain(args.iter().copied()).collect();
        let (exit, stderr) = self.run_on(&argv, &mut io::empty(), &mut io::sink());
        Run { exit, stdout: String::new(), stderr }
    }

    /// Runs `argv`, its first word included, on streams that may fail; how it ended, and what it said.
    pub(crate) fn run_on(
        &self,
        argv: &[impl AsRef<OsStr>],
        stdin: &mut dyn io::Read,
        stdout: &mut dyn io::Write,
    ) -> (Exit, String) {
        let env: Env = self.env.borrow().clone().into_iter().collect();
        let (holds, noted) = (Cell::default(), Cell::default());
        let clock = Waits { clock: &self.clock, signal: self.signal.get(), holds, noted };
        let inner = InProcess { emulator: &self.emulator, clock: &clock };
        let (held, during, between, instead) = (&clock, &self.during, &self.between, &self.instead);
        let network = self.network.get();
        let http = EmulatedNetwork { clock: held, during, inner, instead, between, network };
        let machine = Machine {
            desk: self.desk(),
            emulator: &self.emulator,
            clock: &self.clock,
            place: self.place,
        };
        let sys = Sys {
            clock: &clock,
            http: &http,
            dial: &self.mail,
            env: &env,
            terminal: &self.terminal,
            browser: &machine,
            loopback: &machine,
            entropy: self.desk(),
            programs: &NoPrograms,
            policy_file: Some(&self.policy_path()),
        };
        let mut stderr = Vec::new();
        let mut stdout = Copied { stream: stdout, written: Vec::new() };
        let console = Console { stdin, stdout: &mut stdout, stderr: &mut stderr };
        let exit = cli::run(argv.iter().map(|word| word.as_ref().to_owned()), &sys, console);
        let stderr = String::from_utf8(stderr).unwrap();
        let said = String::from_utf8_lossy(&stdout.written) + &*stderr;
        let argv: Vec<_> = argv.iter().map(|word| word.as_ref().to_string_lossy()).collect();
        LAST_RUN.set(Some((argv.join(" "), self.without_home(&said))));
        (exit, stderr)
    }

    /// `said` with `~` for the home, and on Windows with the names that the folders of entrada have elsewhere.
    fn without_home(&self, said: &str) -> String {
        let home = self.home.path();
        let paths = paths_in(home);
        let places = [
            (paths.config, "~/.config/entrada"),
            (paths.data, "~/.local/share/entrada"),
            (paths.state, "~/.local/state/entrada"),
        ];
        let mut said = said.to_owned();
        if cfg!(windows) {
            for (path, name) in places {
                let path = path.to_string_lossy().into_owned();
                said = with_slashes(&said, &format!("{path}\\"), name).replace(&path, name);
            }
        }
        said.replace(&*home.to_string_lossy(), "~")
    }

    /// No token, code or device code that the emulator ever issued stands in what was printed. Only `entrada token` and
    /// `entrada export` print one, and only on stdout.
    fn assert_no_secret(&self, run: &Run, prints_a_token: bool) {
        for secret in self.emulator.secrets() {
            assert!(!run.stderr.contains(&secret), "a secret on stderr: {}", run.stderr);
            assert!(prints_a_token || !run.stdout.contains(&secret), "a secret on stdout");
        }
    }

    /// What Graph answers to `token`, as `curl -i` would print it.
    pub(crate) fn graph(&self, token: &str) -> String {
        let request = http::Request::get(format!("{BASE}/v1.0/me/messages"))
            .header("authorization", format!("Bearer {token}"))
            .body(Vec::new())
            .unwrap();
        let graph = InProcess { emulator: &self.emulator, clock: &self.clock };
        let answer = graph.send(request).unwrap();
        let mut text = format!("HTTP/1.1 {}\r\n", answer.status());
        for (name, value) in answer.headers() {
            text = text + name.as_str() + ": " + value.to_str().unwrap() + "\r\n";
        }
        text + "\r\n" + &String::from_utf8_lossy(answer.body())
    }

    /// Requests that the token endpoint has seen with this grant.
    pub(crate) fn token_requests(&self, grant_type: &str) -> usize {
        let log = self.emulator.log();
        log.iter().filter(|line| line.grant_type == Some(grant_type)).count()
    }

    /// Signs in, and insists that it works.
    pub(crate) fn login(&self, args: &[&str]) -> Run {
        let all: Vec<&str> = std::iter::once("login").chain(args.iter().copied()).collect();
        let run = self.run(&all);
        assert_eq!(run.exit, Exit::Success, "{}", run.stderr);
        run
    }

    /// Every stored grant, byte for byte. The recovery key beside them is written anew whenever the store is tried.
    pub(crate) fn stored(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        let mut dirs = vec![self.data_dir()];
        while let Some(dir) = dirs.pop() {
            for entry in std::fs::read_dir(dir).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    dirs.push(path);
                    continue;
                }
                let bytes = std::fs::read(&path).unwrap();
                if bytes.windows(BASE.len()).any(|window| window == BASE.as_bytes()) {
                    files.insert(path, bytes);
                }
            }
        }
        files
    }
}

/// `said` with `name/` for `folder`, and with slashes in the rest of each path below it.
fn with_slashes(said: &str, folder: &str, name: &str) -> String {
    let mut pieces = said.split(folder);
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |before, piece| {
        let is_end = |char: char| char.is_whitespace() || "`'\"".contains(char);
        let (path, rest) = piece.split_at(piece.find(is_end).unwrap_or(piece.len()));
        format!("{before}{name}/{}{rest}", path.replace('\\', "/"))
    })
}
