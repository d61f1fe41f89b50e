//! The program with a real gnome-keyring, against the emulator on a real port: whole commands, as a user types them.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::desk::Desk;
use crate::program::{
    ENTRADA, Emulation, Ended, Running, assert_not_on_disk, assert_silent, files, run, start,
};

const USER: &str = "ada@contoso.example";

/// A user of the program at `desk`.
struct User {
    desk: Desk,
    entra: Emulation,
}

impl User {
    fn new(desk: Desk, scenario: &str) -> Self {
        Self { desk, entra: Emulation::new(scenario) }
    }

    fn signed_in(desk: Desk) -> Self {
        let user = Self::new(desk, "auto-approve");
        user.run(&["login"]).with(0);
        user
    }

    fn entrada(&self, arguments: &[&str]) -> Command {
        let mut command = self.desk.command(ENTRADA);
        command.args(arguments).arg("-vv").envs(self.entra.settings());
        command
    }

    /// Runs it at the highest verbosity, and hears no secret.
    fn run(&self, arguments: &[&str]) -> Ended {
        self.start(arguments).end_of(self)
    }

    fn start(&self, arguments: &[&str]) -> Running {
        start(&mut self.entrada(arguments))
    }

    fn secrets(&self) -> Vec<String> {
        self.entra.emulator.secrets()
    }

    /// How many requests of any kind there were.
    fn requests(&self) -> usize {
        self.entra.emulator.log().len()
    }

    /// What `secret-tool` finds for the account of `entrada accounts`.
    fn stored(&self) -> String {
        let listed = self.run(&["accounts", "--output", "json"]).with(0).out;
        let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
        let entry = &listed["accounts"][0];
        let part = |name: &str| entry[name].as_str().unwrap().to_owned();
        let name = ["authority", "tenant", "client_id", "account"].map(part).join("|");
        let mut tool = self.desk.command("secret-tool");
        run(tool.args(["lookup", "service", "entrada", "account", &name])).out
    }

    /// The member of that name in what is stored.
    fn stored_member(&self, name: &str) -> String {
        let text = self.stored();
        let (_, json) = text.split_once('\n').unwrap();
        let record: serde_json::Value = serde_json::from_str(json).unwrap();
        record[name].as_str().unwrap().to_owned()
    }
}

impl Running {
    fn end_of(self, user: &User) -> Ended {
        let ended = self.end();
        assert_silent("what is said", ended.err.as_bytes(), &user.secrets());
        ended
    }
}

#[test]
fn the_grant_is_in_the_keyring_and_nowhere_else() {
    let user = User::new(Desk::unlocked(), "rotate-and-revoke");
    let login = user.start(&["login"]);
    let code = login.hear("enter ");
    assert!(user.entra.emulator.approve(&code, USER));
    let login = login.end_of(&user).with(0).saying("kept in gnome-keyring, refresh token included");
    assert_eq!(login.out, "");
    let first = user.stored_member("refresh_token");
    let token = user.run(&["token"]).with(0).line();
    assert!(user.stored().contains(&token));
    user.run(&["token", "--force-refresh"]).with(0);
    let second = user.stored_member("refresh_token");
    assert_ne!(first, second);
    let secrets = user.secrets();
    for secret in [&first, &second, &token] {
        assert!(secrets.contains(secret), "the emulator issued it");
    }
    assert_not_on_disk(user.desk.dir.path(), &secrets);
    for output in ["human", "json"] {
        for command in ["status", "accounts"] {
            let shown = user.run(&[command, "--output", output]).with(0).out;
            assert!(shown.contains(USER), "{shown}");
            assert_silent(command, shown.as_bytes(), &secrets);
        }
    }
    user.run(&["logout"]).with(0).saying("forgot ada@contoso.example");
    let mut tool = user.desk.command("secret-tool");
    let left = run(tool.args(["search", "--all", "service", "entrada"]));
    // The key for grants kept aside may stay; it opens nothing.
    assert_silent("the keyring", left.out.as_bytes(), &secrets);
    user.run(&["token"]).with(3);
}

#[test]
fn a_locked_keyring_says_what_to_do_and_costs_no_request() {
    let mut user = User::signed_in(Desk::unlocked());
    let token = user.run(&["token"]).with(0).line();
    let before = user.requests();
    user.desk.lock();
    let started = Instant::now();
    for arguments in [
        &["token"][..],
        &["token", "--force-refresh"],
        &["login"],
        &["status"],
        &["logout"],
        &["token", "--account", USER],
    ] {
        let ended = user.run(arguments).with(7).saying("it is locked").saying("help: unlock it");
        assert_eq!(ended.out, "", "{arguments:?}");
    }
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    assert_eq!(user.requests(), before, "nothing was sent");
    user.desk.kill();
    user.desk.start(Some("password"));
    assert_eq!(user.run(&["token"]).with(0).line(), token);
}

#[test]
fn without_a_bus_or_a_keyring_on_it_nothing_is_sent_and_the_ways_out_are_named() {
    let user = User::signed_in(Desk::unlocked());
    let before = user.requests();
    let no_bus = |command: &mut Command| {
        command.env_remove("DBUS_SESSION_BUS_ADDRESS");
    };
    let dead_bus = |command: &mut Command| {
        command.env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere/bus");
    };
    let other_bus = Desk::bare();
    let no_keyring = |command: &mut Command| {
        command.env("DBUS_SESSION_BUS_ADDRESS", &other_bus.address);
    };
    let homeless = tempfile::tempdir().unwrap();
    let changes: [&dyn Fn(&mut Command); 3] = [&no_bus, &dead_bus, &no_keyring];
    for change in changes {
        for arguments in [&["token"][..], &["token", "--force-refresh"], &["login"], &["logout"]] {
            // For one who is signed in, and for one who never was.
            for fresh in [false, true] {
                if fresh && arguments == ["logout"] {
                    continue;
                }
                let mut command = user.entrada(arguments);
                change(&mut command);
                if fresh {
                    command.env("HOME", homeless.path()).env_remove("XDG_DATA_HOME");
                }
                let ended =
                    run(&mut command).with(7).saying("start a keyring").saying("--store file");
                assert_silent("what is said", ended.err.as_bytes(), &user.secrets());
            }
        }
    }
    assert_eq!(user.requests(), before, "nothing was sent");
    user.run(&["token"]).with(0);
}

/// The keyring goes away after the code was shown and comes back after the token was issued.
fn a_sign_in_survives(desk: Desk, meanwhile: impl FnOnce(&mut Desk), while_down: &str) {
    let mut user = User::new(desk, "normal");
    let login = user.start(&["login"]);
    let code = login.hear("enter ");
    meanwhile(&mut user.desk);
    assert!(user.entra.emulator.approve(&code, USER));
    let ended = login
        .end_of(&user)
        .with(7)
        .saying("the grant was not stored")
        .saying("it is kept, encrypted, in ")
        .saying("help: unlock or restart the store");
    assert_eq!(ended.out, "");
    assert_not_on_disk(user.desk.dir.path(), &user.secrets());
    let before = user.requests();
    user.run(&["token"]).with(7).saying(while_down);
    assert_eq!(user.requests(), before);

    user.desk.restart();
    let token = user.run(&["token"]).with(0).line();
    assert!(user.secrets().contains(&token));
    assert_eq!(user.requests(), before, "the token that was issued, and no other");
    user.run(&["token", "--force-refresh"]).with(0);
    user.desk.restart();
    user.run(&["token", "--force-refresh"]).with(0);
    assert_eq!(user.entra.posts("refresh_token"), 2);
    let waiting = files(user.desk.dir.path()).into_iter().map(|(path, _)| path);
    let waiting: Vec<_> = waiting.filter(|path| path.iter().any(|p| p == "pending")).collect();
    assert!(waiting.is_empty(), "{waiting:?}");
}

#[test]
fn a_sign_in_survives_a_keyring_that_is_killed_under_it() {
    a_sign_in_survives(Desk::unlocked(), Desk::kill, "no program provides");
}

#[test]
fn a_sign_in_survives_a_keyring_that_is_locked_under_it() {
    a_sign_in_survives(Desk::unlocked(), Desk::lock, "it is locked");
}

#[test]
fn a_sign_in_survives_a_keyring_that_the_bus_starts_anew_and_locked() {
    let mut desk = Desk::activating();
    desk.start(Some("password"));
    a_sign_in_survives(desk, Desk::kill, "it is locked");
}

#[test]
fn a_frozen_keyring_is_given_up_before_anything_is_sent() {
    let user = User::signed_in(Desk::unlocked());
    let before = user.requests();
    user.desk.signal("STOP");
    let started = Instant::now();
    user.run(&["token", "--force-refresh"]).with(7).saying("did not answer within 5 s");
    assert!(started.elapsed() < Duration::from_secs(12), "{:?}", started.elapsed());
    user.desk.signal("CONT");
    assert_eq!(user.requests(), before);
    user.run(&["token"]).with(0);
}

#[test]
fn the_emulator_is_a_program_of_its_own_too() {
    let desk = Desk::unlocked();
    let mut command = desk.command(ENTRADA);
    let emulator = start(command.args(["emulator", "--port", "0", "--scenario", "auto-approve"]));
    let called = emulator.hear("entrada login --authority ");
    let base = called.split(' ').next().unwrap();
    let entrada = |arguments: &[&str]| {
        let mut command = desk.command(ENTRADA);
        command.args(arguments).args(["--authority", base, "--tenant", "organizations"]);
        command.args(["--client-id", "11111111-2222-4333-8444-555555555555"]);
        run(&mut command).with(0)
    };
    entrada(&["login"]);
    let token = entrada(&["token"]).line();
    assert_ne!(entrada(&["token", "--force-refresh"]).line(), token);
    // Its log is shown twice a second.
    emulator.hear_of(" refresh_token");
    emulator.signal("INT");
    let ended = emulator.end().with(0);
    assert_eq!(ended.out.trim(), base);
    let log = ended.err;
    assert_eq!(log.matches(" refresh_token").count(), 1, "{log}");
    assert!(!log.contains(&token), "{log}");
}

#[test]
fn an_interrupt_ends_the_wait_for_a_frozen_keyring_and_loses_nothing() {
    let user = User::new(Desk::unlocked(), "normal");
    let login = user.start(&["login"]);
    let code = login.hear("enter ");
    user.desk.signal("STOP");
    assert!(user.entra.emulator.approve(&code, USER));
    // After the code, the token and the keys that its ID token is proved with, only the keyring is waited for.
    login.hear_again("< 200 OK", 3);
    login.signal("INT");
    let ended = login.end_of(&user).with(130).saying("it is kept, encrypted, in ");
    assert!(!ended.err.contains("did not answer within"), "waited to the end: {ended:#?}");
    user.desk.signal("CONT");
    let before = user.requests();
    user.run(&["token"]).with(0);
    assert_eq!(user.requests(), before, "the token that was issued, and no other");
}

/// A socket that a program of another user listens on, and nothing else is wrong with.
const LISTENER: &str = "import socket, sys, os\n\
    s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen()\n\
    print('ready', flush=True)\n\
    while True:\n    c = s.accept()[0]; print(len(c.recv(9)), flush=True)\n";

#[test]
fn a_bus_of_another_user_is_told_nothing() {
    use std::io::BufRead as _;
    let id = run(Command::new("id").arg("-u")).line();
    if id != "0" {
        // Nobody else has a second user to be. The rule itself has a test of its own.
        return;
    }
    let user = User::signed_in(Desk::unlocked());
    let dir = tempfile::Builder::new().permissions(mode(0o755)).tempdir().unwrap();
    let theirs = dir.path().join("theirs");
    std::fs::create_dir(&theirs).unwrap();
    std::os::unix::fs::chown(&theirs, Some(65_534), Some(65_534)).unwrap();
    let socket = theirs.join("bus");
    let mut listener = Command::new("setpriv");
    listener.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]);
    listener.args(["/usr/bin/python3", "-c", LISTENER]).arg(&socket);
    let mut listener = Ending(listener.stdout(Stdio::piped()).spawn().unwrap());
    let mut heard = std::io::BufReader::new(listener.0.stdout.take().unwrap()).lines();
    assert_eq!(heard.next().unwrap().unwrap(), "ready");
    let shown = socket.to_string_lossy().into_owned();
    let addresses =
        [format!("unix:path={shown}"), format!("unix:path={shown},guid={}", "0".repeat(32))];
    let by_address = addresses.map(|address| vec![("DBUS_SESSION_BUS_ADDRESS", address)]);
    let by_dir = vec![("XDG_RUNTIME_DIR", theirs.to_string_lossy().into_owned())];
    // Their name for it, and then the name given to us: whoever listens is still another.
    for owner in [65_534, 0] {
        std::os::unix::fs::chown(&socket, Some(owner), Some(owner)).unwrap();
        for variables in by_address.iter().chain([&by_dir]) {
            let before = user.requests();
            for arguments in [&["token"][..], &["login"], &["logout"]] {
                let mut command = user.entrada(arguments);
                command.env_remove("DBUS_SESSION_BUS_ADDRESS").envs(variables.iter().cloned());
                run(&mut command)
                    .with(7)
                    .saying("belongs to another user (uid 65534)")
                    .saying("help: use a session of your own");
                assert_eq!(heard.next().unwrap().unwrap(), "0", "it was told something");
            }
            assert_eq!(user.requests(), before);
        }
    }
    user.run(&["token"]).with(0);
}

/// A program that ends with the test.
struct Ending(std::process::Child);

impl Drop for Ending {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn mode(bits: u32) -> std::fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(bits)
}
