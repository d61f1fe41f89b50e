//! Runs every command, as talkative as it gets, over tokens with a marker, and looks for the marker.

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use entrada::cli::Exit;

use crate::command_lines::one_for_each_command;
use crate::world::World;

/// Stands in every secret of these tests, in a form that survives cutting and quoting.
const MARKER: &str = "CANARYcanary0xC0FFEE";

fn marked_jwt() -> String {
    let part = |json: &str| BASE64_URL_SAFE_NO_PAD.encode(json);
    format!(
        "{}.{}.{MARKER}",
        part(r#"{"alg":"RS256"}"#),
        part(r#"{"aud":"https://graph.microsoft.com","scp":"Mail.Read","exp":1}"#)
    )
}

/// Inputs whose secret parts hold the marker.
fn marked_inputs() -> Vec<String> {
    let jwt = marked_jwt();
    vec![
        jwt.clone(),
        format!("Bearer {jwt}"),
        format!("EwBo{}{MARKER}", "A".repeat(200)),
        format!("M.C546_BAY.0.U.-{}{MARKER}", "Ab".repeat(60)),
        MARKER.to_owned(),
        format!("{MARKER}..."),
        format!(r#"{{"access_token":"{MARKER}","refresh_token":"{MARKER}","expires_in":1}}"#),
        format!(r#"{{"access_token":"{jwt}","id_token":"{jwt}","client_info":"{MARKER}"}}"#),
        format!(r#"{{"version":1,"token":"{jwt}","job":"imap"}}"#),
        format!(r#"{{"access_token":"{MARKER}""#),
        format!(r#"{{"error":"invalid_grant","refresh_token":"{MARKER}"}}"#),
        BASE64_STANDARD.encode(format!("user=ada\u{1}auth=Bearer {jwt}\u{1}\u{1}")),
        BASE64_STANDARD.encode(format!("user=ada auth=Bearer {MARKER}")),
        format!("the log has 0.A{}.Ag{}{MARKER} in it", "b".repeat(45), "c".repeat(100)),
        format!("sent {jwt}\nWWW-Authenticate: Bearer realm=\"\", error=\"invalid_token\""),
    ]
}

#[test]
fn no_command_prints_a_secret_that_it_was_given() {
    for input in marked_inputs() {
        for command in [
            &["diagnose"][..],
            &["diagnose", "-o", "json"],
            &["diagnose", "--job", "imap,arm,none"],
            &["diagnose", "--explain-reading"],
            &["diagnose", "--explain-reading", "-o", "json"],
            &["inspect"],
            &["inspect", "-o", "json"],
        ] {
            let world = World::new();
            let run = world.run_with_stdin(command, &input);
            assert!(!run.stdout.contains(MARKER), "{command:?}: {}", run.stdout);
            assert!(!run.stderr.contains(MARKER), "{command:?}: {}", run.stderr);
        }
    }
}

#[test]
fn a_token_given_as_an_argument_is_not_repeated_either() {
    let world = World::new();
    let run = world.run(&["diagnose", &marked_jwt()]);
    assert!(!run.stdout.contains(MARKER) && !run.stderr.contains(MARKER));
    assert!(run.stderr.contains("give a token on standard input"), "{}", run.stderr);
}

#[test]
fn every_command_keeps_the_secrets_of_a_stored_grant() {
    for command in one_for_each_command() {
        let world = World::new();
        world.login(&[]);
        // `run` itself looks for every secret that the emulator has issued.
        let args: Vec<&str> = command.iter().map(String::as_str).collect();
        let run = world.run(&args);
        assert!(run.exit != Exit::Failure, "{command:?}: {}", run.stderr);
    }
}

#[test]
fn the_store_on_disk_shows_no_secret() {
    let world = World::new();
    world.login(&[]);
    world.clock.pass(7_200);
    world.run(&["token"]);
    let mut dirs = vec![world.home.path().to_owned()];
    let mut files = 0;
    while let Some(dir) = dirs.pop() {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                dirs.push(path);
                continue;
            }
            files += 1;
            let bytes = std::fs::read(&path).unwrap();
            for secret in world.emulator.secrets() {
                let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
                assert!(!found, "{} holds a secret in the clear", path.display());
            }
        }
    }
    assert!(2 <= files, "a grant and an index at least");
}
