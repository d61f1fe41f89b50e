//! Signals while a refresh is under way, with real processes: the provider revokes refresh tokens that are used twice, so
//! that an answer that nobody stores is a sign-in that is lost.

use std::os::unix::fs::OpenOptionsExt as _;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use entrada_emulator::RefreshFault;
use rustix::process::{Pid, Signal, kill_process};

use crate::desk::Desk;
use crate::program::{ENTRADA, Emulation, Ended, Running, run, start, within};

struct User {
    desk: Desk,
    entra: Emulation,
}

impl User {
    fn new() -> Self {
        let user = Self { desk: Desk::bare(), entra: Emulation::new("rotate-and-revoke") };
        run(user.entrada("login").arg("-q")).with(0);
        user
    }

    fn entrada(&self, command: &str) -> Command {
        let mut entrada = self.desk.command(ENTRADA);
        entrada
            .arg(command)
            .envs(self.entra.settings())
            .env("ENTRADA_STORE", "file")
            .env("ENTRADA_STORE_KEY", "5e".repeat(32));
        entrada
    }

    /// A refresh that the authority has got, and whose answer takes `late`.
    fn refreshes(&self, late: Duration) -> Running {
        let before = self.posts();
        self.entra.emulator.inject_faults([RefreshFault::Late(late)]);
        let running = start(self.entrada("token").arg("--force-refresh"));
        within("the request", || (before < self.posts()).then_some(()));
        running
    }

    fn posts(&self) -> usize {
        self.entra.posts("refresh_token")
    }

    /// `ended` printed nothing, and the grant that it brought is stored.
    fn lost_nothing(&self, ended: &Ended, code: i32) {
        assert_eq!((ended.code, ended.out.as_str()), (Some(code), ""), "{ended:#?}");
        let before = self.posts();
        run(self.entrada("token").arg("--force-refresh")).with(0);
        assert_eq!(self.posts(), before + 1);
    }
}

#[test]
fn a_signal_waits_until_the_answer_is_stored() {
    for (signal, code) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
        let user = User::new();
        let running = user.refreshes(Duration::from_secs(2));
        running.signal(signal);
        user.lost_nothing(&running.end(), code);
    }
}

#[test]
fn a_second_signal_ends_the_program_at_once() {
    let user = User::new();
    let running = user.refreshes(Duration::from_secs(25));
    running.signal("TERM");
    running.hear("entrada stops when");
    // Closer together they are one.
    sleep(Duration::from_millis(200));
    let told = Instant::now();
    running.signal("INT");
    let ended = running.end();
    assert_eq!((ended.code, ended.out.as_str()), (Some(130), ""), "{ended:#?}");
    assert!(told.elapsed() < Duration::from_secs(10), "{:?}", told.elapsed());
}

#[test]
fn two_signals_at_once_are_one() {
    let user = User::new();
    let running = user.refreshes(Duration::from_secs(2));
    // As a service manager sends them; `timeout`, and a terminal that closes, send the same one twice.
    for signal in [Signal::TERM, Signal::HUP] {
        kill_process(Pid::from_raw(running.pid()).unwrap(), signal).unwrap();
    }
    let ended = running.end();
    assert_eq!(ended.err.matches("entrada stops when").count(), 1, "{ended:#?}");
    let first = ended.code.filter(|code| [129, 143].contains(code)).unwrap();
    user.lost_nothing(&ended, first);
}

/// Sends Ctrl-C to `entrada doctor`, which has asked the authority already, once `waits` is so.
fn interrupted(mut doctor: Command, waits: impl FnMut() -> Option<()>) {
    let running = start(&mut doctor);
    within("the wait", waits);
    let sent = Instant::now();
    running.signal("INT");
    let ended = running.end();
    assert_eq!((ended.code, ended.out.as_str()), (Some(130), ""), "{ended:#?}");
    assert!(sent.elapsed() < Duration::from_secs(3), "{:?}", sent.elapsed());
}

#[test]
fn a_silent_keyring_is_no_finding_of_a_doctor_that_is_interrupted() {
    let user = User::new();
    let path = user.desk.dir.path().join("silent");
    let bus = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let mut doctor = user.entrada("doctor");
    doctor
        .env("ENTRADA_STORE", "keyring")
        .env("DBUS_SESSION_BUS_ADDRESS", format!("unix:path={}", path.display()));
    bus.set_nonblocking(true).unwrap();
    let mut asked = None;
    interrupted(doctor, || {
        asked = asked.take().or_else(|| bus.accept().ok());
        asked.as_ref().map(drop)
    });
}

#[test]
fn a_signal_ends_a_program_that_waits_for_a_lock() {
    let user = User::new();
    let lock = user.desk.dir.path().join("home/.local/state/entrada/doctor.lock");
    let mut options = std::fs::File::options();
    let held = options.create(true).write(true).mode(0o600).open(lock).unwrap();
    held.lock().unwrap();
    let before = user.entra.emulator.log().len();
    interrupted(user.entrada("doctor"), || {
        (before < user.entra.emulator.log().len()).then(|| sleep(Duration::from_secs(1)))
    });
}
