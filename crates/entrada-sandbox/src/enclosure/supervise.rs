//! The process inside: it serves the emulated world, runs the program in it, and writes the record.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use entrada_core::{Redactor, clean};
use serde::{Deserialize, Serialize};

use super::environment;
use super::layout::{INSIDE, Layout, write_with_mode};
use super::observe::{Watch, command_of};
use super::{
    AUTHORITY_NAME, BrowserKind, HomeFolder, OutputTarget, RECORD_DESCRIPTOR, Variables,
    WRONG_AUTHORITY_NAME, bubblewrap, trust,
};
use crate::world::{
    CertificateAuthority, DnsSockets, KnownSecret, Listener, Person, RawRecord, Trust, World,
    WorldOptions, secrets_of, serve_dns, serve_listeners,
};

/// The first line of a record: the process inside has started.
const STARTED: &[u8] = b"entrada-sandbox\n";
/// Programs that are Chromium.
const CHROMIUMS: [&str; 4] =
    ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// What the process inside has to know.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Plan {
    pub(super) world: WorldOptions,
    pub(super) is_untrusted: bool,
    pub(super) home: HomeFolder,
    pub(super) browser: BrowserKind,
    pub(super) runs: u32,
    pub(super) timeout: Option<u64>,
    pub(super) output: OutputTarget,
    /// The private key of the authority of the run.
    pub(super) key_pem: String,
    /// Seconds since 1970.
    pub(super) now: i64,
}

/// Everything that a supervised run needs.
pub(super) struct Supervised<'a> {
    pub(super) plan: &'a Plan,
    pub(super) layout: Layout,
    pub(super) listeners: Vec<Listener>,
    pub(super) dns: Option<DnsSockets>,
    /// The port of the proxy.
    pub(super) proxy: Option<u16>,
    pub(super) program: &'a [OsString],
    /// The descriptor that the program is not to have.
    pub(super) closes: Option<i32>,
    pub(super) variables: Variables<'a>,
}

/// Runs `program` as the process inside an enclosure, and returns its exit code. [`super::run`] starts this process.
///
/// # Errors
///
/// The system refuses something, or this process is in no enclosure.
pub fn run_inside(program: &[OsString], variables: Variables<'_>) -> io::Result<u8> {
    let layout = Layout::new(INSIDE);
    let setup = layout.at(bubblewrap::SETUP);
    let plan: Plan = serde_json::from_slice(&fs::read(&setup)?).map_err(io::Error::other)?;
    // It holds the key of the authority.
    fs::remove_file(&setup)?;
    // A process whose memory is closed to others cannot open its own descriptors again.
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::Dumpable);
    let mut record =
        File::options().write(true).open(format!("/proc/self/fd/{RECORD_DESCRIPTOR}"))?;
    record.write_all(STARTED)?;
    let supervised = Supervised {
        plan: &plan,
        layout,
        listeners: standard_listeners()?,
        dns: Some(DnsSockets::bind()?),
        proxy: None,
        program,
        closes: Some(RECORD_DESCRIPTOR),
        variables,
    };
    let ended = supervised.run()?;
    serde_json::to_writer(&mut record, &ended).map_err(io::Error::other)?;
    Ok(code_of_runs(&ended))
}

/// The record that [`run_inside`] wrote.
pub(super) fn read_record(written: &[u8]) -> Option<RawRecord> {
    serde_json::from_slice(written.strip_prefix(STARTED)?).ok()
}

/// The exit code of the first run that failed, or 0.
pub(super) fn code_of_runs(record: &RawRecord) -> u8 {
    record.runs.iter().map(|run| run.code).find(|code| *code != 0).unwrap_or_default()
}

/// The standard ports of the services.
fn standard_listeners() -> io::Result<Vec<Listener>> {
    let bind = |port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    let mut all = vec![Listener::Tls(bind(443)?), Listener::Plain(bind(80)?)];
    // A machine may have no IPv6.
    if let Ok(listener) = TcpListener::bind((Ipv6Addr::LOCALHOST, 443)) {
        all.push(Listener::Tls(listener));
    }
    Ok(all)
}

impl Supervised<'_> {
    /// Serves the world, and runs the program in it.
    pub(super) fn run(self) -> io::Result<RawRecord> {
        let plan = self.plan;
        let certificate = |error| io::Error::other(format!("cannot make a certificate: {error}"));
        let trusted = CertificateAuthority::with_key(AUTHORITY_NAME, &plan.key_pem, plan.now)
            .map_err(certificate)?;
        self.layout.prepare()?;
        let store = trust::java_store(trusted.der(), plan.now * 1_000);
        write_with_mode(&self.layout.at("ca.pem"), trusted.pem().as_bytes(), 0o644)?;
        write_with_mode(&self.layout.at("trust.jks"), &store, 0o644)?;
        let authority = if plan.is_untrusted {
            CertificateAuthority::new(WRONG_AUTHORITY_NAME, plan.now).map_err(certificate)?
        } else {
            trusted
        };
        let trust = Arc::new(Trust { authority, is_untrusted: plan.is_untrusted });
        let world = World::new(&plan.world);

        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let for_thread = Arc::clone(&world);
        let (listeners, dns) = (self.listeners, self.dns);
        std::thread::spawn(move || {
            runtime.block_on(async move {
                if let Some(sockets) = dns {
                    tokio::spawn(serve_dns(sockets, Arc::clone(&for_thread)));
                }
                let _ = serve_listeners(listeners, for_thread, trust).await;
            });
        });
        start_user(plan, &self.layout, &world, self.variables);

        let environment =
            environment::variables(&self.layout, plan.home, self.proxy, self.variables);
        let mut watch = Watch::start();
        let mut runs = Vec::new();
        for number in 1..=plan.runs {
            world.begin_run(number);
            let mut command = command_of(self.program, self.closes);
            apply(&environment, &mut command);
            runs.push(watch.run(command, plan.output, plan.timeout)?);
        }
        let mut record = world.recorded();
        let secrets = secrets_of(&record);
        for run in &mut runs {
            run.last_line = without(&run.last_line, &secrets);
        }
        record.runs = runs;
        record.notes.append(&mut watch.notes);
        let own = self.layout.at("home");
        let home = match plan.home {
            HomeFolder::Fresh => own,
            HomeFolder::Keep => (self.variables)("HOME").map_or(own, PathBuf::from),
        };
        let mut folders = vec![home.clone(), self.layout.at("tmp"), self.layout.at("run")];
        // The root of the system is nobody's working folder.
        if let Ok(current) = std::env::current_dir()
            && current != Path::new("/")
            && !current.starts_with(&home)
        {
            folders.push(current);
        }
        record.observations.extend(watch.end(&secrets, &home, &folders));
        Ok(record)
    }
}

/// `line` without the secrets of the run and what looks like one.
fn without(line: &str, secrets: &[KnownSecret]) -> String {
    let mut line = line.to_owned();
    for secret in secrets {
        line = line.replace(&secret.value, "[secret]");
    }
    let line = clean(&line);
    Redactor::without_likely_secrets(&line).into_owned()
}

fn apply(environment: &[(OsString, Option<OsString>)], command: &mut Command) {
    for (name, value) in environment {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
}

/// Starts what takes the place of the user: it opens the pages of the program, and enters device codes.
fn start_user(plan: &Plan, layout: &Layout, world: &Arc<World>, variables: Variables<'_>) {
    let user = plan.world.user.clone();
    let enters_codes = matches!(plan.browser, BrowserKind::Person | BrowserKind::Headless);
    if enters_codes {
        let person = Person::new(Arc::clone(world), user.clone());
        std::thread::spawn(move || person.watch_codes());
    }
    let environment = environment::variables(layout, plan.home, None, variables);
    let chromium = chromium(variables("PATH").as_ref());
    if plan.browser == BrowserKind::Headless {
        trust_in_chromium(layout, &environment);
    }
    let (browser, folder, fifo, world) =
        (plan.browser.clone(), layout.at("chromium"), layout.browser(), Arc::clone(world));
    std::thread::spawn(move || {
        // Opening it waits for the next program that opens a page.
        while let Ok(file) = File::open(&fifo) {
            for url in BufReader::new(file).lines().map_while(Result::ok) {
                let person = Person::new(Arc::clone(&world), user.clone());
                match &browser {
                    BrowserKind::None => (),
                    BrowserKind::Person => drop(std::thread::spawn(move || person.open(&url))),
                    BrowserKind::Headless => {
                        if let Some(program) = &chromium {
                            start(headless(program, &folder, &url), &environment);
                        }
                    }
                    BrowserKind::Command(text) => {
                        let mut command = Command::new("/bin/sh");
                        command.args(["-c", &format!("{text} \"$1\""), "sh", &url]);
                        start(command, &environment);
                    }
                }
            }
        }
    });
}

/// Starts a program that nobody waits for: it ends with the enclosure.
fn start(mut command: Command, environment: &[(OsString, Option<OsString>)]) {
    apply(environment, &mut command);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if let Ok(mut child) = command.spawn() {
        std::thread::spawn(move || child.wait());
    }
}

fn chromium(path: Option<&OsString>) -> Option<PathBuf> {
    let folders: Vec<PathBuf> = std::env::split_paths(path?).collect();
    CHROMIUMS
        .iter()
        .find_map(|name| folders.iter().map(|folder| folder.join(name)).find(|file| file.is_file()))
}

fn headless(program: &Path, folder: &Path, url: &str) -> Command {
    let mut command = Command::new(program);
    command.args([
        "--headless=new",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
    ]);
    if rustix::process::geteuid().is_root() {
        // Chromium refuses to use its own sandbox as root.
        command.arg("--no-sandbox");
    }
    command
        .arg(format!("--user-data-dir={}", folder.display()))
        .args(["--remote-debugging-port=0", url]);
    command
}

/// Chromium reads a database of NSS, which `certutil` writes.
fn trust_in_chromium(layout: &Layout, environment: &[(OsString, Option<OsString>)]) {
    let home = environment
        .iter()
        .rev()
        .find(|(name, _)| name == "HOME")
        .and_then(|(_, value)| value.clone());
    let Some(home) = home else { return };
    let folder = Path::new(&home).join(".pki/nssdb");
    if fs::create_dir_all(&folder).is_err() {
        return;
    }
    let database = format!("sql:{}", folder.display());
    let certificate = layout.at("ca.pem").display().to_string();
    for arguments in [
        vec!["-N", "-d", &database, "--empty-password"],
        vec!["-A", "-d", &database, "-t", "C,,", "-n", "entrada-sandbox", "-i", &certificate],
    ] {
        let mut command = Command::new("certutil");
        // Without it, Chromium refuses the certificate, and the record shows that.
        let _ = command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status();
    }
}
