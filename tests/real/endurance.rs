//! Thousands of runs of one sign-in, with faults in between: nothing grows. `benches/run endurance` raises the counts.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use entrada_auth::store::StoreKey;
use entrada_auth::{Client, StoreKind};
use entrada_core::Secret;
use entrada_emulator::{FaultReply, RefreshFault};

use crate::desk::Desk;
use crate::program::{ENTRADA, Emulation, Ended, assert_silent, files, run, start};

/// The faults of the refreshes, in turn; each with the exit code of the run that meets it.
const FAULTS: [(RefreshFault, i32); 7] = [
    (RefreshFault::None, 0),
    (RefreshFault::Before(FaultReply::Unavailable), 0),
    (RefreshFault::Before(FaultReply::Cut), 0),
    (RefreshFault::Before(FaultReply::Page), 6),
    (RefreshFault::After(FaultReply::Unavailable), 0),
    (RefreshFault::After(FaultReply::Cut), 0),
    (RefreshFault::Late(Duration::from_millis(20)), 0),
];

/// Runs before the first count: each fault was met once, and each file was made that a fault leaves.
const WARM_UP: usize = FAULTS.len();

/// KiB of secrets that the redactor of a process remembers at the most. It has as many after some 1,500 refreshes.
const REDACTOR_KIB: u64 = 4096;

/// Variables of the process that refreshes by the library.
const AUTHORITY: &str = "ENDURANCE_AUTHORITY";
const STATE: &str = "ENDURANCE_STATE";

/// A count that the environment may raise.
fn setting(name: &str, usual: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// Adds a line to the file that `ENDURANCE_REPORT` names.
fn report(line: &serde_json::Value) {
    if let Some(path) = std::env::var_os("ENDURANCE_REPORT") {
        let mut file = fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
        writeln!(file, "{line}").unwrap();
    }
}

/// What the runs left on the disk.
#[derive(Debug, PartialEq, Eq)]
struct Remains {
    files: usize,
    bytes: usize,
}

impl Remains {
    fn of(dir: &Path) -> Self {
        let files = files(dir);
        Self { bytes: files.iter().map(|(_, bytes)| bytes.len()).sum(), files: files.len() }
    }
}

struct Runs {
    desk: Desk,
    entra: Emulation,
    store: &'static str,
}

impl Runs {
    fn new(store: &'static str) -> Self {
        let desk = if store == "keyring" { Desk::unlocked() } else { Desk::bare() };
        let runs = Self { desk, entra: Emulation::new("auto-approve"), store };
        runs.entrada(&["login"]).with(0);
        runs
    }

    fn entrada(&self, words: &[&str]) -> Ended {
        let program = std::env::var("ENTRADA_UNDER_TEST").unwrap_or_else(|_| ENTRADA.to_owned());
        let temporary = self.desk.dir.path().join("temporary");
        fs::create_dir_all(&temporary).unwrap();
        let mut command: Command = self.desk.command(program);
        command
            .envs(self.entra.settings())
            .env("TMPDIR", temporary)
            .env("ENTRADA_STORE", self.store)
            .env("ENTRADA_STORE_KEY", "5e".repeat(32));
        run(command.args(words))
    }

    /// Refreshes `count` times; the faults of [`FAULTS`] come in turn.
    fn refresh(&self, count: usize) {
        for (fault, code) in FAULTS.iter().cycle().take(count) {
            self.entra.emulator.inject_faults([*fault]);
            let ended = self.entrada(&["token", "--force-refresh"]);
            assert_eq!(ended.code, Some(*code), "{fault:?}: {}", ended.err);
            self.entra.emulator.clear_faults();
        }
    }

    /// Prints the stored token `count` times.
    fn read(&self, count: usize) {
        for _ in 0..count {
            self.entrada(&["token"]).with(0);
        }
    }
}

#[test]
fn thousands_of_runs_leave_behind_what_a_few_do() {
    let (reads, refreshes) =
        (setting("ENDURANCE_READS", 200), setting("ENDURANCE_REFRESHES", 3 * WARM_UP));
    for store in ["file", "keyring"] {
        let runs = Runs::new(store);
        runs.refresh(WARM_UP);
        runs.read(WARM_UP);
        let before = Remains::of(runs.desk.dir.path());
        let posts = runs.entra.posts("refresh_token");
        runs.read(reads);
        assert_eq!(
            runs.entra.posts("refresh_token"),
            posts,
            "{store}: a stored token needs no request"
        );
        runs.refresh(refreshes);
        let after = Remains::of(runs.desk.dir.path());
        assert_eq!(after.files, before.files, "{store}: files");
        // A token's length differs by a few characters from the one before it, and a keyring's file with it.
        assert!(after.bytes < before.bytes + 1024, "{store}: {before:?} {after:?}");
        let secrets = runs.entra.emulator.secrets();
        for (path, bytes) in files(runs.desk.dir.path()) {
            assert_silent(&path.display().to_string(), &bytes, &secrets);
        }
        report(&serde_json::json!({
            "store": store,
            "reads": reads,
            "refreshes": refreshes,
            "files": [before.files, after.files],
            "bytes": [before.bytes, after.bytes],
        }));
    }
}

/// What this process holds: open descriptors, and KiB of memory in use.
fn holdings() -> (usize, usize) {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    let resident = resident.trim().trim_end_matches(" kB").parse().unwrap();
    (fs::read_dir("/proc/self/fd").unwrap().count(), resident)
}

#[test]
#[ignore = "the process that `thousands_of_refreshes_in_one_process_hold_no_more` starts"]
fn refreshes_by_the_library() {
    let (Ok(authority), Ok(state)) = (std::env::var(AUTHORITY), std::env::var(STATE)) else {
        return;
    };
    let count = setting("ENDURANCE_REFRESHES", 6 * WARM_UP);
    let client = Client::builder()
        .authority(authority)
        .tenant("organizations")
        .client_id("11111111-2222-4333-8444-555555555555")
        .scope("https://graph.microsoft.com/Mail.Read")
        .store(StoreKind::File)
        .store_key(StoreKey::Raw(Secret::new("5e".repeat(32))))
        .state_dir(state)
        .interactive(true)
        .force_refresh(true)
        .build()
        .unwrap();
    client.sign_in().unwrap();
    let refresh = |count| (0..count).filter(|_| client.token().is_err()).count();
    let mut failures = refresh(3 * WARM_UP);
    let before = holdings();
    failures += refresh(count);
    let after = holdings();
    let told = serde_json::json!({"failures": failures, "before": before, "after": after});
    writeln!(std::io::stdout(), "{told}").unwrap();
}

#[test]
fn thousands_of_refreshes_in_one_process_hold_no_more() {
    let entra = Emulation::new("auto-approve");
    let dir = tempfile::TempDir::new().unwrap();
    let count = setting("ENDURANCE_REFRESHES", 6 * WARM_UP);
    let faults = FAULTS.iter().map(|(fault, _)| *fault).cycle();
    entra.emulator.inject_faults(faults.take(3 * WARM_UP + count));
    let ended = start(
        Command::new(std::env::current_exe().unwrap())
            .args(["endurance::refreshes_by_the_library", "--exact", "--ignored", "--nocapture"])
            .env(AUTHORITY, &entra.base)
            .env(STATE, dir.path()),
    )
    // Six of seven refreshes meet a fault, and are tried again after a pause.
    .end_within(Duration::from_secs(60) + Duration::from_secs(2) * u32::try_from(count).unwrap())
    .with(0);
    let line = ended.out.lines().find(|line| line.starts_with('{')).expect("a line of JSON");
    let told: serde_json::Value = serde_json::from_str(line).unwrap();
    let of = |which: &str, part: usize| told[which][part].as_u64().unwrap();
    assert!(told["failures"].as_u64().unwrap() > 0, "the faults were met: {told}");
    assert!(entra.posts("refresh_token") >= count);
    assert_eq!(of("after", 0), of("before", 0), "descriptors: {told}");
    assert!(of("after", 1) < of("before", 1) + REDACTOR_KIB + 4096, "memory: {told}");
    report(&serde_json::json!({"library": true, "refreshes": count, "told": told}));
}
