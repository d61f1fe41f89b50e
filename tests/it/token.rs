//! `entrada token`: cached, refreshed, for other services, and what it never does.

use entrada::cli::Exit;
use entrada_core::ScopeSet;

use crate::world::{NOW, World};

#[test]
fn a_stored_token_is_printed_without_any_request() {
    let world = World::new();
    world.login(&[]);
    let requests = world.emulator.log().len();
    let first = world.run(&["token"]);
    let second = world.run(&["token"]);
    assert_eq!((first.exit, second.exit), (Exit::Success, Exit::Success));
    assert_eq!(first.stdout, second.stdout);
    assert_eq!(first.stdout.lines().count(), 1);
    assert_eq!(world.emulator.log().len(), requests);
    assert_eq!(first.stderr, "", "all is well: not a word");
}

#[test]
fn an_expired_token_costs_exactly_one_request() {
    let world = World::new();
    world.login(&[]);
    let old = world.run(&["token"]).stdout;
    world.clock.pass(7_200);
    let requests = world.emulator.log().len();
    let new = world.run(&["token"]);
    assert_eq!(new.exit, Exit::Success, "{}", new.stderr);
    assert_ne!(new.stdout, old);
    assert_eq!(world.emulator.log().len(), requests + 1, "one POST, no discovery");
    assert_eq!(world.run(&["token"]).stdout, new.stdout, "and it is stored");
}

#[test]
fn the_newest_refresh_token_is_the_one_that_is_used() {
    let world = World::with("rotate-and-revoke");
    world.login(&[]);
    for _ in 0..5 {
        world.clock.pass(7_200);
        let run = world.run(&["token"]);
        assert_eq!(run.exit, Exit::Success, "an old refresh token was sent: {}", run.stderr);
    }
    assert_eq!(world.token_requests("refresh_token"), 5);
}

#[test]
fn one_sign_in_serves_other_services_too() {
    let world = World::new();
    world.login(&["--job", "graph-mail-read"]);
    let graph = world.run(&["token", "--job", "graph-mail-read"]).stdout;
    let imap = world.run(&["token", "--job", "imap"]);
    assert_eq!(imap.exit, Exit::Success, "{}", imap.stderr);
    assert_ne!(imap.stdout, graph);
    // Both are kept side by side.
    let requests = world.emulator.log().len();
    assert_eq!(world.run(&["token", "--job", "imap"]).stdout, imap.stdout);
    assert_eq!(world.run(&["token", "--job", "graph-mail-read"]).stdout, graph);
    assert_eq!(world.emulator.log().len(), requests);
}

#[test]
fn several_jobs_are_signed_in_for_at_once() {
    let world = World::new();
    let login = world.login(&["--job", "graph-mail-read,imap,smtp"]);
    for job in ["graph-mail-read", "imap", "smtp"] {
        let well = format!("ok: no problem found for `{job}`");
        assert!(login.stderr.contains(&well), "{}", login.stderr);
    }
    let requests = world.emulator.log().len();
    for job in ["graph-mail-read", "imap", "smtp"] {
        assert_eq!(world.run(&["token", "--job", job]).exit, Exit::Success);
    }
    assert_eq!(world.emulator.log().len(), requests);
}

#[test]
fn the_margin_is_a_fifth_of_a_short_life_and_may_be_set() {
    let world = World::with("short-lived");
    world.login(&[]);
    let first = world.run(&["token"]).stdout;
    world.clock.pass(40);
    assert_eq!(world.run(&["token"]).stdout, first, "a token of 60 s is good for 48 s");
    world.clock.pass(9);
    assert_ne!(world.run(&["token"]).stdout, first);

    let world = World::new();
    world.login(&[]);
    let first = world.run(&["token"]).stdout;
    assert_ne!(world.run(&["token", "--min-ttl", "5h"]).stdout, first);
}

#[test]
fn a_refresh_can_be_forced() {
    let world = World::new();
    world.login(&[]);
    let first = world.run(&["token"]).stdout;
    let forced = world.run(&["token", "--force-refresh"]);
    assert_ne!(forced.stdout, first);
    assert_eq!(world.token_requests("refresh_token"), 1);
}

#[test]
fn a_stored_token_is_not_kept_back_because_its_request_looks_wrong() {
    let world = World::new();
    world.login(&[]);
    let token = world.run(&["token"]).stdout;
    // As an older version, which did not look, may have stored it.
    let scopes = "https://graph.microsoft.com/.default https://graph.microsoft.com/Mail.Read";
    let grants = world.grants();
    let key = grants.list().unwrap()[0].key();
    let mut grant = grants.load(&key).unwrap().unwrap();
    grant.access_tokens[0].requested = ScopeSet::parse(scopes);
    grants.save(&key, &grant, NOW).unwrap();
    drop(grants);
    let requests = world.emulator.log().len();
    let ask = ["token", "--scope", scopes];
    let run = world.run(&ask);
    assert_eq!((run.exit, run.stdout), (Exit::Success, token), "{}", run.stderr);
    // Nobody is asked for such a thing, though.
    world.clock.pass(7_200);
    let run = world.run(&ask);
    assert_eq!((run.exit, run.stdout.as_str()), (Exit::Usage, ""));
    assert!(run.stderr.contains("cannot be combined"), "{}", run.stderr);
    assert_eq!(world.emulator.log().len(), requests);
}

#[test]
fn nobody_is_asked_in_a_script() {
    let world = World::new();
    let run = world.run(&["token"]);
    assert_eq!((run.exit, run.stdout.as_str()), (Exit::SignInNeeded, ""));
    assert!(run.stderr.contains("sign in: `entrada login`"), "{}", run.stderr);
    assert!(world.emulator.log().is_empty(), "and nothing is sent");
}

#[test]
fn a_program_is_told_in_json_why_there_is_no_token() {
    let world = World::new();
    let run = world.run_exactly(&["token", "-o", "json"], "");
    assert_eq!((run.exit, run.stdout.as_str()), (Exit::SignInNeeded, ""));
    let document: serde_json::Value = serde_json::from_str(&run.stderr).unwrap();
    assert_eq!(document["error"]["exit"], 3);
    assert_eq!(document["error"]["message"], "sign-in needed: no account is signed in");
    assert_eq!(document["error"]["help"][0], "sign in: `entrada login`");
    assert!(document.get("diagnosis").is_none(), "nobody refused: {document}");

    let world = World::with("consent-required");
    world.login(&[]);
    world.clock.pass(7_200);
    let run = world.run_exactly(&["token", "-o", "json"], "");
    let document: serde_json::Value = serde_json::from_str(&run.stderr).unwrap();
    assert_eq!(document["error"]["exit"], run.exit.code());
    assert_eq!(document["diagnosis"]["findings"][0]["id"], "user-consent-required", "{document:#}");
}

#[test]
fn at_a_terminal_the_user_is_asked() {
    let world = World::new().at_a_terminal();
    let run = world.run(&["token"]);
    assert_eq!(run.exit, Exit::Success, "{}", run.stderr);
    assert_eq!(run.stdout.lines().count(), 1);
    world.set("ENTRADA_NO_INTERACTIVE", "1");
    world.run(&["logout"]);
    assert_eq!(world.run(&["token"]).exit, Exit::SignInNeeded);
}

#[test]
fn what_a_policy_asked_for_goes_along_with_the_next_sign_in() {
    let world = World::with("mfa-required").at_a_terminal();
    world.login(&[]);
    world.clock.pass(7_200);
    let run = world.run(&["token"]);
    assert_eq!(run.exit, Exit::Success, "{}", run.stderr);
    world.clock.pass(7_200);
    let refreshed = world.run(&["token", "--no-interactive"]);
    assert_eq!(refreshed.exit, Exit::Success, "the claims were sent: {}", refreshed.stderr);
}

#[test]
fn strict_refuses_to_hand_out_what_will_not_work() {
    let world = World::with("consent-partial");
    world.login(&[]);
    let lax = world.run(&["token", "--force-refresh"]);
    assert_eq!((lax.exit, lax.stdout.lines().count()), (Exit::Success, 1));
    let strict = world.run(&["token", "--strict"]);
    assert_eq!((strict.exit, strict.stdout.as_str()), (Exit::Findings, ""));
    assert!(strict.stderr.contains("error[missing-scope]"), "{}", strict.stderr);
}

#[test]
fn strict_remembers_what_was_granted_where_the_token_cannot_tell() {
    let world = World::with_account("consent-partial", Some("ada@outlook.example"));
    world.set("ENTRADA_TENANT", "consumers");
    let login = world.login(&[]);
    assert!(login.stderr.contains("error[missing-scope]"), "{}", login.stderr);
    let strict = world.run(&["token", "--strict"]);
    assert_eq!((strict.exit, strict.stdout.as_str()), (Exit::Findings, ""), "{}", strict.stderr);
}

#[test]
fn a_failed_refresh_changes_nothing_that_is_stored() {
    for scenario in ["refresh-dead", "refresh-revoked", "consent-required"] {
        let world = World::with(scenario);
        world.login(&[]);
        world.clock.pass(7_200);
        let before = world.stored();
        let run = world.run(&["token"]);
        assert_ne!(run.exit, Exit::Success);
        assert!(!before.is_empty() && world.stored() == before, "{scenario}");
    }
}

#[test]
fn json_carries_expiry_and_account() {
    let world = World::new();
    world.login(&[]);
    let run = world.run(&["token", "-o", "json"]);
    let document: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(document["version"], 1);
    assert_eq!(document["account"], "ada@contoso.example");
    assert_eq!(document["token_type"], "Bearer");
    assert!(document["expires_in"].as_i64().unwrap() > 3_000);
    assert_eq!(run.stdout.lines().count(), 1);
}

#[test]
fn a_clock_that_was_set_back_makes_no_token_older_than_it_is() {
    let world = World::new();
    world.login(&[]);
    world.clock.pass(-86_400);
    let run = world.run(&["token"]);
    assert_eq!(run.exit, Exit::Success, "{}", run.stderr);
    assert_eq!(world.token_requests("refresh_token"), 1, "its age is a guess: refreshed");
}
