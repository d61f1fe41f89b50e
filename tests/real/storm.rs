//! Many processes that want a token at once, some of them killed, and what must hold whatever happens.
//!
//! The driver knows its clients as command lines and the server by its log; it knows nothing of how they work. So that it is
//! known to find something, a client without a lock goes through it too, and must fail.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use entrada_emulator::{FaultReply, RefreshFault};

use crate::desk::Desk;
use crate::program::{ENTRADA, Emulation, assert_silent, files, run};

/// How long a wave may take before it counts as hung.
const PATIENCE: Duration = Duration::from_secs(60);

/// How late a server answers that is late.
const LATE: Duration = Duration::from_millis(200);

/// What happens to an old refresh token when a new one is given out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Policy {
    /// It stays good, as Entra's do.
    Keep,
    /// It dies, and to use it again revokes the grant.
    Revoke,
}

/// One client, many times.
struct Storm {
    desk: Desk,
    entra: Emulation,
    policy: Policy,
    client: Client,
    random: u64,
}

enum Client {
    /// entrada, with its grants in this store.
    Entrada(&'static str),
    /// A script with a file and without a lock.
    Naive,
}

/// A number that the one who runs this may set.
fn setting(name: &str, usual: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// Adds a line to the file that `STORM_REPORT` names, for whoever measures.
fn report(line: &serde_json::Value) {
    if let Some(path) = std::env::var_os("STORM_REPORT") {
        let mut file = fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
        writeln!(file, "{line}").unwrap();
    }
}

/// The program: that of this build, unless another is named.
fn entrada() -> String {
    std::env::var("ENTRADA_UNDER_TEST").unwrap_or_else(|_| ENTRADA.to_owned())
}

/// What became of one wave.
#[derive(Debug, Default)]
struct Wave {
    /// Exit code and output of each that was not killed.
    ends: Vec<(Option<i32>, String)>,
    killed: usize,
    troubles: usize,
    posts: usize,
    granted: usize,
    refused: usize,
    took: Duration,
}

impl Storm {
    fn new(client: Client, policy: Policy) -> Self {
        let keyring = matches!(client, Client::Entrada("keyring"));
        let desk = if keyring { Desk::unlocked() } else { Desk::bare() };
        let scenario = match policy {
            Policy::Keep => "auto-approve",
            Policy::Revoke => "rotate-and-revoke",
        };
        let storm = Self { desk, entra: Emulation::new(scenario), policy, client, random: 7 };
        storm.sign_in();
        storm
    }

    fn sign_in(&self) {
        let login = crate::program::start(self.entrada().arg("login"));
        if self.policy == Policy::Revoke {
            let code = login.hear("enter ");
            assert!(self.entra.emulator.approve(&code, "ada@contoso.example"));
        }
        login.end().with(0);
    }

    fn entrada(&self) -> Command {
        let mut command = self.desk.command(entrada());
        let store = match self.client {
            Client::Entrada(store) => store,
            Client::Naive => "file",
        };
        command
            .envs(self.entra.settings())
            .env("ENTRADA_STORE", store)
            .env("ENTRADA_STORE_KEY", "5e".repeat(32));
        command
    }

    fn one(&self) -> Command {
        match self.client {
            Client::Entrada(_) => {
                let mut command = self.entrada();
                command.arg("token");
                command
            }
            Client::Naive => {
                let mut command = self.desk.command("sh");
                command.arg(self.naive()).envs(self.entra.settings());
                command
            }
        }
    }

    /// A script as people write it: a file with the refresh token, read, spent and written.
    fn naive(&self) -> PathBuf {
        let path = self.desk.dir.path().join("home/naive.sh");
        let script = r#"cd "$HOME"
answer=$(curl -sS "$ENTRADA_AUTHORITY/organizations/oauth2/v2.0/token" -d grant_type=refresh_token \
    -d "client_id=$ENTRADA_CLIENT_ID" -d scope=https://graph.microsoft.com/Mail.Read --data-urlencode "refresh_token@refresh")
case $answer in *'"access_token"'*) ;; *) exit 3 ;; esac
printf %s "$answer" | sed 's/.*"refresh_token":"\([^"]*\)".*/\1/' | tr -d '\n' >refresh
printf '%s\n' "$answer" | sed 's/.*"access_token":"\([^"]*\)".*/\1/'
"#;
        fs::write(&path, script).unwrap();
        path
    }

    /// Makes what is stored run out, with one undisturbed refresh.
    fn expire(&self) {
        self.entra.emulator.inject_faults([RefreshFault::ShortLived]);
        run(self.entrada().args(["token", "--force-refresh"])).with(0);
        if let Client::Naive = self.client {
            let secrets = self.entra.emulator.secrets();
            let newest = secrets.iter().rev().find(|secret| secret.starts_with("1.")).unwrap();
            fs::write(self.desk.dir.path().join("home/refresh"), newest).unwrap();
        }
        // A token that lives a second is dead after two, whatever part of a second it was born in.
        sleep(Duration::from_secs(2));
    }

    /// Starts `count` clients at once, and kills `kills` of them at moments of their own.
    fn wave(&mut self, count: usize, kills: usize, troubles: &[RefreshFault]) -> Wave {
        self.expire();
        self.entra.emulator.inject_faults(troubles.iter().copied());
        let before = self.entra.emulator.log().len();
        let started = Instant::now();
        let mut children: Vec<(Child, bool)> = (0..count)
            .map(|_| {
                let mut one = self.one();
                one.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
                (one.spawn().unwrap(), false)
            })
            .collect();
        // Within the time that the work takes, most of it at its beginning.
        let mut moments: Vec<u64> = (0..kills).map(|_| self.random() % 300).collect();
        moments.sort_unstable();
        for moment in moments {
            let moment = Duration::from_millis(moment);
            sleep(moment.saturating_sub(started.elapsed()));
            // Somebody who is still at it.
            let first = usize::try_from(self.random()).unwrap() % count;
            let (before, after) = children.split_at_mut(first);
            let mut alive = after.iter_mut().chain(before).filter(|(_, killed)| !killed);
            let victim = alive.find_map(|(child, killed)| {
                child.try_wait().unwrap().is_none().then_some((child, killed))
            });
            if let Some((child, killed)) = victim {
                child.kill().unwrap();
                *killed = true;
            }
        }
        let mut wave = Wave { troubles: troubles.len(), ..Wave::default() };
        let mut errors = Vec::new();
        for (mut child, killed) in children {
            while child.try_wait().unwrap().is_none() {
                if PATIENCE < started.elapsed() {
                    child.kill().unwrap();
                }
                sleep(Duration::from_millis(1));
            }
            let output = child.wait_with_output().unwrap();
            if killed {
                wave.killed += 1;
                continue;
            }
            let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
            wave.ends.push((output.status.code(), text(output.stdout)));
            errors.push(text(output.stderr));
        }
        wave.took = started.elapsed();
        let secrets = self.entra.emulator.secrets();
        assert_silent("what is said", errors.concat().as_bytes(), &secrets);
        for line in self.entra.emulator.log().iter().skip(before) {
            if line.grant_type == Some("refresh_token") {
                wave.posts += 1;
                wave.granted += usize::from(line.status == Some(200));
                wave.refused += usize::from(line.error.is_some());
            }
        }
        wave
    }

    /// What does not hold of what must.
    fn faults(&self, wave: &Wave) -> Vec<String> {
        let mut faults = Vec::new();
        let mut hold = |holds: bool, what: &str| {
            if !holds {
                faults.push(what.to_owned());
            }
        };
        let losses = wave.killed + wave.troubles;
        let codes: BTreeSet<_> = wave.ends.iter().map(|(code, _)| *code).collect();
        let tokens: BTreeSet<_> =
            wave.ends.iter().filter(|(code, _)| *code == Some(0)).map(|(_, out)| out).collect();
        hold(wave.posts <= 1 + losses, "one request for each expiry, kill and fault");
        hold(wave.granted <= 1 + losses, "one new token for each expiry, kill and fault");
        hold(tokens.len() <= 1 + losses, "one token for all");
        hold(wave.took < PATIENCE, "an end in time");
        if losses == 0 {
            hold(wave.posts == 1, "exactly one request");
            hold(codes == BTreeSet::from([Some(0)]), "success for all");
            hold(wave.refused == 0, "no refresh token used twice");
        }
        match self.policy {
            Policy::Keep => hold(!codes.contains(&Some(3)), "nobody sent back to sign in"),
            // After a loss that cannot be helped: one process finds out, and the others hear of it.
            Policy::Revoke => hold(wave.refused <= 1, "a dead token sent once"),
        }
        let odd = codes.iter().any(|code| ![Some(0), Some(3), Some(6)].contains(code));
        hold(!odd, "a clean end for everyone who was not killed");
        faults
    }

    /// The next undisturbed run: one request, with the last refresh token that was given out. After a loss that could not
    /// be helped, one sign-in repairs everything.
    fn settles(&self) {
        let posts = self.entra.posts("refresh_token");
        let end = run(self.entrada().args(["token", "--force-refresh"]));
        if self.policy == Policy::Revoke && end.code == Some(3) {
            self.sign_in();
            run(self.entrada().args(["token", "--force-refresh"])).with(0);
            return;
        }
        end.with(0);
        assert_eq!(self.entra.posts("refresh_token"), posts + 1, "with the last refresh token");
    }

    /// Nothing of a secret on the disk, outside a keyring.
    fn leaves_nothing(&self) {
        let secrets = self.entra.emulator.secrets();
        for (path, bytes) in files(self.desk.dir.path()) {
            assert_silent(&path.display().to_string(), &bytes, &secrets);
        }
    }

    fn random(&mut self) -> u64 {
        self.random =
            self.random.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        self.random >> 33
    }
}

#[test]
fn all_who_come_at_once_get_one_token_by_one_request() {
    let count = setting("STORM_CLIENTS", 60);
    for store in ["file", "keyring"] {
        for policy in [Policy::Keep, Policy::Revoke] {
            let mut storm = Storm::new(Client::Entrada(store), policy);
            for troubles in [&[][..], &[RefreshFault::Late(LATE)]] {
                let mut wave = storm.wave(count, 0, troubles);
                // A late answer is no loss.
                wave.troubles = 0;
                assert_eq!(storm.faults(&wave), [""; 0], "{store} {policy:?}: {wave:#?}");
                report(&serde_json::json!({
                    "store": store,
                    "policy": format!("{policy:?}"),
                    "count": count,
                    "late": !troubles.is_empty(),
                    "milliseconds": u64::try_from(wave.took.as_millis()).unwrap(),
                    "requests": wave.posts,
                }));
            }
            storm.settles();
            storm.leaves_nothing();
        }
    }
}

#[test]
fn whoever_is_killed_costs_the_others_nothing() {
    let (count, kills) = (setting("STORM_CLIENTS", 30), setting("STORM_KILLS", 10));
    let rounds = setting("STORM_ROUNDS", 3);
    for store in ["file", "keyring"] {
        for policy in [Policy::Keep, Policy::Revoke] {
            let mut storm = Storm::new(Client::Entrada(store), policy);
            let (mut killed, mut lost, mut slowest) = (0, 0, Duration::ZERO);
            for round in 0..rounds {
                // Late, so that most of them are still there to be killed.
                let mut wave = storm.wave(count, kills, &[RefreshFault::Late(2 * LATE)]);
                wave.troubles = 0;
                assert_eq!(storm.faults(&wave), [""; 0], "{store} {policy:?} {round}: {wave:#?}");
                killed += wave.killed;
                lost += usize::from(wave.ends.iter().any(|(code, _)| *code == Some(3)));
                slowest = slowest.max(wave.took);
                storm.settles();
            }
            storm.leaves_nothing();
            report(&serde_json::json!({
                "store": store,
                "policy": format!("{policy:?}"),
                "count": count,
                "rounds": rounds,
                "killed": killed,
                "sign_ins_lost": lost,
                "milliseconds": u64::try_from(slowest.as_millis()).unwrap(),
            }));
        }
    }
}

#[test]
fn those_who_wait_share_a_failure_and_ask_nobody_again() {
    let mut storm = Storm::new(Client::Entrada("file"), Policy::Keep);
    for failure in [FaultReply::Unavailable, FaultReply::Cut] {
        // More than all of them could meet, if each tried for itself: three requests each.
        let count = setting("STORM_CLIENTS", 30);
        let wave = storm.wave(count, 0, &vec![RefreshFault::Before(failure); 3 * count]);
        storm.entra.emulator.clear_faults();
        // Who comes after a failure makes a new attempt; those who waited for one do not.
        assert!(wave.posts <= count, "{failure:?}: {wave:#?}");
        assert!(wave.ends.iter().all(|(code, _)| *code == Some(6)), "{failure:?}: {wave:#?}");
        storm.settles();
    }
}

#[test]
fn a_client_without_a_lock_is_found_out() {
    for policy in [Policy::Keep, Policy::Revoke] {
        let mut storm = Storm::new(Client::Naive, policy);
        let wave = storm.wave(10, 0, &[]);
        let faults = storm.faults(&wave);
        assert!(faults.contains(&"exactly one request".to_owned()), "{policy:?}: {wave:#?}");
        if policy == Policy::Revoke {
            assert!(faults.contains(&"no refresh token used twice".to_owned()), "{wave:#?}");
        }
    }
}

#[test]
fn whoever_waits_for_another_ends_in_time_or_when_it_is_told_to() {
    let storm = Storm::new(Client::Entrada("file"), Policy::Keep);
    storm.expire();
    storm.entra.emulator.inject_faults([RefreshFault::Before(FaultReply::Hang)]);
    let posts = storm.entra.posts("refresh_token");
    let first = crate::program::start(&mut storm.one());
    crate::program::within("the request", || {
        (posts < storm.entra.posts("refresh_token")).then_some(())
    });
    let waiting = |signal: &str| {
        let second = crate::program::start(&mut storm.one());
        // Long enough to come to the lock, and to look at it again and again.
        sleep(Duration::from_secs(1));
        second.signal(signal);
        second.end()
    };
    for (signal, code) in [("TERM", 143), ("INT", 130), ("HUP", 129)] {
        let ended = waiting(signal).with(code);
        assert_eq!(ended.out, "", "{signal}");
    }
    let late = run(storm.one().args(["--lock-timeout", "1s"])).with(9);
    assert!(late.err.contains("another process (pid "), "{}", late.err);
    assert_eq!(storm.entra.posts("refresh_token"), posts + 1, "one has asked");
    // The holder is killed: its lock is no obstacle.
    first.signal("KILL");
    first.end();
    run(&mut storm.one()).with(0);
}
