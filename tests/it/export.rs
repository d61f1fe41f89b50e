//! `entrada export`: a grant of ours for another program.

use std::fs;
use std::path::PathBuf;

use entrada::cli::Exit;
use entrada_auth::store::Grant;
use serde_json::Value;

use crate::world::{BASE, NOW, World};

fn signed_in() -> World {
    let world = World::new();
    world.login(&[]);
    world
}

fn only_grant(world: &World) -> (String, Grant) {
    let grants = world.grants();
    let all = grants.list().unwrap();
    assert_eq!(all.len(), 1);
    let key = all[0].key();
    (key.to_string(), grants.load(&key).unwrap().unwrap())
}

fn file(world: &World) -> (PathBuf, String) {
    let path = world.home.path().join("cache.json");
    let text = path.to_str().unwrap().to_owned();
    (path, text)
}

#[test]
fn what_was_exported_is_imported_as_the_same_grant() {
    let world = signed_in();
    let (key, before) = only_grant(&world);
    let exported = world.run(&["export", "--msal"]);
    assert_eq!(exported.exit, Exit::Success, "{}", exported.stderr);
    let refresh_token = before.refresh_token.as_ref().unwrap();
    let cache: Value = serde_json::from_str(&exported.stdout).unwrap();
    let tokens = cache["RefreshToken"].as_object().unwrap();
    assert_eq!(tokens.len(), 1);
    assert_eq!(tokens.values().next().unwrap()["secret"], refresh_token.expose());
    let access = cache["AccessToken"].as_object().unwrap();
    let token = &before.access_tokens[0];
    let ends = token.expires_at.0.to_string();
    assert_eq!(access.len(), 2, "by the directory's id, and by the name that was signed in to");
    assert!(access.values().all(|entry| entry["secret"] == token.access_token.expose()));
    assert!(access.values().all(|entry| entry["expires_on"] == ends.as_str()));
    assert_eq!(world.run(&["logout"]).exit, Exit::Success);
    assert!(world.grants().list().unwrap().is_empty());
    let taken = world.run_with_stdin(&["import", "-", "--authority", BASE], &exported.stdout);
    assert_eq!(taken.exit, Exit::Success, "{}", taken.stderr);
    let (key_after, after) = only_grant(&world);
    assert_eq!((key_after, after.account), (key, before.account));
    assert_eq!(
        after.access_tokens[0].requested.api(),
        before.access_tokens[0].requested.api(),
        "it is asked for the same"
    );
    assert_eq!(after.signed_in_at, None, "a cache does not tell when that was");
    let status = world.run(&["status"]);
    assert!(
        status.stdout.contains("signed in      at an unknown time (refresh_token)"),
        "{status:?}"
    );
}

#[test]
fn whoever_exports_is_told_what_that_means() {
    let world = signed_in();
    let run = world.run_exactly(&["export", "--msal"], "");
    assert!(
        run.stderr
            .contains("holds a refresh token in plain text: anyone who reads it can act as ada@"),
        "{}",
        run.stderr
    );
    assert!(run.stderr.contains("share that sign-in from now on"), "{}", run.stderr);
    assert_eq!(world.run(&["export"]).exit, Exit::Usage, "the format is asked for by name");
    assert_eq!(world.run(&["export"]).stdout, "");
}

#[test]
fn a_terminal_sees_it_only_on_request() {
    let world = signed_in().at_a_terminal();
    let run = world.run(&["export", "--msal"]);
    assert_eq!((run.exit, run.stdout.as_str()), (Exit::Usage, ""));
    assert!(run.stderr.contains("--to-terminal"), "{}", run.stderr);
    let run = world.run(&["export", "--msal", "--to-terminal"]);
    assert_eq!(run.exit, Exit::Success, "{}", run.stderr);
    assert!(run.stdout.contains("\"RefreshToken\""), "{}", run.stderr);
}

#[test]
fn a_file_is_its_owners_alone_and_replaces_nothing_unasked() {
    let world = signed_in().at_a_terminal();
    let (path, name) = file(&world);
    let to_file = |more: &[&str]| {
        let args: Vec<&str> = ["export", "--msal", "--output", &name]
            .into_iter()
            .chain(more.iter().copied())
            .collect();
        world.run(&args)
    };
    let run = to_file(&[]);
    assert_eq!((run.exit, run.stdout.as_str()), (Exit::Success, ""), "{}", run.stderr);
    let text = fs::read_to_string(&path).unwrap();
    assert!(serde_json::from_str::<Value>(&text).unwrap()["Account"].is_object());
    fs::write(&path, "somebody else's").unwrap();
    let run = to_file(&[]);
    assert_eq!(run.exit, Exit::Usage);
    assert!(run.stderr.contains("exists already"), "{}", run.stderr);
    assert_eq!(fs::read_to_string(&path).unwrap(), "somebody else's");
    #[cfg(unix)]
    {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(to_file(&["--force"]).exit, Exit::Success);
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
        let elsewhere = world.home.path().join("elsewhere");
        fs::remove_file(&path).unwrap();
        symlink(&elsewhere, &path).unwrap();
        for more in [&[][..], &["--force"]] {
            assert_eq!(to_file(more).exit, Exit::Usage, "through no link");
            assert!(!elsewhere.exists());
        }
    }
    let files = fs::read_dir(world.home.path()).unwrap();
    let drafts = files.filter(|file| {
        file.as_ref().unwrap().file_name().to_string_lossy().starts_with(".entrada")
    });
    assert_eq!(drafts.count(), 0);
    assert_eq!(
        world.run(&["export", "--msal", "--output", "/nowhere/cache.json"]).exit,
        Exit::Usage
    );
}

#[test]
fn another_authoritys_grant_is_not_shared_without_a_word() {
    let world = World::new();
    world.unset("ENTRADA_TENANT");
    world.set("ENTRADA_AUTHORITY", "https://idp.example");
    let run = world.run(&["export", "--msal"]);
    assert_eq!(run.exit, Exit::Usage);
    assert!(run.stderr.contains("two programs cannot share one"), "{}", run.stderr);
    let run = world.run(&["export", "--msal", "--any-authority"]);
    assert_eq!(run.exit, Exit::SignInNeeded, "no account is signed in there: {}", run.stderr);
}

#[test]
fn one_of_several_has_to_be_named() {
    let world = signed_in();
    let grants = world.grants();
    let key = grants.list().unwrap()[0].key();
    let mut other = grants.load(&key).unwrap().unwrap();
    other.account.username = Some("bob@contoso.example".to_owned());
    other.refresh_token = None;
    grants
        .save(&entrada_auth::store::GrantKey { account: "b.t".to_owned(), ..key }, &other, NOW)
        .unwrap();
    drop(grants);
    let run = world.run(&["export", "--msal"]);
    assert_eq!((run.exit, run.stdout.as_str()), (Exit::Usage, ""));
    assert!(run.stderr.contains("several accounts"), "{}", run.stderr);
    let run = world.run(&["export", "--msal", "--account", "bob@contoso.example"]);
    assert_eq!(run.exit, Exit::Success, "{}", run.stderr);
    assert!(run.stderr.contains("and no refresh token"), "{}", run.stderr);
}
