//! A D-Bus session of its own with a keyring daemon on it, gone when dropped.

use std::fs::{self, Permissions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::program::copy_program;
use entrada_auth::store::{
    Interaction, KeyringSession, Limits, Notice, SecretService, SecretServiceOptions,
};

/// A session bus on which nothing is started by itself, so that every daemon is ours.
const BUS: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:dir=RUN</listen>
  SERVICES
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/>
  </policy>
</busconfig>"#;

/// What KeePassXC makes a database of. The long number is the group's, and once more as text.
const DATABASE: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<KeePassFile><Meta><Generator>KeePassXC</Generator><DatabaseName>secrets</DatabaseName>
<CustomData><Item><Key>FDO_SECRETS_EXPOSED_GROUP</Key><Value>{00112233-4455-6677-8899-aabbccddeeff}</Value></Item></CustomData>
</Meta><Root><Group><UUID>ABEiM0RVZneImaq7zN3u/w==</UUID><Name>Root</Name></Group></Root></KeePassFile>"#;

/// A home, a bus and, once started, a daemon.
pub(crate) struct Desk {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) address: String,
    bus: Child,
    daemon: Option<Child>,
    /// Whoever makes the daemon's system calls fail.
    denier: Option<Child>,
}

impl Desk {
    /// A bus without a keyring.
    pub(crate) fn bare() -> Self {
        Self::with("")
    }

    /// A bus that starts a keyring, locked, for whoever asks: as desktops have it.
    pub(crate) fn activating() -> Self {
        Self::with("<standard_session_servicedirs/>")
    }

    fn with(services: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for name in ["home", "run", "tmp", "home/data"] {
            fs::create_dir(dir.path().join(name)).unwrap();
        }
        let config = dir.path().join("bus.conf");
        let run = dir.path().join("run");
        let text = BUS.replace("RUN", &run.to_string_lossy()).replace("SERVICES", services);
        fs::write(&config, text).unwrap();
        let mut bus = at_home(dir.path(), "dbus-daemon")
            .arg(format!("--config-file={}", config.display()))
            .args(["--print-address=1", "--nofork"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("dbus-daemon must be installed");
        let mut address = String::new();
        BufReader::new(bus.stdout.take().unwrap()).read_line(&mut address).unwrap();
        Self { dir, address: address.trim().to_owned(), bus, daemon: None, denier: None }
    }

    /// With an unlocked gnome-keyring.
    pub(crate) fn unlocked() -> Self {
        let mut desk = Self::bare();
        desk.start(Some("password"));
        desk
    }

    /// Starts a gnome-keyring; unlocks it, or makes its keyring, when a password is given.
    pub(crate) fn start(&mut self, password: Option<&str>) {
        self.start_as(self.command("gnome-keyring-daemon"), password);
    }

    /// Starts a gnome-keyring, unlocked, whose main loop overlooks each new client once: see `late_idle.c`.
    pub(crate) fn start_overlooking(&mut self) {
        let here = self.dir.path();
        let (library, copy) = (here.join("late_idle.so"), here.join("gnome-keyring-daemon"));
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/real/late_idle.c");
        let mut compiler = Command::new("cc");
        compiler.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).args([source, "-ldl"]);
        assert!(compiler.status().expect("a C compiler must be installed").success());
        // A copy has no capabilities, for whose sake the system would not load the library.
        let paths = std::env::var_os("PATH").unwrap_or_default();
        let installed = std::env::split_paths(&paths)
            .map(|dir| dir.join("gnome-keyring-daemon"))
            .find(|path| path.exists());
        copy_program(&installed.expect("gnome-keyring-daemon must be installed"), &copy);
        let mut daemon = self.command(&copy);
        daemon.env("LD_PRELOAD", &library);
        self.start_as(daemon, Some("password"));
    }

    fn start_as(&mut self, mut daemon: Command, password: Option<&str>) {
        daemon.args(["--foreground", "--components=secrets"]);
        if password.is_some() {
            daemon.arg("--unlock");
        }
        let mut daemon = daemon
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("gnome-keyring-daemon must be installed");
        let mut stdin = daemon.stdin.take().unwrap();
        stdin.write_all(password.unwrap_or_default().as_bytes()).unwrap();
        drop(stdin);
        self.daemon = Some(daemon);
        let started = Instant::now();
        while !self.is_owned() {
            assert!(started.elapsed() < Duration::from_secs(10), "gnome-keyring did not start");
            sleep(Duration::from_millis(20));
        }
    }

    /// Starts a KeePassXC, which makes its database when there is none. It is locked unless `unlock` says otherwise.
    pub(crate) fn start_keepassxc(&mut self, unlock: bool) {
        let database = self.dir.path().join("home/secrets.kdbx");
        if !database.exists() {
            self.make_database(&database);
        }
        let mut program = self.command("keepassxc");
        if unlock {
            program.arg("--pw-stdin");
        }
        let mut daemon = program
            .arg(&database)
            .env("QT_QPA_PLATFORM", "offscreen")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("keepassxc must be installed");
        daemon.stdin.take().unwrap().write_all(b"password\n").unwrap();
        self.daemon = Some(daemon);
        let started = Instant::now();
        while !self.is_owned() {
            assert!(started.elapsed() < Duration::from_secs(30), "KeePassXC did not start");
            sleep(Duration::from_millis(20));
        }
    }

    /// A database whose only group is offered to other programs.
    fn make_database(&self, path: &Path) {
        let folder = self.dir.path().join("home/.config/keepassxc");
        fs::create_dir_all(&folder).unwrap();
        let settings = "[General]\nConfigVersion=2\nUpdateCheckMessageShown=true\nSingleInstance=false\n\
                        [FdoSecrets]\nEnabled=true\nConfirmAccessItem=false\nConfirmDeleteItem=false\n\
                        ShowNotification=false\n";
        fs::write(folder.join("keepassxc.ini"), settings).unwrap();
        let xml = path.with_extension("xml");
        fs::write(&xml, DATABASE).unwrap();
        let mut make = self.command("keepassxc-cli");
        make.args(["import", "-p"]).arg(&xml).arg(path).env("QT_QPA_PLATFORM", "offscreen");
        make.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = make.spawn().expect("keepassxc-cli must be installed");
        child.stdin.take().unwrap().write_all(b"password\npassword\n").unwrap();
        assert!(child.wait().unwrap().success());
    }

    /// Whether a keyring is there.
    pub(crate) fn is_owned(&self) -> bool {
        self.ask_bus("NameHasOwner").contains("boolean true")
    }

    /// What the bus says about the keyring's name.
    fn ask_bus(&self, question: &str) -> String {
        let question = format!("org.freedesktop.DBus.{question}");
        let call = self
            .command("dbus-send")
            .args(["--session", "--print-reply", "--dest=org.freedesktop.DBus", "/"])
            .args([&question, "string:org.freedesktop.secrets"])
            .output();
        String::from_utf8_lossy(&call.unwrap().stdout).into_owned()
    }

    /// `program` on this desk and nowhere else.
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = at_home(self.dir.path(), program);
        command.env("DBUS_SESSION_BUS_ADDRESS", &self.address);
        command
    }

    /// Sends `signal` to the daemon.
    pub(crate) fn signal(&self, signal: &str) {
        let pid = self.daemon.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &pid]).status().unwrap().success());
    }

    /// From now on the daemon can write no keyring.
    pub(crate) fn deny(&mut self) {
        // Root may write to any directory, and may trace the daemon; nobody else either.
        if fs::set_permissions(self.keyrings(), Permissions::from_mode(0o500)).is_ok()
            && !is_writable(&self.keyrings())
        {
            return;
        }
        let pid = self.daemon.as_ref().unwrap().id().to_string();
        let mut strace = Command::new("strace");
        strace.args(["-f", "-o", "/dev/null", "-e", "inject=rename:error=EROFS", "-p", &pid]);
        self.denier = Some(strace.stderr(Stdio::null()).spawn().unwrap());
        let status = format!("/proc/{pid}/status");
        while fs::read_to_string(&status).unwrap().contains("TracerPid:\t0\n") {
            sleep(Duration::from_millis(5));
        }
    }

    /// It can again.
    pub(crate) fn allow(&mut self) {
        fs::set_permissions(self.keyrings(), Permissions::from_mode(0o700)).unwrap();
        if let Some(mut strace) = self.denier.take() {
            let pid = strace.id().to_string();
            assert!(Command::new("kill").args(["-s", "TERM", &pid]).status().unwrap().success());
            strace.wait().unwrap();
        }
    }

    /// Kills the daemon, and waits until it is gone from the bus.
    pub(crate) fn kill(&mut self) {
        let mut daemon = self.daemon.take().unwrap();
        daemon.kill().unwrap();
        daemon.wait().unwrap();
        while self.is_owned() {
            sleep(Duration::from_millis(5));
        }
    }

    /// Locks the keyring by starting its daemon anew without the password.
    pub(crate) fn lock(&mut self) {
        self.kill();
        self.start(None);
    }

    /// Starts the daemon anew with the password, whoever started the one that is there.
    pub(crate) fn restart(&mut self) {
        if self.daemon.is_some() {
            self.kill();
        }
        if self.is_owned() {
            let pid = self.ask_bus("GetConnectionUnixProcessID");
            let pid = pid.split_whitespace().last().unwrap();
            assert!(Command::new("kill").args(["-s", "KILL", pid]).status().unwrap().success());
        }
        while self.is_owned() {
            sleep(Duration::from_millis(5));
        }
        self.start(Some("password"));
    }

    /// The store on this desk as an unattended program opens it.
    pub(crate) fn store(&self) -> SecretService {
        self.store_as(|_| (), Box::new(|text| panic!("said `{text}`")))
    }

    /// The store on this desk with other settings.
    pub(crate) fn store_as(
        &self,
        change: impl FnOnce(&mut SecretServiceOptions),
        notice: Notice,
    ) -> SecretService {
        let mut settings = SecretServiceOptions {
            address: Some(self.address.clone()),
            service: "entrada".to_owned(),
            session: KeyringSession::Plain,
            interaction: Interaction::Forbidden,
            limits: Limits::default(),
            termination_signal: || None,
            item_paths: None,
        };
        change(&mut settings);
        SecretService::new(settings, notice)
    }

    /// The keyring's files.
    pub(crate) fn keyrings(&self) -> std::path::PathBuf {
        Path::new(self.dir.path()).join("home/data/keyrings")
    }
}

fn is_writable(dir: &Path) -> bool {
    let probe = dir.join("probe");
    fs::write(&probe, "").and_then(|()| fs::remove_file(&probe)).is_ok()
}

/// `program` with nothing but a home in `dir`.
fn at_home(dir: &Path, program: impl AsRef<std::ffi::OsStr>) -> Command {
    let home = dir.join("home");
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("XDG_RUNTIME_DIR", dir.join("run"))
        .env("XDG_DATA_HOME", home.join("data"))
        .env("TMPDIR", dir.join("tmp"))
        .env("HOME", home);
    command
}

impl Drop for Desk {
    fn drop(&mut self) {
        for child in self.denier.iter_mut().chain(&mut self.daemon).chain([&mut self.bus]) {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
