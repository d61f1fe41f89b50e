//! Bugs of other tools, each a test here so that it is never ours.

use entrada::cli::Exit;

use crate::world::World;

/// A tool showed only `verification_uri_complete`, which Entra never sends: the user saw an empty address.
#[test]
fn the_address_is_the_plain_verification_uri() {
    let run = World::new().login(&[]);
    let line = run.stderr.lines().find(|line| line.starts_with("  open ")).unwrap();
    assert!(line.contains("http://localhost:8400/devicelogin"), "{line}");
}

/// A tool took every 4xx for "pending": a wrong registration was polled until the code ran out.
#[test]
fn a_refusal_with_a_4xx_status_ends_the_wait_at_once() {
    let world = World::with("not-public-client");
    let run = world.run(&["login"]);
    assert_eq!(run.exit, Exit::Refused);
    let polls = world.token_requests("urn:ietf:params:oauth:grant-type:device_code");
    assert_eq!(polls, 2, "{:?}", world.emulator.log());
    assert!(run.stderr.contains("public-client-flows-disabled"), "{}", run.stderr);
}

/// Tools died of `slow_down`, ignored it, or polled without a pause.
#[test]
fn slow_down_slows_down_and_the_sign_in_succeeds() {
    let world = World::with("slow-down");
    assert_eq!(world.run(&["login"]).exit, Exit::Success);
    let log = world.emulator.log();
    let polls: Vec<i64> = log
        .iter()
        .filter(|line| line.grant_type == Some("device_code"))
        .map(|line| line.at.0)
        .collect();
    let gaps: Vec<i64> = polls.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(gaps.iter().all(|gap| 10 <= *gap), "{gaps:?}");
    let told = log.iter().filter(|line| line.error.as_deref() == Some("slow_down")).count();
    assert_eq!(told, 1, "told once, and never again");
}

/// A tool threw the new refresh token away: it died when the first one did.
#[test]
fn a_rotated_refresh_token_is_kept() {
    let world = World::with("rotate-and-revoke");
    world.login(&[]);
    let before = world.stored();
    world.clock.pass(7_200);
    assert_eq!(world.run(&["token"]).exit, Exit::Success);
    assert!(world.stored() != before);
    world.clock.pass(7_200);
    assert_eq!(world.run(&["token"]).exit, Exit::Success);
}

/// A tool said only "HTTP code 400" and wiped the refresh token.
#[test]
fn the_authoritys_words_are_shown_and_the_refresh_token_stays() {
    let world = World::with("refresh-dead");
    world.login(&[]);
    let before = world.stored();
    world.clock.pass(7_200);
    let run = world.run(&["token"]);
    assert!(run.stderr.contains("AADSTS700082"), "{}", run.stderr);
    assert!(run.stderr.contains("correlation_id: "), "{}", run.stderr);
    assert!(world.stored() == before);
}

/// A tool answered a page of HTML with a parser's complaint.
#[test]
fn a_page_instead_of_json_is_called_one() {
    let run = World::with("html-instead-of-json").run(&["login"]);
    assert!(run.stderr.contains("does not come from a sign-in service"), "{}", run.stderr);
    assert!(run.stderr.contains("Content-Type: text/html"), "{}", run.stderr);
    assert!(run.stderr.contains("captive portal"), "{}", run.stderr);
}

/// A tool demanded a `scope` in every answer.
#[test]
fn an_answer_without_scope_is_fine() {
    let world = World::with("no-scope-member");
    world.login(&[]);
    world.clock.pass(7_200);
    assert_eq!(world.run(&["token"]).exit, Exit::Success);
}

/// A tool could not read `"expires_in": "3599"`.
#[test]
fn numbers_may_be_text() {
    let world = World::with("numbers-as-strings");
    world.login(&[]);
    let run = world.run(&["token", "-o", "json"]);
    let document: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert!(document["expires_in"].as_i64().unwrap() > 3_000, "{}", document["expires_in"]);
}

/// A tool crashed on a personal account's token, which is no JWT.
#[test]
fn an_opaque_token_is_as_good_as_any() {
    let world = World::with("personal-account");
    world.set("ENTRADA_TENANT", "consumers");
    let run = world.login(&[]);
    assert!(run.stderr.contains("ok: no problem found"), "{}", run.stderr);
    let token = world.run(&["token"]);
    assert!(token.stdout.starts_with("EwB"), "an opaque token");
    let judged = world.run_exactly(&["diagnose"], &token.stdout);
    assert_eq!(judged.exit, Exit::Success, "{}", judged.stdout);
    assert!(judged.stdout.contains("that is normal"), "{}", judged.stdout);
    assert!(!judged.stdout.contains("invalid"), "{}", judged.stdout);
}

/// Tools wrote client secrets, passwords and refresh tokens into their logs.
#[test]
fn the_most_talkative_log_hides_every_value_that_is_not_public() {
    let world = World::new();
    let run = world.login(&[]);
    assert!(run.stderr.contains("device_code=(hidden)"), "{}", run.stderr);
    world.clock.pass(7_200);
    let run = world.run(&["token"]);
    assert!(run.stderr.contains("refresh_token=(hidden)"), "{}", run.stderr);
}

/// Tools left their cache readable by everybody.
#[cfg(unix)]
#[test]
fn what_is_stored_is_for_the_user_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::new();
    world.login(&[]);
    for path in world.stored().keys() {
        let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(path) & 0o777, 0o600, "{}", path.display());
        assert_eq!(mode(path.parent().unwrap()) & 0o777, 0o700);
    }
}

/// Tools met a broken store only after the user had signed in, and the token was gone.
#[test]
fn a_store_that_breaks_after_the_sign_in_loses_nothing() {
    let world = World::new();
    world.login(&[]);
    let item = world.stored().into_keys().next().unwrap();
    world.run(&["logout"]);
    // The store proves that it can be written; only where the grant belongs something else stands.
    std::fs::create_dir(&item).unwrap();
    let login = world.run(&["login"]);
    assert_eq!(login.exit, Exit::Store, "{}", login.stderr);
    assert!(login.stderr.contains("signed in as ada@contoso.example"), "{}", login.stderr);
    assert!(login.stderr.contains("the grant was not stored"), "{}", login.stderr);
    assert!(login.stderr.contains("it is kept, encrypted, in "), "{}", login.stderr);

    std::fs::remove_dir(&item).unwrap();
    let requests = world.emulator.log().len();
    let token = world.run(&["token"]);
    assert_eq!(token.exit, Exit::Success, "{}", token.stderr);
    assert_eq!(world.emulator.log().len(), requests, "nobody had to sign in again");
    assert!(!world.stored().is_empty(), "and it is stored now");
}

/// Tools sent a secret for a client that has none (AADSTS700025), or no scope with a refresh (AADSTS90009).
#[test]
fn a_refresh_sends_its_scope_and_no_secret() {
    let world = World::new();
    world.login(&[]);
    world.clock.pass(7_200);
    let run = world.run(&["token"]);
    assert!(run.stderr.contains("scope=https://graph.microsoft.com/Mail.Read"), "{}", run.stderr);
    assert!(!run.stderr.contains("client_secret"), "{}", run.stderr);
}

/// A tool built its JSON by pasting strings together.
#[test]
fn json_output_is_json_whatever_is_in_it() {
    let world = World::new();
    let hostile =
        r#"{"error":"x\"y\\z","error_description":"AADSTS65001: \"quoted\" \\ \u0007 \n line"}"#;
    let run = world.run_with_stdin(&["diagnose", "-o", "json"], hostile);
    let document: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(document["verdict"], "problem");
}

/// A library compared its cache with what was granted: a declined scope made every call go to the network.
#[test]
fn a_declined_scope_does_not_spoil_the_cache() {
    let world = World::with("consent-partial");
    world.login(&[]);
    let requests = world.emulator.log().len();
    for _ in 0..3 {
        assert_eq!(world.run(&["token"]).exit, Exit::Success);
    }
    assert_eq!(world.emulator.log().len(), requests);
}
