//! The administrator's file: what it forbids stays forbidden, whatever the user sets.

use entrada::cli::Exit;

use crate::world::{BASE, World};

/// Ends with code 2 because of the administrator's file, and says so; nothing was asked of the authority.
#[track_caller]
fn refused(world: &World, args: &[&str], key: &str) {
    let before = world.emulator.log().len();
    let run = world.run(args);
    assert_eq!((run.exit, run.stdout.as_str()), (Exit::Usage, ""), "{args:?}: {}", run.stderr);
    let path = world.policy_path();
    for part in [key, path.to_str().unwrap()] {
        assert!(run.stderr.replace('\n', " ").contains(part), "{part}: {}", run.stderr);
    }
    assert_eq!(world.emulator.log().len(), before, "{args:?}");
}

#[test]
fn no_flag_variable_or_file_allows_a_flow_that_the_administrator_forbids() {
    for policy in ["flow-allow = [\"browser\"]", "no-device = true"] {
        let world = World::new().on_a_desktop();
        world.write_policy(policy);
        refused(&world, &["login", "--flow", "device"], "the administrator's file");
        refused(
            &world,
            &["login", "--flow", "device", "--no-device=false"],
            "the administrator's file",
        );
        world.set("ENTRADA_FLOW", "device");
        world.set("ENTRADA_NO_DEVICE", "0");
        refused(&world, &["login"], "the administrator's file");
        world.unset("ENTRADA_FLOW");
        world.write_config("[defaults]\nflow = \"device\"\nno-device = false\n");
        refused(&world, &["login"], "the administrator's file");
        let own = world.home.path().join("own.toml");
        std::fs::write(&own, "[defaults]\nflow = \"device\"\n").unwrap();
        refused(&world, &["login", "--config", own.to_str().unwrap()], "the administrator's file");
        // What is allowed works.
        world.login(&["--flow", "browser"]);
        assert_eq!(world.token_requests("authorization_code"), 1);
    }
}

#[test]
fn auto_chooses_among_the_allowed_flows() {
    // Without a browser to see, `auto` shows a code.
    let world = World::new();
    world.write_policy("no-device = true");
    let run = world.run(&["login", "--timeout", "3s"]);
    assert!(run.stderr.contains("/authorize?"), "{}", run.stderr);
    assert!(!run.stderr.contains("  enter  "), "{}", run.stderr);
    let world = World::new();
    world.write_policy("flow-allow = []");
    refused(&world, &["login"], "allows none");
}

#[test]
fn a_user_may_forbid_codes_too() {
    let world = World::new();
    let run = world.run(&["login", "--no-device", "--flow", "device"]);
    assert_eq!(run.exit, Exit::Usage, "{}", run.stderr);
    assert!(run.stderr.contains("`no-device` allows `browser`, `paste`"), "{}", run.stderr);
    world.write_policy("flow-allow = [\"device\"]");
    refused(&world, &["login", "--no-device", "--flow", "device"], "allows none");
    world.login(&["--flow", "device"]);
}

#[test]
fn other_tenants_and_authorities_get_no_request_and_their_stored_tokens_are_not_used() {
    let world = World::new();
    world.login(&[]);
    assert_eq!(world.run(&["token"]).exit, Exit::Success);
    world.write_policy(
        "tenant-allow = [\"contoso.example\"]\nauthority-allow = [\"http://localhost:8400\"]",
    );
    for args in [&["token"][..], &["login"], &["exec", "--", "true"], &["probe"]] {
        refused(&world, args, "`tenant-allow` in");
    }
    let git = "protocol=https\nhost=dev.azure.com\n\n";
    let run = world.run_with_stdin(&["git-credential", "get"], git);
    assert_eq!((run.exit, run.stdout.as_str()), (Exit::Usage, ""), "{}", run.stderr);
    let import = r#"{"email":"ada@contoso.example","refresh_token":"1.AXoAdead"}"#;
    let before = world.emulator.log().len();
    let run = world.run_with_stdin(&["import", "-"], import);
    assert_eq!((run.exit, world.emulator.log().len()), (Exit::Usage, before), "{}", run.stderr);
    world.login(&["--tenant", "contoso.example"]);
    refused(
        &world,
        &["token", "--authority", "https://evil.example", "--tenant", "contoso.example"],
        "`authority-allow` in",
    );
    refused(
        &world,
        &["login", "--authority", "https://evil.example/contoso.example"],
        "`authority-allow` in",
    );
    // What was stored before can still be forgotten.
    assert_eq!(world.run(&["logout", "--everything"]).exit, Exit::Success);

    world.write_policy("tenant-allow = [\"contoso.example\"]");
    refused(&world, &["login", "--tenant", "contoso.example"], "`tenant-allow` in");
}

#[test]
fn a_file_that_cannot_be_understood_or_trusted_forbids_everything() {
    let world = World::new();
    for text in [
        "flow-alow = [\"browser\"]",
        "flow-allow = [\"brwoser\"]",
        "flow-allow",
        "tenant-allow = 7",
    ] {
        world.write_policy(text);
        refused(&world, &["login"], "");
    }
    world.write_policy("");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let open = std::fs::Permissions::from_mode(0o666);
        std::fs::set_permissions(world.policy_path(), open).unwrap();
        refused(&world, &["login"], "can be written by other users");
        let kept = std::fs::Permissions::from_mode(0o644);
        std::fs::set_permissions(world.policy_path(), kept).unwrap();
    }
    world.login(&[]);
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_nowhere_forbids_everything() {
    use std::os::unix::fs::symlink;
    let world = World::new();
    let path = world.policy_path();
    let folder = path.parent().unwrap();
    std::fs::create_dir_all(folder).unwrap();
    symlink("missing", &path).unwrap();
    refused(&world, &["login"], "config.toml");
    std::fs::remove_file(&path).unwrap();
    std::fs::remove_dir(folder).unwrap();
    symlink("missing/folder", folder).unwrap();
    refused(&world, &["login"], "config.toml");
    // A link to a folder without the file.
    std::fs::remove_file(folder).unwrap();
    std::fs::create_dir(folder.with_file_name("other")).unwrap();
    symlink("other", folder).unwrap();
    world.login(&[]);
}

#[test]
fn the_limits_are_shown_where_settings_are() {
    let world = World::new();
    world.write_policy(
        "flow-allow = [\"browser\"]\nauthority-allow = [\"https://login.microsoftonline.com\"]",
    );
    let path = world.policy_path();
    let shown = world.run(&["config", "show"]);
    assert_eq!(shown.exit, Exit::Success, "{}", shown.stderr);
    let line = shown.stdout.lines().find(|line| line.starts_with("flow-allow")).unwrap();
    assert!(line.contains("[\"browser\"]") && line.contains(path.to_str().unwrap()), "{line}");
    let doctor = world.run(&["doctor", "-o", "json"]);
    let doctor: serde_json::Value = serde_json::from_str(&doctor.stdout).unwrap();
    let check = |doctor: &serde_json::Value| {
        let checks = doctor["checks"].as_array().unwrap();
        checks.iter().find(|check| check["name"] == "policy").unwrap().clone()
    };
    let found = check(&doctor);
    assert_eq!(found["state"], "bad");
    assert!(
        found["found"]
            .as_str()
            .unwrap()
            .contains("does not allow the authority `http://localhost:8400"),
        "{found}"
    );
    world.write_policy(&format!("authority-allow = [\"{BASE}\"]"));
    let doctor = world.run(&["doctor", "-o", "json"]);
    let found = check(&serde_json::from_str(&doctor.stdout).unwrap());
    assert_eq!(found["state"], "ok", "{found}");
    assert!(found["found"].as_str().unwrap().contains("authority-allow = "), "{found}");
}

#[test]
fn a_forbidden_authority_gets_no_request_and_its_sign_ins_stay_in_the_store() {
    let world = World::new();
    world.login(&[]);
    let before = world.emulator.log().len();
    for text in ["authority-allow = [\"https://login.microsoftonline.com\"]", "no-device = tru"] {
        world.write_policy(text);
        let doctor = world.run(&["doctor", "--app"]);
        assert_eq!(doctor.exit, Exit::Findings, "{text}: {doctor:#?}");
        assert!(doctor.stdout.contains("skipped: see `policy`"), "{text}: {doctor:#?}");
        let export = world.run(&["export", "--msal"]);
        assert_eq!((export.exit, &*export.stdout), (Exit::Usage, ""), "{text}: {export:#?}");
    }
    assert_eq!(world.emulator.log().len(), before);
    world.write_policy("no-device = true");
    let doctor = world.run(&["doctor", "--app"]);
    assert!(doctor.stdout.contains("the device code sign-in is forbidden"), "{doctor:#?}");
    let log = world.emulator.log();
    assert!(log[before..].iter().all(|one| !format!("{one:?}").contains("devicecode")), "{log:?}");
}
