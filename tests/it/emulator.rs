//! The command `emulator`: what it says before it waits.

use entrada::cli::Exit;

use crate::world::World;

/// Exit code and stderr of a run that is ended by Ctrl-C.
fn run(args: &[&str]) -> (Exit, String) {
    let world = World::new();
    world.signal_comes(2);
    let args = [&["emulator", "--port", "0"], args].concat();
    let run = world.run_exactly(&args, "");
    (run.exit, run.stderr)
}

#[test]
fn scenarios_combine_or_the_conflict_is_named() {
    let (exit, text) = run(&["--scenario", "slow-down+guest+short-lived"]);
    assert_eq!(exit, Exit::Success, "{text}");
    assert!(text.contains("scenario `slow-down+guest+short-lived`"), "{text}");
    let (exit, text) = run(&["--scenario", "slow-down+throttled"]);
    assert_eq!(exit, Exit::Usage, "{text}");
    assert!(text.contains("both determine the fault of the responses"), "{text}");
}

#[test]
fn the_mail_servers_are_shown_with_their_ports() {
    let (exit, text) = run(&["--imap", "0", "--pop", "0", "--smtp", "0"]);
    assert_eq!(exit, Exit::Success, "{text}");
    for name in ["IMAP", "POP", "SMTP"] {
        let line = text.lines().find(|line| line.contains(&format!("{name}: localhost:")));
        assert!(line.is_some_and(|line| line.ends_with("without TLS")), "{name}: {text}");
    }
}

#[test]
fn any_user_signs_in_only_where_that_is_wanted() {
    let user = ["--sign-in-as", "zoe@fabrikam.example"];
    assert_eq!(run(&user).0, Exit::Usage);
    assert_eq!(run(&[&user[..], &["--accept", "user"]].concat()).0, Exit::Success);
    let (exit, text) = run(&["--accept", "everything"]);
    assert_eq!(exit, Exit::Usage);
    assert!(text.contains("expected one of: tenant, user, redirect-uri, api"), "{text}");
}

#[test]
fn the_command_to_sign_in_has_the_client_id_of_the_documents() {
    for scenario in ["normal", "auto-approve", "slow-down+guest"] {
        let (_, text) = run(&["--scenario", scenario]);
        let id = "--client-id 11111111-1111-1111-1111-111111111111";
        assert!(text.contains(id), "{scenario}: {text}");
    }
}

#[test]
fn an_emulator_without_a_scheme_or_with_the_wrong_one_is_named_as_it_is() {
    let world = World::new();
    let run = world.run(&["doctor", "--authority", "localhost:8400"]);
    assert!(run.stdout.contains("`http://localhost:8400`"), "{}", run.stdout);
    world.network_is(crate::world::Network::Dead);
    let run = world.run(&["doctor", "--authority", "http://localhost:8400"]);
    assert!(run.stdout.contains("`entrada emulator --port 8400`"), "{}", run.stdout);
    assert!(!run.stdout.contains("HTTPS_PROXY"), "{}", run.stdout);
}

#[test]
fn an_emulator_without_a_tenant_is_told_to_need_one() {
    let world = World::new();
    world.unset("ENTRADA_TENANT");
    let run = world.run(&["login"]);
    assert_eq!(run.exit, Exit::Usage, "{}", run.stderr);
    assert!(run.stderr.contains("`--tenant organizations`"), "{}", run.stderr);
}

#[test]
fn who_approves_a_sign_in_is_said_where_the_emulator_starts_and_where_the_code_is_shown() {
    let (_, text) = run(&["--scenario", "auto-approve"]);
    assert!(text.contains("approves sign-ins by itself"), "{text}");
    assert!(
        text.contains("`--scenario normal`") && text.contains("sign-ins end with it"),
        "{text}"
    );
    let (_, text) = run(&["--scenario", "normal"]);
    assert!(text.contains("`--scenario auto-approve`"), "{text}");
    let login = World::new().login(&["--flow", "device"]);
    let (before, after) = login.stderr.split_once("  enter  ").unwrap();
    assert!(after.contains("The emulator approves this sign-in by itself"), "{}", login.stderr);
    assert!(!before.contains("To sign in, use a web browser"), "{}", login.stderr);
}

#[test]
fn only_the_clients_that_were_named_are_accepted() {
    let mine = "22222222-2222-2222-2222-222222222222";
    let (exit, text) = run(&["--only-client", mine]);
    assert_eq!(exit, Exit::Success, "{text}");
    assert!(text.contains(&format!("--client-id {mine}")), "{text}");
    assert_eq!(run(&["--only-client", "mine"]).0, Exit::Usage);
}
