//! What a refresh does when the way to the authority is bad, or the authority says no; and what it spares the next process.

use entrada::cli::Exit;
use entrada_auth::sys::Clock as _;
use entrada_emulator::{FaultReply, RefreshFault};

use crate::world::World;

/// The emulator's directory.
const TID: &str = "0c0ffee0-1111-4222-8333-444455556666";

/// Somebody signed in two hours ago.
fn expired(scenario: &str) -> World {
    let world = World::with(scenario);
    world.login(&[]);
    world.clock.pass(7_200);
    world
}

fn refreshes(world: &World) -> usize {
    world.token_requests("refresh_token")
}

#[test]
fn a_passing_trouble_is_waited_out_and_one_that_stays_is_told() {
    for trouble in [
        RefreshFault::Before(FaultReply::Unavailable),
        RefreshFault::Before(FaultReply::Cut),
        RefreshFault::After(FaultReply::Cut),
    ] {
        let world = expired("auto-approve");
        world.emulator.inject_faults([trouble; 2]);
        let run = world.run(&["token"]);
        assert_eq!(run.exit, Exit::Success, "{trouble:?}: {}", run.stderr);
        assert_eq!(refreshes(&world), 3, "{trouble:?}");

        let world = expired("auto-approve");
        let before = world.stored();
        world.emulator.inject_faults([trouble; 3]);
        let start = world.clock.now();
        let run = world.run(&["token"]);
        assert_eq!(run.exit, Exit::Temporary, "{trouble:?}: {}", run.stderr);
        assert_eq!(refreshes(&world), 3, "{trouble:?}");
        assert!(world.clock.now().seconds_since(start) <= 5, "{trouble:?}");
        assert_eq!(world.stored(), before, "{trouble:?}");
        assert_eq!(world.run(&["token"]).exit, Exit::Success, "{trouble:?}: nothing was lost");
    }
}

#[test]
fn what_may_still_be_under_way_is_not_sent_again() {
    for trouble in [
        RefreshFault::Before(FaultReply::Hang),
        RefreshFault::After(FaultReply::Hang),
        RefreshFault::Before(FaultReply::Page),
    ] {
        let world = expired("auto-approve");
        let before = world.stored();
        world.emulator.inject_faults([trouble]);
        let run = world.run(&["token"]);
        assert_eq!(run.exit, Exit::Temporary, "{trouble:?}: {}", run.stderr);
        assert_eq!(refreshes(&world), 1, "{trouble:?}");
        assert_eq!(world.stored(), before, "{trouble:?}");
        assert_eq!(world.run(&["token"]).exit, Exit::Success, "{trouble:?}: nothing was lost");
    }
}

#[test]
fn a_server_that_asks_for_a_short_pause_gets_it() {
    let world = expired("throttled");
    let start = world.clock.now();
    assert_eq!(world.run(&["token"]).exit, Exit::Success);
    assert!((2..=3).contains(&world.clock.now().seconds_since(start)));
    assert_eq!(refreshes(&world), 2);
}

#[test]
fn a_server_that_asks_for_a_long_pause_is_left_alone_until_then() {
    let world = expired("throttled");
    world.changing(|_, mut answer| {
        if answer.headers().contains_key("retry-after") {
            answer.headers_mut().insert("retry-after", "100".parse().unwrap());
        }
        answer
    });
    for passes in [0, 50] {
        world.clock.pass(passes);
        let run = world.run(&["token"]);
        assert_eq!(run.exit, Exit::Temporary, "{}", run.stderr);
        assert!(run.stderr.contains("throttled"), "{}", run.stderr);
        assert_eq!(refreshes(&world), 1);
    }
    world.clock.pass(60);
    assert_eq!(world.run(&["token"]).exit, Exit::Success);
    assert_eq!(refreshes(&world), 2);
}

#[test]
fn a_dead_refresh_token_is_sent_once() {
    for scenario in ["refresh-dead", "refresh-revoked"] {
        let world = expired(scenario);
        let first = world.run(&["token"]);
        assert_eq!(first.exit, Exit::SignInNeeded, "{}", first.stderr);
        for days in [0, 40] {
            world.clock.pass(days * 86_400);
            let again = world.run(&["token"]);
            assert_eq!(again.exit, Exit::SignInNeeded, "{}", again.stderr);
            assert_eq!(refreshes(&world), 1, "{scenario}");
            assert!(
                again.stderr.contains("ago; `--force-refresh` sends the request again"),
                "{}",
                again.stderr
            );
        }
        // With the same findings as the first.
        let finding =
            |text: &str| text.lines().find(|line| line.starts_with("error[")).map(str::to_owned);
        let again = world.run(&["token"]);
        assert!(finding(&first.stderr).is_some());
        assert_eq!(finding(&first.stderr), finding(&again.stderr));
        // Whoever insists is heard, and a new sign-in makes it all well.
        assert_eq!(world.run(&["token", "--force-refresh"]).exit, Exit::SignInNeeded);
        assert_eq!(refreshes(&world), 2, "{scenario}");
        world.login(&[]);
        assert_eq!(world.run(&["token"]).exit, Exit::Success);
    }
}

#[test]
fn a_refusal_that_may_end_by_itself_is_asked_for_again_later() {
    let world = expired("consent-required");
    assert_eq!(world.run(&["token"]).exit, Exit::SignInNeeded);
    world.clock.pass(60);
    assert_eq!(world.run(&["token"]).exit, Exit::SignInNeeded);
    assert_eq!(refreshes(&world), 1);
    // Other scopes are another question.
    assert_eq!(world.run(&["token", "--scope", "User.Read"]).exit, Exit::SignInNeeded);
    assert_eq!(refreshes(&world), 2);
    world.clock.pass(121);
    assert!(world.emulator.set_scenario("auto-approve"));
    world.set("ENTRADA_CLIENT_ID", "e1a7a000-0000-4000-8000-000000000008");
    assert_eq!(world.run(&["token"]).exit, Exit::SignInNeeded);
    assert_eq!(refreshes(&world), 3);
}

#[test]
fn another_provider_is_not_sent_again_what_it_may_have_used_up() {
    let world = expired("rotate-and-revoke");
    // As a provider that is not Entra: its refresh tokens die when used.
    world.set("ENTRADA_AUTHORITY", &format!("{}/{TID}/v2.0", crate::world::BASE));
    world.unset("ENTRADA_TENANT");
    let login = world.run(&["login", "--scope", "User.Read offline_access"]);
    assert_eq!(login.exit, Exit::Success, "{}", login.stderr);
    world.clock.pass(7_200);
    let before = refreshes(&world);
    world.emulator.inject_faults([RefreshFault::Before(FaultReply::Cut)]);
    let run = world.run(&["token", "--scope", "User.Read offline_access"]);
    assert_eq!(run.exit, Exit::Temporary, "{}", run.stderr);
    assert_eq!(refreshes(&world), before + 1);
    world.emulator.inject_faults([RefreshFault::Before(FaultReply::Unavailable)]);
    let run = world.run(&["token", "--scope", "User.Read offline_access"]);
    assert_eq!(run.exit, Exit::Success, "turned away is not used up: {}", run.stderr);
    assert_eq!(refreshes(&world), before + 3);
}

#[test]
fn where_no_lock_can_be_had_a_stored_token_is_handed_out_and_none_is_renewed() {
    let world = World::new();
    world.login(&[]);
    let token = world.run(&["token"]).stdout;
    let locks = world.state_dir().join("locks");
    std::fs::remove_dir_all(&locks).unwrap();
    std::fs::write(&locks, "").unwrap();
    assert_eq!(world.run(&["token"]).stdout, token);
    let forced = world.run(&["token", "--force-refresh"]);
    assert_eq!((forced.exit, forced.stdout.as_str()), (Exit::Store, ""));
    assert!(forced.stderr.contains("still valid is used anyway"), "{}", forced.stderr);
    assert_eq!(refreshes(&world), 0);
}

#[test]
fn who_signs_out_leaves_nothing_of_what_the_authority_said() {
    let world = expired("refresh-dead");
    assert_eq!(world.run(&["token"]).exit, Exit::SignInNeeded);
    assert!(notes(&world).contains("AADSTS700082"));
    assert_eq!(world.run(&["logout"]).exit, Exit::Success);
    assert!(!notes(&world).contains("AADSTS"), "{}", notes(&world));
}

/// What the processes leave each other.
fn notes(world: &World) -> String {
    let locks = world.state_dir().join("locks");
    let files = std::fs::read_dir(locks).unwrap().map(|file| file.unwrap().path());
    files.map(|path| std::fs::read_to_string(path).unwrap()).collect()
}

/// The refresh token that is stored.
fn stored_token(world: &World) -> String {
    let grants = world.grants();
    let key = grants.list().unwrap()[0].key();
    grants.load(&key).unwrap().unwrap().refresh_token.unwrap().expose().to_owned()
}

/// The status and the body with which a server answers a refresh token.
type Echo = dyn Fn(&str) -> (u16, String);

#[test]
fn what_a_server_sends_back_of_a_token_is_not_noted() {
    let echoes: [&Echo; 4] = [
        &|token| (400, format!(r#"{{"error":"invalid_grant","error_description":"Bad {token}"}}"#)),
        &|token| (400, format!(r#"{{"error":"{token}","suberror":"{token}","claims":"{token}"}}"#)),
        &|token| {
            (
                400,
                format!(
                    r#"{{"error":"invalid_grant","error_description":"x y {}"}}"#,
                    &token[..40]
                ),
            )
        },
        &|token| (403, format!("<html>refresh_token={token}")),
    ];
    for echo in echoes {
        let world = expired("auto-approve");
        let token = stored_token(&world);
        let (status, body) = echo(&token);
        world.changing(move |path, mut answer| {
            if path.ends_with("/token") {
                *answer.status_mut() = status.try_into().unwrap();
                *answer.body_mut() = body.clone().into_bytes();
            }
            answer
        });
        let run = world.run(&["token"]);
        assert_ne!(run.exit, Exit::Success);
        let notes = notes(&world);
        assert!(notes.contains("outcome"), "{notes}");
        for piece in token.as_bytes().chunks_exact(20) {
            let piece = std::str::from_utf8(piece).unwrap();
            assert!(!notes.contains(piece), "{notes}");
        }
        assert!(!run.stderr.contains(&token), "{}", run.stderr);
    }
}

#[test]
fn a_dead_token_is_sent_for_no_other_scope_either() {
    let world = expired("refresh-dead");
    for args in [&["token"][..], &["token", "--job", "imap"], &["token", "--scope", "User.Read"]] {
        assert_eq!(world.run(args).exit, Exit::SignInNeeded, "{args:?}");
    }
    assert_eq!(refreshes(&world), 1);
    let status = world.run(&["status", "-o", "json"]);
    let status: serde_json::Value = serde_json::from_str(&status.stdout).unwrap();
    assert_eq!(status["accounts"][0]["forecast"]["basis"], "refused");
    let all = world.run(&["status", "--all"]).stdout;
    let row = all.lines().find(|line| line.starts_with("ada@")).unwrap();
    assert!(!row.contains("90 d") && row.contains("now"), "{all}");
}

#[test]
fn a_pause_that_a_page_asks_for_is_kept_and_said() {
    let world = expired("auto-approve");
    world.changing(|path, mut answer| {
        if path.ends_with("/token") {
            *answer.status_mut() = http::StatusCode::SERVICE_UNAVAILABLE;
            *answer.body_mut() = b"<html>".to_vec();
            answer.headers_mut().insert("retry-after", "60".parse().unwrap());
        }
        answer
    });
    assert_eq!(world.run(&["token"]).exit, Exit::Temporary);
    let again = world.run(&["token"]);
    assert_eq!(again.exit, Exit::Temporary);
    assert!(again.stderr.contains("asks clients to wait"), "{}", again.stderr);
    assert_eq!(refreshes(&world), 1);
}

#[test]
fn a_bare_refusal_is_believed_for_an_hour() {
    let world = expired("auto-approve");
    world.changing(|path, mut answer| {
        if path.ends_with("/token") {
            *answer.status_mut() = http::StatusCode::BAD_REQUEST;
            *answer.body_mut() = br#"{"error":"invalid_grant"}"#.to_vec();
        }
        answer
    });
    for (passes, expected) in [(0, 1), (3_000, 1), (700, 2)] {
        world.clock.pass(passes);
        assert_eq!(world.run(&["token"]).exit, Exit::SignInNeeded);
        assert_eq!(refreshes(&world), expected);
    }
}

#[test]
fn a_new_sign_in_or_take_over_clears_what_was_known() {
    let world = expired("auto-approve");
    let token = stored_token(&world);
    world.changing(|path, mut answer| {
        if path.ends_with("/token") {
            *answer.status_mut() = http::StatusCode::BAD_REQUEST;
            *answer.body_mut() = br#"{"error":"invalid_grant"}"#.to_vec();
        }
        answer
    });
    assert_eq!(world.run(&["token"]).exit, Exit::SignInNeeded);
    world.changing(|_, answer| answer);
    let file = format!(r#"{{"refresh_token":"{token}","token_type":"Bearer"}}"#);
    let kept = world.run_with_stdin(&["import", "-"], &file);
    assert_eq!(kept.exit, Exit::Usage, "{}", kept.stderr);
    assert!(kept.stderr.contains("that sign-in was kept"), "{}", kept.stderr);
    assert_eq!(stored_token(&world), token);
    let taken = world.run_with_stdin(&["import", "--replace", "-"], &file);
    assert_eq!(taken.exit, Exit::Success, "{}", taken.stderr);
    world.clock.pass(7_200);
    assert_eq!(world.run(&["token"]).exit, Exit::Success);
    let pinned = world.run_with_stdin(&["import", "--oid", TID, "-"], &file);
    assert_eq!(pinned.exit, Exit::Usage);
    assert!(pinned.stderr.contains("nothing was sent"), "{}", pinned.stderr);
}

#[test]
fn a_quiet_token_says_nothing_on_stderr_unless_it_fails_or_has_a_problem() {
    let quiet = |world: &World, args: &[&str]| {
        world.run_exactly(&[&["token", "-q", "--no-interactive"], args].concat(), "")
    };
    // The keys of the ID token cannot be fetched.
    for scenario in ["auto-approve", "no-scope-member", "short-lived"] {
        let world = World::with(scenario);
        world.login(&[]);
        world.changing(|path, mut answer| {
            if path.ends_with("/keys") {
                *answer.status_mut() = 503.try_into().unwrap();
            }
            answer
        });
        let run = quiet(&world, &["--force-refresh"]);
        assert_eq!((run.exit, &*run.stderr), (Exit::Success, ""), "{scenario}");
        assert!(run.stdout.starts_with("eyJ"), "{scenario}");
    }
    // A token that does not serve is reported all the same.
    let world = World::with("consent-partial");
    world.login(&[]);
    let run = quiet(&world, &["--force-refresh"]);
    assert!(run.stderr.starts_with("problem: missing-scope"), "{}", run.stderr);
    // A failure is reported.
    let world = expired("auto-approve");
    world.network_is(crate::world::Network::Dead);
    let run = quiet(&world, &[]);
    assert_eq!(run.exit, Exit::Temporary);
    assert!(run.stderr.contains("no answer"), "{}", run.stderr);
}
