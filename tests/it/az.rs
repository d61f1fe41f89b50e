//! `az account get-access-token`, as people and scripts type it.

use entrada::cli::Exit;
use serde_json::Value;

use crate::world::World;

const AZ: [&str; 5] =
    ["az", "account", "get-access-token", "--resource", "https://graph.microsoft.com"];

/// How `az account get-access-token … args…` ends, and what it says on stdout and stderr.
fn az(world: &World, args: &[&str]) -> (Exit, String, String) {
    let mut stdout = Vec::new();
    let argv = [&AZ[..], args].concat();
    let (exit, stderr) = world.run_on(&argv, &mut std::io::empty(), &mut stdout);
    (exit, String::from_utf8(stdout).unwrap(), stderr)
}

fn signed_in() -> World {
    let world = World::new();
    world.login(&["--scope", "https://graph.microsoft.com/.default"]);
    world
}

#[test]
fn a_script_gets_the_bare_token() {
    let world = signed_in();
    let token = world.run(&["token", "--scope", "https://graph.microsoft.com/.default"]).stdout;
    for args in [
        &["--query", "accessToken", "-o", "tsv"][..],
        &["--query=accessToken", "--output=tsv"],
        &["-otsv", "--query", "accessToken"],
        &["--query", "[accessToken]", "-o", "tsv"],
        &["--query", "{t:accessToken}", "-o", "tsv"],
    ] {
        assert_eq!(az(&world, args), (Exit::Success, token.clone(), String::new()), "{args:?}");
    }
    let (_, both, _) = az(&world, &["--query", "[accessToken,expires_on]", "-o", "tsv"]);
    let lines: Vec<&str> = both.lines().collect();
    assert_eq!((lines[0], lines.len()), (token.trim_end(), 2));
    assert!(lines[1].parse::<i64>().unwrap() > 1_700_000_000);
    let (_, json, _) = az(&world, &["--query", "accessToken"]);
    assert_eq!(json, format!("\"{}\"\n", token.trim_end()));
    let (exit, none, _) = az(&world, &["-o", "none"]);
    assert_eq!((exit, none.as_str()), (Exit::Success, ""));
    let (_, table, _) = az(&world, &["-o", "table", "--query", "{Type:tokenType}"]);
    assert_eq!(table, "Type\n------\nBearer\n");
    let (_, all, _) = az(&world, &[]);
    let document: Value = serde_json::from_str(&all).unwrap();
    assert_eq!(document["accessToken"], token.trim_end());
    assert_eq!(all.lines().count(), 1, "as the SDKs get it");
}

#[test]
fn a_subscription_is_accepted_and_has_no_effect() {
    let world = signed_in();
    for flag in ["--subscription", "-s", "--name", "-n"] {
        let (exit, out, err) =
            az(&world, &[flag, "Pay as you go", "--query", "tokenType", "-o", "tsv"]);
        assert_eq!((exit, out.as_str()), (Exit::Success, "Bearer\n"), "{err}");
        assert!(err.contains("`--subscription` has no effect"), "{err}");
        // The SDKs look for these words, and then say that nobody is signed in.
        assert!(!err.contains("az login"), "{err}");
    }
    let (_, _, err) = az(&world, &["--subscription", "x", "--only-show-errors"]);
    assert_eq!(err, "");
    let (exit, out, err) = az(&world, &["--query", "subscription", "-o", "tsv"]);
    assert_eq!(
        (exit, out.as_str()),
        (Exit::Success, ""),
        "as the Azure CLI prints what is not there"
    );
    assert!(err.contains("the query finds nothing"), "{err}");
}

#[test]
fn what_cannot_be_answered_is_told_before_anything_is_sent() {
    let world = World::new();
    for (args, told) in [
        (
            &["--query", "accessToken]"][..],
            "argument --query: `accessToken]`: `]` is not supported",
        ),
        (&["-o", "xml"], "argument --output: invalid choice: 'xml' (choose from 'json', "),
        (&["--resource-type", "x"], "argument --resource-type: invalid choice: 'x'"),
        (&["--service-principal"], "entrada does not support `--service-principal`"),
    ] {
        let (exit, out, err) = az(&world, args);
        assert_eq!((exit, out.as_str()), (Exit::Usage, ""));
        assert!(err.contains(told), "{err}");
    }
    let (exit, out, err) = az(&world, &["--query", "accessToken", "-o", "tsv"]);
    assert_eq!((exit, out.as_str()), (Exit::SignInNeeded, ""));
    assert!(err.contains("in place of `az login`: sign in with `entrada login`"), "{err}");
    assert!(world.emulator.log().is_empty());
}

#[test]
fn a_sign_in_without_a_profile_serves_it() {
    let world = World::new();
    let client = world.client_id();
    for name in ["CLIENT_ID", "TENANT", "AUTHORITY"] {
        world.unset(&format!("ENTRADA_{name}"));
    }
    world.login(&[
        "--client-id",
        &client,
        "--tenant",
        "organizations",
        "--authority",
        crate::world::BASE,
    ]);
    let (exit, token, err) = az(&world, &["--query", "accessToken", "-o", "tsv"]);
    assert_eq!((exit, token.lines().count()), (Exit::Success, 1), "{err}");
}
