//! What takes the place of the user: it opens the pages of the program, and enters device codes.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use super::BrowserKind;
use super::layout::Layout;
use super::supervise::{Plan, apply};
use super::watch::Output;
use crate::world::{Person, World, clock, printed_addresses};

/// Programs that are Chromium.
const CHROMIUMS: [&str; 4] =
    ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
/// Milliseconds between two looks at what the program prints.
const LOOK: u64 = 500;

/// What is set, and with `None` unset.
type Environment = Vec<(OsString, Option<OsString>)>;

/// The user of the program.
pub(super) struct User<'a> {
    pub(super) plan: &'a Plan,
    pub(super) layout: &'a Layout,
    pub(super) world: &'a Arc<World>,
    pub(super) environment: &'a Environment,
    /// What the program prints.
    pub(super) output: [Output; 2],
}

/// Addresses that were opened: a program may print the address that it opens.
type Opened = Arc<Mutex<BTreeSet<String>>>;

/// Whether `url` is new, and no shortened form of one that was opened.
fn is_first(opened: &Opened, url: &str) -> bool {
    let mut opened = opened.lock().unwrap_or_else(PoisonError::into_inner);
    !opened.iter().any(|known| known.starts_with(url)) && opened.insert(url.to_owned())
}

impl User<'_> {
    /// Starts the threads of the user. `path` has the folders of programs.
    pub(super) fn start(self, path: Option<&OsString>) {
        let user = self.plan.world.user.clone();
        let opened = Opened::default();
        if matches!(self.plan.browser, BrowserKind::Person | BrowserKind::Headless) {
            let person = Person::new(Arc::clone(self.world), user.clone());
            std::thread::spawn(move || person.watch_codes());
        }
        if self.plan.browser == BrowserKind::Person {
            let person = Person::new(Arc::clone(self.world), user.clone());
            let (output, opened) = (self.output.clone(), Arc::clone(&opened));
            std::thread::spawn(move || open_printed(&person, &output, &opened));
        }
        let mut environment = self.environment.clone();
        // The browser of the run has its own home folder, so that it never writes to the user's.
        if self.plan.browser == BrowserKind::Headless {
            environment.push(("HOME".into(), Some(self.layout.at("home").into())));
        }
        if matches!(self.plan.browser, BrowserKind::Headless | BrowserKind::Command(_)) {
            trust_in_chromium(self.layout, &environment);
        }
        let opener = Opener {
            browser: self.plan.browser.clone(),
            chromium: chromium(path),
            folder: self.layout.at("chromium"),
            environment,
            world: Arc::clone(self.world),
            user,
        };
        let fifo = self.layout.browser();
        std::thread::spawn(move || {
            // Opening it waits for the next program that opens a page.
            while let Ok(file) = File::open(&fifo) {
                for url in BufReader::new(file).lines().map_while(Result::ok) {
                    if is_first(&opened, &url) {
                        opener.open(url);
                    }
                }
            }
        });
    }
}

/// Opens the addresses that the program prints and does not open itself. It does not return.
fn open_printed(person: &Person, output: &[Output; 2], opened: &Opened) {
    let mut seen: BTreeSet<String> = BTreeSet::new();
    loop {
        clock::pause(LOOK);
        for url in output.iter().flat_map(|output| printed_addresses(&output.text())) {
            // It is opened at the second look, so that a program has the time to open it.
            if !seen.insert(url.clone()) && is_first(opened, &url) {
                person.open(&url);
            }
        }
    }
}

/// Opens addresses.
struct Opener {
    browser: BrowserKind,
    chromium: Option<PathBuf>,
    folder: PathBuf,
    environment: Environment,
    world: Arc<World>,
    user: Option<String>,
}

impl Opener {
    fn open(&self, url: String) {
        match &self.browser {
            BrowserKind::None => (),
            BrowserKind::Person => {
                let person = Person::new(Arc::clone(&self.world), self.user.clone());
                std::thread::spawn(move || person.open(&url));
            }
            BrowserKind::Headless => {
                if let Some(program) = &self.chromium {
                    start(headless(program, &self.folder, &url), &self.environment);
                }
            }
            BrowserKind::Command(text) => {
                let mut command = Command::new("/bin/sh");
                command.args(["-c", &format!("{text} \"$1\""), "sh", &url]);
                start(command, &self.environment);
            }
        }
    }
}

/// Starts a program that nobody waits for: it ends with the enclosure.
fn start(mut command: Command, environment: &Environment) {
    apply(environment, &mut command);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if let Ok(mut child) = command.spawn() {
        std::thread::spawn(move || child.wait());
    }
}

fn chromium(path: Option<&OsString>) -> Option<PathBuf> {
    let folders: Vec<PathBuf> = std::env::split_paths(path?).collect();
    let found =
        |name: &&str| folders.iter().map(|folder| folder.join(name)).find(|file| file.is_file());
    CHROMIUMS.iter().find_map(found)
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
    command.arg(format!("--user-data-dir={}", folder.display()));
    command.args(["--remote-debugging-port=0", url]);
    command
}

/// Chromium reads a database of NSS, which `certutil` writes.
fn trust_in_chromium(layout: &Layout, environment: &Environment) {
    let home = environment.iter().rev().find(|(name, _)| name == "HOME");
    let Some(home) = home.and_then(|(_, value)| value.clone()) else { return };
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
