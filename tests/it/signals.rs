//! Signals, and locks that cannot be had, at the moment at which something is had that is had only once.

use entrada::cli::Exit;
use entrada_auth::sys::Clock as _;
use serde_json::json;

use crate::world::World;

const SIGNALS: [(u8, Exit); 3] =
    [(1, Exit::HungUp), (2, Exit::Interrupted), (15, Exit::Terminated)];

#[test]
fn a_signal_during_a_refresh_ends_the_run_once_the_answer_is_stored() {
    for (signal, exit) in SIGNALS {
        let world = World::with("rotate-and-revoke");
        world.login(&[]);
        world.clock.pass(7_200);
        world.signal_comes_during("grant_type=refresh_token", signal);
        let run = world.run(&["token"]);
        assert_eq!((run.exit, run.stdout.as_str()), (exit, ""), "{}", run.stderr);
        assert!(run.stderr.contains("interrupted; the new grant is stored"), "{}", run.stderr);
        let next = world.run(&["token"]);
        assert_eq!((next.exit, next.stdout.lines().count()), (Exit::Success, 1), "{}", next.stderr);
        assert_eq!(world.token_requests("refresh_token"), 1, "the answer was stored");
    }
}

#[test]
fn a_signal_while_the_keys_are_asked_for_waits_as_well() {
    let world = World::with("rotate-and-revoke");
    world.login(&[]);
    world.clock.pass(7_200);
    let state = world.state_dir();
    std::fs::remove_dir_all(state.join("signing-keys")).unwrap();
    world.signal_comes_during("/keys", 15);
    let run = world.run(&["token"]);
    assert_eq!((run.exit, run.stdout.as_str()), (Exit::Terminated, ""), "{}", run.stderr);
    assert_eq!(world.run(&["token"]).exit, Exit::Success);
    assert_eq!(world.token_requests("refresh_token"), 1);
}

#[test]
fn a_signal_during_a_sign_in_ends_the_run_once_the_grant_is_stored() {
    for (signal, exit) in SIGNALS {
        for (world, spends) in [
            (World::new().on_a_desktop(), "grant_type=authorization_code"),
            (World::new().on_a_desktop(), "/keys"),
            (World::new(), "/keys"),
        ] {
            world.signal_comes_during(spends, signal);
            let run = world.run(&["login"]);
            assert_eq!((run.exit, run.stdout.as_str()), (exit, ""), "{}", run.stderr);
            assert!(run.stderr.contains("interrupted; the new grant is stored"), "{}", run.stderr);
            let next = world.run(&["token"]);
            assert_eq!(next.exit, Exit::Success, "{spends}: {}", next.stderr);
        }
    }
}

#[test]
fn what_was_in_memory_alone_is_not_said_to_be_stored() {
    let world = World::new();
    world.signal_comes_during("/keys", 2);
    let run = world.run(&["login", "--store", "memory"]);
    assert_eq!(run.exit, Exit::Interrupted, "{}", run.stderr);
    assert!(run.stderr.contains("only in memory, and is lost"), "{}", run.stderr);
    assert!(!run.stderr.contains("stored"), "{}", run.stderr);
}

#[test]
fn a_signal_while_a_sign_in_by_code_is_pending_ends_it() {
    let world = World::with("normal");
    world.signal_comes_during("device_code=", 2);
    let run = world.run(&["login"]);
    assert_eq!(run.exit, Exit::Interrupted, "{}", run.stderr);
    assert_eq!(world.run(&["token"]).exit, Exit::SignInNeeded);
}

#[test]
fn a_signal_during_an_import_ends_the_run_once_the_grant_is_stored() {
    let world = World::with("rotate-and-revoke");
    world.login(&[]);
    let grants = world.grants();
    let key = grants.list().unwrap()[0].key();
    let token = grants.load(&key).unwrap().unwrap().refresh_token.unwrap();
    let file = json!({ "refresh_token": token.expose(), "token_type": "Bearer" }).to_string();
    assert_eq!(world.run(&["logout"]).exit, Exit::Success);
    world.signal_comes_during("grant_type=refresh_token", 15);
    let run = world.run_with_stdin(&["import", "-"], &file);
    assert_eq!(run.exit, Exit::Terminated, "{}", run.stderr);
    let next = world.run(&["token"]);
    assert_eq!(next.exit, Exit::Success, "{}", next.stderr);
}

#[test]
fn a_signal_before_the_next_attempt_sends_nothing_more() {
    let world = World::with("outage");
    world.login(&[]);
    world.clock.pass(7_200);
    world.signal_comes_during("grant_type=refresh_token", 2);
    let run = world.run(&["token"]);
    assert_eq!(run.exit, Exit::Interrupted, "{}", run.stderr);
    assert_eq!(world.token_requests("refresh_token"), 1);
}

/// The lock on the one grant, as another process has it.
fn held(world: &World) -> std::fs::File {
    let locks = world.state_dir().join("locks");
    let paths = std::fs::read_dir(locks).unwrap().map(|file| file.unwrap().path());
    let path = paths.into_iter().find(|path| !path.ends_with("probe.lock")).unwrap();
    let file = std::fs::File::options().read(true).write(true).open(path).unwrap();
    file.lock().unwrap();
    file
}

#[test]
fn a_sign_in_stores_nothing_without_the_lock_and_loses_nothing() {
    for (world, signal) in [(World::new(), None), (World::new().on_a_desktop(), Some(2))] {
        world.login(&[]);
        world.clock.pass(7_200);
        let before = world.stored();
        let lock = held(&world);
        let begun = world.emulator.log().len();
        if let Some(signal) = signal {
            world.signal_comes_during("/keys", signal);
        }
        let passed = world.clock.stopwatch();
        let run = world.run(&["login", "--flow", "device"]);
        // After the signal it does not wait for the lock: what came is set aside.
        assert_eq!(passed().as_secs() < 30, signal.is_some(), "{:?}", passed());
        let exit = if signal.is_some() { Exit::Interrupted } else { Exit::Busy };
        assert_eq!(run.exit, exit, "{}", run.stderr);
        assert!(world.emulator.log().len() > begun);
        assert!(world.stored() == before, "stored without the lock");
        let why = if signal.is_none() { "still uses this sign-in" } else { "was interrupted" };
        assert!(run.stderr.contains(why), "{}", run.stderr);
        assert!(run.stderr.contains("it is kept, encrypted, in"), "{}", run.stderr);
        drop(lock);
        let refreshes = world.token_requests("refresh_token");
        let next = world.run(&["token"]);
        assert_eq!(next.exit, Exit::Success, "{}", next.stderr);
        assert_eq!(world.token_requests("refresh_token"), refreshes, "the sign-in's own token");
    }
}

#[test]
fn nobody_is_asked_to_sign_in_where_no_lock_can_be_had() {
    let world = World::new();
    world.login(&[]);
    let locks = world.state_dir().join("locks");
    std::fs::remove_dir_all(&locks).unwrap();
    std::fs::write(&locks, "").unwrap();
    let begun = world.emulator.log().len();
    let run = world.run(&["login"]);
    assert_eq!(run.exit, Exit::Store, "{}", run.stderr);
    assert_eq!(world.emulator.log().len(), begun, "{}", run.stderr);
}
