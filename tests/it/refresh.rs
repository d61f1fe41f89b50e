//! What a refresh does when the way to the authority is bad, or the authority says no; and what it spares the next process.

use entrada::cli::Exit;
use entrada::emulator::{Failure, Trouble};
use entrada::sys::Clock as _;

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
        Trouble::Before(Failure::Unavailable),
        Trouble::Before(Failure::Cut),
        Trouble::After(Failure::Cut),
    ] {
        let world = expired("auto-approve");
        world.emulator.befall([trouble; 2]);
        let run = world.run(&["token"]);
        assert_eq!(run.exit, Exit::Success, "{trouble:?}: {}", run.stderr);
        assert_eq!(refreshes(&world), 3, "{trouble:?}");

        let world = expired("auto-approve");
        let before = world.stored();
        world.emulator.befall([trouble; 3]);
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
        Trouble::Before(Failure::Hang),
        Trouble::After(Failure::Hang),
        Trouble::Before(Failure::Page),
    ] {
        let world = expired("auto-approve");
        let before = world.stored();
        world.emulator.befall([trouble]);
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
            assert!(again.stderr.contains("ago; `--force-refresh` asks again"), "{}", again.stderr);
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
    world.emulator.befall([Trouble::Before(Failure::Cut)]);
    let run = world.run(&["token", "--scope", "User.Read offline_access"]);
    assert_eq!(run.exit, Exit::Temporary, "{}", run.stderr);
    assert_eq!(refreshes(&world), before + 1);
    world.emulator.befall([Trouble::Before(Failure::Unavailable)]);
    let run = world.run(&["token", "--scope", "User.Read offline_access"]);
    assert_eq!(run.exit, Exit::Success, "turned away is not used up: {}", run.stderr);
    assert_eq!(refreshes(&world), before + 3);
}

#[test]
fn where_no_lock_can_be_had_a_stored_token_is_handed_out_and_none_is_renewed() {
    let world = World::new();
    world.login(&[]);
    let token = world.run(&["token"]).stdout;
    let locks = world.home.path().join(".local/state/entrada/locks");
    std::fs::remove_dir_all(&locks).unwrap();
    std::fs::write(&locks, "").unwrap();
    assert_eq!(world.run(&["token"]).stdout, token);
    let forced = world.run(&["token", "--force-refresh"]);
    assert_eq!((forced.exit, forced.stdout.as_str()), (Exit::Store, ""));
    assert!(forced.stderr.contains("still good is handed out all the same"), "{}", forced.stderr);
    assert_eq!(refreshes(&world), 0);
}

#[test]
fn who_signs_out_leaves_nothing_of_what_the_authority_said() {
    let world = expired("refresh-dead");
    assert_eq!(world.run(&["token"]).exit, Exit::SignInNeeded);
    let notes = || -> String {
        let locks = world.home.path().join(".local/state/entrada/locks");
        let files = std::fs::read_dir(locks).unwrap().map(|file| file.unwrap().path());
        files.map(|path| std::fs::read_to_string(path).unwrap()).collect()
    };
    assert!(notes().contains("AADSTS700082"));
    assert_eq!(world.run(&["logout"]).exit, Exit::Success);
    assert!(!notes().contains("AADSTS"), "{}", notes());
}
