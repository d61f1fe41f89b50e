//! `entrada status`: what is stored, and how long it is likely to last.

use entrada::cli::Exit;
use entrada_auth::store::{AccountEntry, Backend as _, File, Grant, GrantKey, StoreKey};
use entrada_core::{Account, NumericDate, Secret};
use serde_json::Value;

use crate::schemas::{Schema, closed, read};
use crate::world::{NOW, STORE_KEY, World};

/// One sign-in at the emulator, and what `make` makes of it under other keys.
fn with(make: impl Fn(GrantKey, Grant) -> Vec<(GrantKey, Grant)>) -> World {
    let world = World::new();
    world.login(&[]);
    let grants = world.grants();
    let key = grants.list().unwrap()[0].key();
    let grant = grants.load(&key).unwrap().unwrap();
    for (key, grant) in make(key, grant) {
        grants.save(&key, &grant, NOW).unwrap();
    }
    world
}

fn several() -> World {
    with(|key, grant| {
        let called = |name: &str| Account {
            id: format!("{name}.t"),
            username: Some(format!("{name}@fabrikam.example")),
            ..Account::default()
        };
        let of = |tenant: &str, name: &str| GrantKey {
            authority: "https://login.microsoftonline.us".to_owned(),
            tenant: tenant.to_owned(),
            client_id: "another".to_owned(),
            account: format!("{name}.t"),
        };
        let told = Grant {
            account: called("told"),
            refresh_expires_at: Some(NOW.plus_seconds(86_400)),
            signed_in_at: None,
            grant_type: "refresh_token".to_owned(),
            access_tokens: Vec::new(),
            ..grant.clone()
        };
        let none = Grant { account: called("none"), refresh_token: None, ..grant.clone() };
        let elsewhere = GrantKey { authority: "https://idp.example".to_owned(), ..of("", "other") };
        vec![
            (of("contoso.example", "told"), told),
            (of("common", "none"), none),
            (elsewhere, Grant { account: called("other"), ..grant }),
            (
                GrantKey { client_id: "second".to_owned(), ..key },
                Grant { account: called("second"), ..none_of_ours() },
            ),
        ]
    })
}

/// A grant with nothing in it.
fn none_of_ours() -> Grant {
    Grant {
        account: Account::default(),
        refresh_token: Some(Secret::new("r")),
        refreshed_at: NumericDate(0),
        refresh_expires_at: None,
        signed_in_at: Some(NumericDate(0)),
        grant_type: "device_code".to_owned(),
        endpoints: None,
        access_tokens: Vec::new(),
    }
}

fn document(world: &World, args: &[&str], exit: Exit) -> Value {
    let args: Vec<&str> =
        ["status", "-o", "json"].into_iter().chain(args.iter().copied()).collect();
    let run = world.run(&args);
    assert_eq!(run.exit, exit, "{}", run.stderr);
    let document: Value = serde_json::from_str(&run.stdout).unwrap();
    Schema::new("status", closed(read("docs/schema/status-1.json"))).check(&document);
    document
}

fn account<'a>(document: &'a Value, name: &str) -> &'a Value {
    let all = document["accounts"].as_array().unwrap();
    let is_called = |one: &&Value| {
        one["entry"]["username"].as_str().unwrap_or_default().starts_with(name)
            || one["entry"]["account"] == name
    };
    all.iter().find(is_called).unwrap_or_else(|| panic!("{name}: {document:#}"))
}

#[test]
fn all_sign_ins_stand_in_one_table_whatever_the_settings_name() {
    let world = several();
    world.set("ENTRADA_ACCOUNT", "nobody@contoso.example");
    assert_eq!(world.run(&["status"]).stdout, "");
    let before = world.emulator.log().len();
    let run = world.run(&["status", "--all"]);
    assert_eq!(run.exit, Exit::Success, "{}", run.stderr);
    assert_eq!(world.emulator.log().len(), before, "nobody is asked");
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert!(lines[0].starts_with("ACCOUNT") && lines[0].ends_with("SOONER BY"), "{}", run.stdout);
    let row = |name: &str| {
        let found = lines.iter().find(|line| line.starts_with(name));
        (*found.unwrap_or_else(|| panic!("{name}: {}", run.stdout))).to_owned()
    };
    let ada = row("ada@contoso.example");
    assert!(ada.contains("  about in 90 d  "), "{ada}");
    assert!(ada.ends_with("  revocation, policy, device-code-tracked"), "{ada}");
    let told = row("told@fabrikam.example");
    assert!(
        told.contains("login.microsoftonline.us") && told.contains("  in 23 h 59 min  "),
        "{told}"
    );
    assert!(told.ends_with("revocation, policy, shared"), "{told}");
    let none = row("none@fabrikam.example");
    assert!(none.contains("  never  "), "{none}");
    let other = row("other@fabrikam.example");
    assert!(other.contains("  not known  ") && other.ends_with("rotation"), "{other}");
    assert!(row("second@fabrikam.example").contains("  about now  "));
    assert!(run.stdout.contains("\nthis is a forecast for an unused sign-in, "), "{}", run.stdout);
    assert_eq!(run.stdout.matches("\nrevocation: ").count(), 1, "{}", run.stdout);
}

#[test]
fn a_narrow_terminal_gets_one_after_the_other() {
    let world = several().at_a_terminal();
    let run = world.run(&["status", "--all"]);
    assert!(run.stdout.lines().all(|line| line.chars().count() <= 80), "{}", run.stdout);
    assert!(run.stdout.contains("\n  sign-in needed: about in 90 d\n"), "{}", run.stdout);
}

#[test]
fn the_forecast_is_told_to_programs_too() {
    let world = several();
    let all = document(&world, &["--all"], Exit::Success);
    assert_eq!(all, document(&world, &[], Exit::Success), "here the settings name nobody");
    assert_eq!(all["accounts"].as_array().unwrap().len(), 5);
    let ada = account(&all, "ada");
    let ends = ada["access_tokens"][0]["expires_at"].as_i64().unwrap();
    let foretold = &ada["forecast"]["access_tokens"][0];
    assert_eq!(foretold["serves_until"], ends - 300);
    assert_eq!(foretold["renewed_from"], ends - 300);
    let waits = ada["forecast"]["sign_in_needed_at"].as_i64().unwrap()
        - ada["refresh_token"]["received_at"].as_i64().unwrap();
    assert_eq!((waits, &ada["forecast"]["basis"]), (90 * 86_400, &"inactivity".into()));
    let told = account(&all, "told");
    assert_eq!(told["forecast"]["sign_in_needed_at"], NOW.0 + 86_400);
    assert_eq!(told["signed_in_at"], Value::Null);
    assert_eq!(account(&all, "none")["forecast"]["access_tokens"][0]["renewed_from"], Value::Null);
    assert_eq!(account(&all, "other")["forecast"]["sign_in_needed_at"], Value::Null);
    let longer = document(&world, &["--all", "--min-ttl", "20m"], Exit::Success);
    let until = &account(&longer, "ada")["forecast"]["access_tokens"][0]["serves_until"];
    assert_eq!(*until, ends - 1_200, "as the settings have it");
}

#[test]
fn what_is_damaged_or_newer_is_shown_beside_the_others() {
    let world = with(|key, grant| {
        let other = |name: &str| GrantKey { account: name.to_owned(), ..key.clone() };
        vec![(other("damaged"), grant.clone()), (other("newer"), grant)]
    });
    let grants = world.grants();
    let keys: Vec<GrantKey> = grants.list().unwrap().iter().map(AccountEntry::key).collect();
    let named = |name: &str| keys.iter().find(|key| key.account == name).unwrap().to_string();
    let key = StoreKey::Raw(Secret::new(STORE_KEY.to_owned()));
    let files = File::new(world.data_dir().join("grants"), &key).unwrap();
    files.save(&named("damaged"), b"entrada 1 0\n{}").unwrap();
    files.save(&named("newer"), b"entrada 7 whatever comes").unwrap();
    let run = world.run(&["status", "--all"]);
    assert_eq!(run.exit, Exit::Store);
    assert!(run.stdout.contains("damaged: truncated or altered"), "{}", run.stdout);
    assert!(run.stdout.contains("written by a newer entrada (format 7)"), "{}", run.stdout);
    assert!(run.stdout.contains("revocation"), "the good one is foretold: {}", run.stdout);
    let all = document(&world, &["--all"], Exit::Store);
    for name in ["damaged", "newer"] {
        let one = account(&all, name);
        assert!(one["error"].is_string() && one["forecast"].is_null(), "{one:#}");
    }
}

#[test]
fn all_and_one_profile_exclude_each_other() {
    let world = World::new();
    assert_eq!(world.run(&["status", "--all", "work"]).exit, Exit::Usage);
}

#[test]
fn what_came_in_the_future_is_told_so_and_promises_nothing() {
    let later = NOW.plus_seconds(5_000_000_000);
    let world = with(|key, grant| {
        let mut grant = grant;
        grant.refreshed_at = later;
        grant.signed_in_at = Some(later);
        for token in &mut grant.access_tokens {
            token.expires_at = later.plus_seconds(3_600);
            token.received_at = later;
        }
        vec![(key, grant)]
    });
    let said = |args: &[&str]| {
        let run = world.run(args);
        assert_eq!(run.exit, Exit::Success, "{}", run.stderr);
        run.stdout
    };
    let told = said(&["status"]);
    assert!(told.contains("not used: received 57870 d"), "{told}");
    for promise in [" left", " old", " ago", "expires about"] {
        assert!(!told.contains(promise), "{promise}: {told}");
    }
    let told = said(&["status", "--all"]);
    assert!(told.contains("no: from the future"), "{told}");
    assert!(told.contains("not known") && !told.contains("57870 d"), "{told}");
    // It is not used either.
    let before = world.token_requests("refresh_token");
    assert_eq!(world.run(&["token"]).exit, Exit::Success);
    assert_eq!(world.token_requests("refresh_token"), before + 1);
}

#[test]
fn a_refused_refresh_is_told_with_its_cause_and_the_command() {
    for (scenario, cause, is_permanent) in
        [("refresh-revoked", "(AADSTS50173)", true), ("consent-required", "(AADSTS65001)", false)]
    {
        let world = World::with(scenario);
        world.login(&["--save", "work"]);
        let healthy = world.run(&["status"]).stdout;
        assert!(healthy.contains("refresh token") && !healthy.contains("refused"), "{healthy}");
        assert_eq!(world.run(&["token", "work", "--force-refresh"]).exit, Exit::SignInNeeded);
        let shown = world.run(&["status"]).stdout;
        let line = shown.lines().find(|line| line.contains("last refresh")).unwrap();
        assert!(line.contains("refused by the authority, ") && line.contains(cause), "{shown}");
        assert_eq!(line.contains("permanently"), is_permanent, "{shown}");
        assert!(shown.contains("sign in again: `entrada login work`"), "{shown}");
        assert!(!shown.contains("refresh token"), "{shown}");
        let all = world.run(&["status", "--all"]).stdout;
        assert!(is_permanent || all.contains("now: the last refresh was refused"), "{all}");
        let refused =
            document(&world, &[], Exit::Success)["accounts"][0]["refresh_token"]["refused"].clone();
        assert_eq!(refused["permanent"], is_permanent, "{refused:#}");
        assert_eq!(refused["sign_in_needed"], true, "{refused:#}");
        world.login(&["work"]);
        assert!(!world.run(&["status"]).stdout.contains("refused"), "a new sign-in");
    }
}
