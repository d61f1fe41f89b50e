//! `logout` in a home of its own.

use std::io;
use std::path::Path;

use url::Url;

use super::*;
use crate::cli::{self, Console};
use crate::in_process::{InProcess, Stopwatch};
use entrada_auth::store::{self, Interaction, StoreKey, StoreKind};
use entrada_auth::sys::testing::{Nothing, home_variables, paths_in};
use entrada_auth::sys::{Env, Sys};
use entrada_core::{NumericDate, Secret};
use entrada_emulator::{Emulator, EmulatorOptions, Scenario};

const BASE: &str = "http://localhost:8400";

/// How `entrada args…` ends in `home` with the file store under a key of these digits; what it says on stdout, and
/// on stderr.
pub(in crate::cli) fn run_in(home: &Path, digits: &str, args: &[&str]) -> (Exit, String, String) {
    let scenario = Scenario::find("auto-approve").unwrap();
    let options = EmulatorOptions {
        scenario,
        seed: Some(1),
        ..EmulatorOptions::new(Url::parse(BASE).unwrap())
    };
    let emulator = Emulator::new(options);
    let clock = Stopwatch::at(NumericDate(1_700_000_000));
    let own = [
        ("ENTRADA_AUTHORITY", BASE),
        ("ENTRADA_TENANT", "organizations"),
        ("ENTRADA_CLIENT_ID", scenario.client_id),
        ("ENTRADA_STORE", "file"),
        ("ENTRADA_STORE_KEY", &digits.repeat(32)),
    ]
    .map(|(name, value)| (name, value.into()));
    let all = home_variables(home).into_iter().chain(own);
    let env: Env = all.map(|(name, value)| (name.to_owned(), value)).collect();
    let http = InProcess { emulator: &emulator, clock: &clock };
    let sys = Sys {
        clock: &clock,
        http: &http,
        dial: &http,
        env: &env,
        terminal: &Nothing,
        browser: &Nothing,
        loopback: &Nothing,
        entropy: &Nothing,
        programs: &Nothing,
        policy_file: None,
    };
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let exit = cli::run(
        std::iter::once("entrada").chain(args.iter().copied()).map(Into::into),
        &sys,
        Console { stdin: &mut io::empty(), stdout: &mut stdout, stderr: &mut stderr },
    );
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (exit, text(stdout), text(stderr))
}

/// The store that [`run_in`] uses.
pub(in crate::cli) fn grants_in(home: &Path, digits: &str) -> Grants {
    store::open(store::StoreOptions {
        kind: StoreKind::File,
        state_dir: paths_in(home).state,
        data_dir: paths_in(home).data,
        key: Some(StoreKey::Raw(Secret::new(digits.repeat(32)))),
        session: store::KeyringSession::default(),
        bus: None,
        service: "entrada".to_owned(),
        interaction: Interaction::Forbidden,
        limits: store::Limits::default(),
        notice: Box::new(|_| ()),
        termination_signal: || None,
    })
    .unwrap()
}

/// Puts a damaged grant beside those of `grants`.
pub(in crate::cli) fn damage_beside(home: &Path, grants: &Grants) -> GrantKey {
    let key = grants.list().unwrap()[0].key();
    let other = GrantKey { account: "somebody.else".to_owned(), ..key.clone() };
    let grant = grants.load(&key).unwrap().unwrap();
    grants.save(&other, &grant, NumericDate(0)).unwrap();
    for file in std::fs::read_dir(paths_in(home).data.join("grants")).unwrap() {
        let path = file.unwrap().path();
        if path.is_dir() {
            continue;
        }
        let mut bytes = std::fs::read(&path).unwrap();
        let name = other.to_string();
        if bytes.windows(name.len()).any(|window| window == name.as_bytes()) {
            *bytes.last_mut().unwrap() ^= 1;
            std::fs::write(&path, bytes).unwrap();
        }
    }
    other
}

#[test]
fn a_logout_waits_for_a_process_that_uses_the_grant() {
    let home = tempfile::tempdir().unwrap();
    assert_eq!(run_in(home.path(), "11", &["login"]).0, Exit::Success);
    let grants = grants_in(home.path(), "11");
    let key = grants.list().unwrap()[0].key();
    let held = grants.lock(&key, Duration::ZERO, &mut |_| false).unwrap();
    let (exit, _, stderr) = run_in(home.path(), "11", &["logout"]);
    assert_eq!(exit, Exit::Busy, "{stderr}");
    assert!(grants.load(&key).unwrap().is_some());
    drop(held);
    assert_eq!(run_in(home.path(), "11", &["logout"]).0, Exit::Success);
    assert!(grants.load(&key).unwrap().is_none());
}

#[test]
fn a_lost_key_is_overcome_by_a_logout_and_only_by_that() {
    let home = tempfile::tempdir().unwrap();
    assert_eq!(run_in(home.path(), "11", &["login"]).0, Exit::Success);
    let (exit, _, stderr) = run_in(home.path(), "22", &["login"]);
    assert_eq!(exit, Exit::Store, "{stderr}");
    assert!(stderr.contains("no item of the store opens with it"), "{stderr}");
    let (exit, _, stderr) = run_in(home.path(), "22", &["login", "--replace-damaged"]);
    assert_eq!(exit, Exit::Store, "{stderr}");
    assert!(!stderr.contains("--replace-damaged"), "{stderr}");
    let grants = grants_in(home.path(), "11");
    assert!(grants.load(&grants.list().unwrap()[0].key()).unwrap().is_some());
    assert_eq!(run_in(home.path(), "22", &["logout", "--everything"]).0, Exit::Success);
    let (exit, _, stderr) = run_in(home.path(), "22", &["login"]);
    assert_eq!(exit, Exit::Success, "{stderr}");
}

#[test]
fn stale_entries_are_counted_and_the_list_is_written_once() {
    let home = tempfile::tempdir().unwrap();
    assert_eq!(run_in(home.path(), "11", &["login"]).0, Exit::Success);
    let state = paths_in(home.path()).state;
    let path = state.join("accounts.json");
    let mut list: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let entries = list["entries"].as_array_mut().unwrap();
    let all = (0..300).map(|number| {
        let mut entry = entries[0].clone();
        entry["account"] = format!("gone-{number:03}").into();
        entry
    });
    let all: Vec<_> = all.collect();
    entries.extend(all);
    std::fs::write(&path, list.to_string()).unwrap();
    let passed = entrada_auth::sys::Clock::stopwatch(&entrada_auth::sys::RealClock);
    let (exit, _, stderr) = run_in(home.path(), "11", &["logout", "--everything"]);
    assert_eq!(exit, Exit::Success, "{stderr}");
    assert!(stderr.contains("forgot ada@contoso.example\n"), "{stderr}");
    assert!(stderr.contains("forgot 300 accounts that only the list"), "{stderr}");
    assert_eq!(stderr.matches("forgot").count(), 2, "{stderr}");
    assert!(grants_in(home.path(), "11").list().unwrap().is_empty());
    // Each writing of the list waits for the disk and reads all of it: one for each entry took half a minute.
    let limit = Duration::from_secs(if cfg!(windows) { 30 } else { 10 });
    assert!(passed() < limit, "{:?}", passed());
}

/// Puts `count` entries without a grant on the list of accounts; of no other account where `alone`.
fn add_stale(home: &Path, count: usize, alone: bool) {
    let path = paths_in(home).state.join("accounts.json");
    let mut list: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let entries = list["entries"].as_array_mut().unwrap();
    let first = entries[0].clone();
    if alone {
        entries.clear();
        std::fs::remove_dir_all(paths_in(home).data.join("grants")).unwrap();
    }
    entries.extend((0..count).map(|number| {
        let mut entry = first.clone();
        entry["account"] = format!("gone-{number:03}").into();
        entry["username"] = format!("gone-{number:03}@contoso.example").into();
        entry
    }));
    std::fs::write(&path, list.to_string()).unwrap();
}

#[test]
fn entries_without_a_grant_are_no_sign_ins_however_many_there_are() {
    for count in [1, 2, 15, 16, 17, 40] {
        let home = tempfile::tempdir().unwrap();
        let run = |args: &[&str]| run_in(home.path(), "11", args);
        let listed = || grants_in(home.path(), "11").list().unwrap().len();
        assert_eq!(run(&["login"]).0, Exit::Success);
        add_stale(home.path(), count, false);
        let (exit, _, stderr) = run(&["token"]);
        // Another emulator than at the sign-in, which does not know the refresh token: it was sent all the same.
        assert_eq!(exit, Exit::SignInNeeded, "{count}: {stderr}");
        assert!(stderr.contains("no longer accepted"), "{stderr}");
        let (exit, _, stderr) = run(&["export", "--msal", "--to-terminal"]);
        assert_eq!(exit, Exit::Success, "{count}: {stderr}");
        // They go with what is written next.
        assert_eq!(run(&["login"]).0, Exit::Success);
        assert_eq!(listed(), 1);
        add_stale(home.path(), count, false);
        let (exit, _, stderr) = run(&["logout"]);
        assert_eq!(exit, Exit::Success, "{count}: {stderr}");
        assert!(stderr.contains("forgot ada@contoso.example\n"), "{stderr}");
        assert_eq!(listed(), 0);
    }
}

#[test]
fn an_entry_of_the_list_without_a_grant_is_no_sign_in() {
    for count in [1, 2, 16, 40] {
        let home = tempfile::tempdir().unwrap();
        let run = |args: &[&str]| run_in(home.path(), "11", args);
        assert_eq!(run(&["login"]).0, Exit::Success);
        add_stale(home.path(), count, true);
        let (exit, _, stderr) = run(&["token", "--no-interactive"]);
        assert_eq!(exit, Exit::SignInNeeded, "{count}: {stderr}");
        assert!(stderr.contains("no account is signed in"), "{stderr}");
        let (exit, _, stderr) = run(&["logout"]);
        assert_eq!(exit, Exit::Success, "{count}: {stderr}");
        assert!(grants_in(home.path(), "11").list().unwrap().is_empty());
    }
}

#[test]
fn a_logout_that_cannot_go_on_has_taken_those_before_off_the_list() {
    let home = tempfile::tempdir().unwrap();
    assert_eq!(run_in(home.path(), "11", &["login"]).0, Exit::Success);
    let grants = grants_in(home.path(), "11");
    let key = grants.list().unwrap()[0].key();
    let last = GrantKey { account: "zzz".to_owned(), ..key.clone() };
    let grant = grants.load(&key).unwrap().unwrap();
    grants.save(&last, &grant, NumericDate(0)).unwrap();
    let held = grants.lock(&last, Duration::ZERO, &mut |_| false).unwrap();
    let (exit, _, stderr) = run_in(home.path(), "11", &["logout", "--everything"]);
    assert_eq!(exit, Exit::Busy, "{stderr}");
    assert!(stderr.contains("1 of 2 accounts were forgotten"), "{stderr}");
    let left: Vec<_> = grants.list().unwrap().iter().map(AccountEntry::key).collect();
    assert_eq!(left, [last]);
    drop(held);
}

#[test]
fn a_damaged_grant_can_be_forgotten_on_the_list_or_off_it() {
    for listed in [true, false] {
        let home = tempfile::tempdir().unwrap();
        assert_eq!(run_in(home.path(), "11", &["login"]).0, Exit::Success);
        let grants = grants_in(home.path(), "11");
        let other = damage_beside(home.path(), &grants);
        if !listed {
            let list = paths_in(home.path()).state.join("accounts.json");
            std::fs::remove_file(list).unwrap();
        }
        let args = ["logout", "--account", "somebody.else"];
        let (exit, _, stderr) = run_in(home.path(), "11", &args);
        assert_eq!(exit, Exit::Success, "{stderr}");
        assert!(grants.load(&other).unwrap().is_none());
        assert_eq!(run_in(home.path(), "11", &["status"]).0, Exit::Success);
        assert_eq!(grants.list().unwrap().len(), 1);
    }
}
