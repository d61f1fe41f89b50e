//! The rows of the table in `docs/reliability.md` that take real processes, a real keyring, and system calls that fail.
//!
//! `strace` makes a system call fail, holds it up, or kills the program at it: that is how a fault comes at one moment.

use std::fs;
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use entrada_emulator::{FaultReply, RefreshFault};

use crate::desk::Desk;
use crate::program::{ENTRADA, Emulation, assert_silent, files, run, start, within};
use crate::shared::{Moment, Row, rows};

/// How long a system call is held up, while a fault is brought about.
const HELD: Duration = Duration::from_secs(4);

/// Somebody whose access token has run out.
struct User {
    desk: Desk,
    entra: Emulation,
    store: String,
}

impl User {
    fn new(store: &str) -> Self {
        let desk = if store == "keyring" { Desk::unlocked() } else { Desk::bare() };
        let user = Self { desk, entra: Emulation::new("auto-approve"), store: store.to_owned() };
        run(user.set(&Command::new(ENTRADA)).arg("login")).with(0);
        user.expire();
        user
    }

    fn expire(&self) {
        self.entra.emulator.inject_faults([RefreshFault::ShortLived]);
        run(self.set(&Command::new(ENTRADA)).args(["token", "--force-refresh"])).with(0);
        // A token that lives a second is dead after two, whatever part of a second it was born in.
        sleep(Duration::from_secs(2));
    }

    /// `command` in this home and no other, with the settings of this user.
    fn set(&self, command: &Command) -> Command {
        let mut own = self.desk.command(command.get_program());
        own.args(command.get_args())
            .envs(self.entra.settings())
            .env("ENTRADA_STORE", &self.store)
            .env("ENTRADA_STORE_KEY", "5e".repeat(32));
        own
    }

    /// `entrada token`, with what `strace` does to its system calls.
    fn token(&self, injections: &[String]) -> Command {
        if injections.is_empty() {
            let mut command = self.set(&Command::new(ENTRADA));
            command.arg("token");
            return command;
        }
        let mut command = Command::new("strace");
        command.args(["-f", "-o", "/dev/null"]);
        for injection in injections {
            command.arg("-e").arg(injection);
        }
        command.args([ENTRADA, "token"]);
        self.set(&command)
    }

    fn posts(&self) -> usize {
        self.entra.posts("refresh_token")
    }

    /// The numbers of the calls, counted from 1, by which a refresh reads the grant that it is about to replace, replaces it
    /// and reads it back.
    fn calls_of_a_save(&self) -> [usize; 3] {
        let log = self.desk.dir.path().join("calls");
        let mut traced = Command::new("strace");
        traced.args(["-f", "-s", "400", "-e", "trace=sendto", "-o"]).arg(&log);
        traced.args([ENTRADA, "token"]);
        run(&mut self.set(&traced)).with(0);
        let text = fs::read_to_string(&log).unwrap();
        fs::remove_file(&log).unwrap();
        let calls: Vec<&str> = text.lines().filter(|line| line.contains("sendto(")).collect();
        let set = calls.iter().position(|call| call.contains("SetSecret")).unwrap() + 1;
        assert!(calls[set - 2].contains("GetSecret") && calls[set].contains("GetSecret"), "{text}");
        self.expire();
        [set - 1, set, set + 1]
    }

    /// Stops if a secret is on the disk in the clear, or anything but the last temporary file of a killed run is left.
    fn leaves_nothing(&self) {
        let secrets = self.entra.emulator.secrets();
        for (path, bytes) in files(self.desk.dir.path()) {
            assert_silent(&path.display().to_string(), &bytes, &secrets);
            let is = |name: &str| path.components().any(|part| part.as_os_str() == name);
            assert!(!is("pending") || is(".tmp"), "{}", path.display());
        }
    }
}

/// Checks a run of `row`, mends what failed, and checks the next run.
fn check(
    row: &Row,
    mut user: User,
    ended: &crate::program::Ended,
    before: usize,
    mend: impl FnOnce(&mut User),
) {
    assert_eq!(ended.code, row.ends, "{row:?}: {ended:#?}");
    assert_eq!(user.posts() - before, row.requests, "{row:?}");
    assert_eq!(ended.out.is_empty(), row.ends != Some(0), "{row:?}");
    let secrets = user.entra.emulator.secrets();
    assert_silent("what is said", ended.err.as_bytes(), &secrets);
    mend(&mut user);
    user.entra.emulator.clear_faults();
    let before = user.posts();
    let next = run(&mut user.token(&[]));
    assert_eq!(next.code, Some(row.next_ends), "{row:?}: {next:#?}");
    assert_eq!(user.posts() - before, row.next_requests, "{row:?}: {ended:#?} {next:#?}");
    // And with the last refresh token.
    run(user.set(&Command::new(ENTRADA)).args(["token", "--force-refresh"])).with(0);
    user.leaves_nothing();
}

/// Runs each row on a thread of its own: most of their time is waiting.
fn each(faults: &[&str], store: &str, test: impl Fn(&Row) + Sync) {
    let rows: Vec<Row> = rows(faults).into_iter().filter(|row| row.store == store).collect();
    assert!(!rows.is_empty());
    std::thread::scope(|scope| {
        for row in &rows {
            scope.spawn(|| test(row));
        }
    });
}

fn killed(row: &Row) {
    let user = User::new(&row.store);
    let saves = (row.store == "keyring").then(|| user.calls_of_a_save());
    let before = user.posts();
    let at = |call: &str, number: usize| vec![format!("inject={call}:signal=KILL:when={number}")];
    let injections = match (row.moment, saves) {
        (Moment::BeforeSave, Some([_, set, _])) => at("sendto", set),
        (Moment::AfterSave, Some([_, _, back])) => at("sendto", back),
        // A file is stored when it gets its name; what follows is that the folder is made to last.
        (Moment::BeforeSave, None) => at("rename", 1),
        (Moment::AfterSave, None) => at("fsync", 2),
        (Moment::BeforeAnswer, _) => {
            user.entra.emulator.inject_faults([RefreshFault::Before(FaultReply::Hang)]);
            Vec::new()
        }
        (Moment::AfterAnswer, _) => {
            user.entra.emulator.inject_faults([RefreshFault::After(FaultReply::Hang)]);
            Vec::new()
        }
    };
    let running = start(&mut user.token(&injections));
    if injections.is_empty() {
        within("the request", || (before < user.posts()).then_some(()));
        running.signal("KILL");
    }
    check(row, user, &running.end(), before, |_| ());
}

#[test]
fn a_run_that_is_killed_loses_nothing_of_the_files() {
    each(&["killed"], "file", killed);
}

#[test]
fn a_run_that_is_killed_loses_nothing_of_the_keyring() {
    each(&["killed"], "keyring", killed);
}

#[test]
fn a_disk_that_takes_nothing_loses_nothing() {
    each(&["disk full", "disk read-only"], "file", |row| {
        let user = User::new("file");
        let error = if row.fault == "disk full" { "ENOSPC" } else { "EROFS" };
        let fails = |call: &str, when: &str| format!("inject={call}:error={error}:when={when}");
        let injections = match row.moment {
            // There is neither room to set aside nor can anything get its name.
            Moment::BeforeAnswer => vec![fails("fallocate", "1+"), fails("rename", "1+")],
            Moment::AfterAnswer => vec![fails("fsync", "1")],
            Moment::BeforeSave => vec![fails("rename", "1")],
            Moment::AfterSave => vec![fails("fsync", "2")],
        };
        let before = user.posts();
        let ended = run(&mut user.token(&injections));
        assert!(!ended.err.is_empty(), "{row:?}");
        check(row, user, &ended, before, |_| ());
    });
}

#[test]
fn a_keyring_that_fails_loses_nothing() {
    let faults = ["keyring locked", "keyring gone", "keyring refuses to write"];
    each(&faults, "keyring", |row| {
        let mut user = User::new("keyring");
        let [read, set, back] = user.calls_of_a_save();
        let before = user.posts();
        let held = |call: usize| {
            let time = HELD.as_micros();
            vec![format!("inject=sendto:delay_enter={time}:when={call}")]
        };
        let injections = match row.moment {
            Moment::BeforeAnswer => Vec::new(),
            Moment::AfterAnswer => held(read),
            Moment::BeforeSave => held(set),
            Moment::AfterSave => held(back),
        };
        let fail = |user: &mut User| match row.fault.as_str() {
            "keyring locked" => user.desk.lock(),
            "keyring gone" => user.desk.kill(),
            _ => user.desk.deny(),
        };
        if injections.is_empty() {
            fail(&mut user);
        }
        let running = start(&mut user.token(&injections));
        if !injections.is_empty() {
            within("the request", || (before < user.posts()).then_some(()));
            // It has its answer by now, and comes as far as the call that is held up.
            sleep(HELD / 4);
            fail(&mut user);
        }
        check(row, user, &running.end(), before, |user| match row.fault.as_str() {
            "keyring refuses to write" => user.desk.allow(),
            _ => user.desk.restart(),
        });
    });
}

#[test]
fn a_grant_that_stands_in_its_place_is_stored_although_no_descriptor_is_left_for_its_folder() {
    let user = User::new("file");
    let grants = user.desk.dir.path().join("home/data/entrada/grants");
    assert!(grants.is_dir(), "{}", grants.display());
    let mut command = Command::new("strace");
    command.args(["-f", "-o", "/dev/null", "-e", "inject=openat:error=EMFILE", "-P"]).arg(&grants);
    let ended = run(user.set(&command).args([ENTRADA, "token"])).with(0);
    assert!(!ended.err.contains("not stored"), "{}", ended.err);
    let pending = user.desk.dir.path().join("home/.local/state/entrada/pending/file");
    let mut kept = fs::read_dir(pending).unwrap().map(|file| file.unwrap().path());
    assert!(!kept.any(|path| path.is_file()), "{}", ended.err);
}
