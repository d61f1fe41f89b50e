//! An API of one's own: the example of `config.example.toml`, unchanged, against the emulator.

use entrada::cli::Exit;
use entrada_auth::sys::testing::paths_in;
use entrada_core::Jwt;

use crate::smoke::{Emulator, entrada, text};
use crate::world::World;

/// `[jobs.crm]` of `config.example.toml`, without the signs that comment it out.
fn example() -> String {
    let example = include_str!("../../config.example.toml");
    let job = &example[example.find("#[jobs.crm]").unwrap()..];
    let job = job.split("\n\n").next().unwrap();
    job.lines().map(|line| line.strip_prefix('#').unwrap_or(line)).fold(
        String::new(),
        |text, line| {
            // An explanation is left as a comment.
            text + if line.starts_with(' ') { "#" } else { "" } + line + "\n"
        },
    )
}

#[test]
fn the_printed_example_gets_a_token() {
    let world = World::with("own-api");
    world.write_config(&example());
    let login = world.login(&["--job", "crm"]);
    assert!(login.stderr.contains("ok: no problem found for `crm`"), "{}", login.stderr);
    let run = world.run(&["token", "--job", "crm"]);
    assert_eq!(run.exit, Exit::Success, "{}", run.stderr);
    let token = Jwt::decode_unverified(run.stdout.trim()).unwrap();
    assert_eq!(token.claims.aud(), Some("api://11111111-1111-1111-1111-111111111111"));
    assert_eq!(token.claims.text("scp"), Some("Orders.Read"));
    world.clock.pass(7_200);
    let refreshed = world.run(&["token", "--job", "crm"]);
    assert_eq!(refreshed.exit, Exit::Success, "{}", refreshed.stderr);
    // Another service from the same sign-in, and back.
    assert_eq!(world.run(&["token", "--job", "imap"]).exit, Exit::Success);
    assert_eq!(world.run(&["token", "--job", "crm"]).stdout, refreshed.stdout);
    let judged = world.run_with_stdin(&["diagnose", "--job", "crm"], &refreshed.stdout);
    assert_eq!(judged.exit, Exit::Success, "{}", judged.stdout);
    let wrong = world.run_with_stdin(&["diagnose", "--job", "imap"], &refreshed.stdout);
    assert!(wrong.stdout.contains("error[wrong-audience]"), "{}", wrong.stdout);
}

#[test]
fn the_emulator_of_the_command_line_gets_it_by_a_flag() {
    let home = tempfile::TempDir::new().unwrap();
    let api = "api://11111111-1111-1111-1111-111111111111=Orders.Read,Orders.ReadWrite";
    let emulator =
        Emulator::start(&home, &["--api", api, "--api", "api://crm.contoso.example/x=Read"]);
    let config = paths_in(home.path()).config.join("config.toml");
    std::fs::create_dir_all(config.parent().unwrap()).unwrap();
    std::fs::write(config, example()).unwrap();
    for scope in [&["--job", "crm"][..], &["--scope", "api://crm.contoso.example/x/Read"]] {
        let login = emulator.client(&home, &[&["login"], scope].concat());
        assert_eq!(login.status.code(), Some(0), "{}", text(&login.stderr));
        let token = emulator.client(&home, &[&["token"], scope].concat());
        assert_eq!(token.status.code(), Some(0), "{}", text(&token.stderr));
    }
    let bad = entrada(&home).args(["emulator", "--port", "0", "--api", "https://x=Read"]).output();
    let bad = bad.unwrap();
    assert_eq!(bad.status.code(), Some(2));
    assert!(text(&bad.stderr).contains("begins with `api://`"), "{}", text(&bad.stderr));
}

#[test]
fn without_the_registration_the_authority_does_not_know_it() {
    let world = World::new();
    world.write_config(&example());
    let run = world.run(&["login", "--job", "crm"]);
    assert_eq!(run.exit, Exit::Refused, "{}", run.stderr);
    assert!(run.stderr.contains("error[resource-not-found]"), "{}", run.stderr);
}

#[test]
fn all_permissions_are_requested_by_default() {
    let world = World::with("own-api");
    let scope = "api://11111111-1111-1111-1111-111111111111/.default";
    let login = world.login(&[
        "--job",
        "custom",
        "--scope",
        scope,
        "--audience",
        "api://11111111-1111-1111-1111-111111111111",
    ]);
    assert!(login.stderr.contains("ok: no problem found"), "{}", login.stderr);
    let token = world.run(&["token", "--scope", scope]).stdout;
    let token = Jwt::decode_unverified(token.trim()).unwrap();
    assert_eq!(token.claims.text("scp"), Some("Orders.Read Orders.ReadWrite"));
}
