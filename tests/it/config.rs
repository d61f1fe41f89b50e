//! Profiles, variables and flags, through the program.

use entrada::cli::Exit;

use crate::world::World;

#[test]
fn show_tells_where_every_value_comes_from() {
    let world = World::new();
    world.write_config(
        "[defaults]\nstrict = false\n[profiles.mail]\njob = ['imap']\nstrict = true\n",
    );
    let run = world.run(&["config", "show", "mail", "--min-ttl", "2m"]);
    assert_eq!(run.exit, Exit::Success, "{}", run.stderr);
    for row in [
        "tenant       \"organizations\"",
        "ENTRADA_TENANT",
        "job          [\"imap\"]",
        "strict       true",
        "the profile in the file",
        "min-ttl      \"120s\"",
        "command line",
    ] {
        assert!(run.stdout.contains(row), "{row}:\n{}", run.stdout);
    }
    assert!(!run.stdout.contains("0011223344"), "the store's key is no setting: {}", run.stdout);
}

#[test]
fn a_misspelt_key_is_refused_with_the_nearest_name() {
    let world = World::new();
    world.write_config("[defaults]\ntennant = 'x'\n");
    let run = world.run(&["login"]);
    assert_eq!(run.exit, Exit::Usage);
    assert!(run.stderr.contains("did you mean `tenant`?"), "{}", run.stderr);
}

#[test]
fn a_misspelt_variable_is_told() {
    let world = World::new();
    world.set("ENTRADA_TENNANT", "x");
    let run = world.run(&["config", "show"]);
    let told = "the variable ENTRADA_TENNANT means nothing here; did you mean ENTRADA_TENANT?";
    assert!(run.stderr.contains(told), "{}", run.stderr);
}

#[test]
fn help_and_version_are_there_when_the_configuration_is_broken() {
    let world = World::new();
    world.write_config("not toml at all [");
    for args in [&["--help"][..], &["--version"], &["login", "--help"]] {
        let run = world.run_exactly(args, "");
        assert_eq!(run.exit, Exit::Success);
        assert!(!run.stdout.is_empty() && run.stderr.is_empty());
    }
    assert_eq!(world.run(&["config", "check"]).exit, Exit::Usage);
}

#[cfg(unix)]
#[test]
fn a_file_that_others_can_write_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::new();
    world.write_config("");
    let mode = std::fs::Permissions::from_mode(0o666);
    std::fs::set_permissions(world.config_path(), mode).unwrap();
    let run = world.run(&["config", "path"]);
    assert_eq!(run.exit, Exit::Usage);
    assert!(run.stderr.contains("chmod go-w"), "{}", run.stderr);
}

#[test]
fn check_goes_through_every_profile() {
    let world = World::new();
    world.write_config("[profiles.a]\njob = ['imap']\n[profiles.b]\ntenant = 'x y'\n");
    world.unset("ENTRADA_TENANT");
    let run = world.run(&["config", "check"]);
    assert_eq!(run.exit, Exit::Usage);
    assert!(run.stderr.contains("`x y` is not a tenant"), "{}", run.stderr);
}

#[test]
fn home_has_to_be_somewhere() {
    let world = World::new();
    world.unset("HOME");
    let run = world.run(&["token"]);
    assert_eq!(run.exit, Exit::Usage);
    assert!(run.stderr.contains("HOME is not set"), "{}", run.stderr);
}

#[test]
fn scopes_that_are_named_more_closely_than_a_job_are_what_is_meant() {
    let world = World::new();
    world.write_config("[profiles.work]\njob = [\"graph-mail-read\"]\n");
    world.login(&["work"]);
    let run = world.run(&["token", "work", "--scope", "https://management.azure.com/.default"]);
    assert_eq!(run.exit, entrada::cli::Exit::Success, "{}", run.stderr);
    let both = world.run(&[
        "token",
        "work",
        "--job",
        "graph-mail-read",
        "--scope",
        "https://management.azure.com/.default",
    ]);
    assert_eq!(
        both.exit,
        entrada::cli::Exit::Usage,
        "said in one breath, both are meant: {}",
        both.stderr
    );
}
