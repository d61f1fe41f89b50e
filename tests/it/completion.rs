//! The words that shells get for a line.

use crate::world::World;

/// The words for `line`, whose last word is the one that is typed. fish, whose words stand one a line.
fn words(world: &World, line: &[&str]) -> Vec<String> {
    world.set("ENTRADA_COMPLETE", "fish");
    let argv: Vec<&str> = ["entrada", "--", "entrada"].iter().chain(line).copied().collect();
    let mut out = Vec::new();
    world.run_on(&argv, &mut std::io::empty(), &mut out);
    world.unset("ENTRADA_COMPLETE");
    let out = String::from_utf8(out).unwrap();
    out.lines().map(|line| line.split('\t').next().unwrap().to_owned()).collect()
}

#[track_caller]
fn has(world: &World, line: &[&str], word: &str) {
    let words = words(world, line);
    assert!(words.iter().any(|own| own == word), "{line:?} without {word}: {words:?}");
}

#[test]
fn flags_are_offered_only_after_a_hyphen() {
    let world = World::new();
    world.write_config("[profiles.work]\n[profiles.other]\n");
    assert_eq!(words(&world, &["token", ""]), ["other", "work"]);
    has(&world, &["token", "-"], "-o");
    has(&world, &["token", "--"], "--output");
    has(&world, &["token", "--o"], "--output");
    assert!(words(&world, &["logout", ""]).iter().all(|word| !word.starts_with('-')));
    has(&world, &[""], "login");
    assert!(words(&world, &[""]).iter().all(|word| !word.starts_with('-')));
}

#[test]
fn values_are_offered_where_they_are_known() {
    let world = World::new();
    for (line, word) in [
        (&["emulator", "--scenario", ""][..], "auto-approve"),
        (&["explain", ""], "wrong-audience"),
        (&["explain", "Mail.Re"], "Mail.Read"),
        (&["explain", "invalid_g"], "invalid_grant"),
        (&["token", "--store", ""], "keyring"),
        (&["token", "--store", "f"], "file"),
        (&["token", "--job", "ima"], "imap"),
        (&["token", "--job", "imap,smt"], "imap,smtp"),
        (&["token", "-o", "xo"], "xoauth2"),
        (&["recipe", "mbs"], "mbsync"),
        (&["help", "sett"], "settings"),
        (&["help", "tok"], "token"),
    ] {
        has(&world, line, word);
    }
}

#[test]
fn file_names_are_offered_where_a_file_belongs() {
    // The tests run in the folder of the program's sources.
    let world = World::new();
    for line in [
        &["diagnose", "Cargo.to"][..],
        &["inspect", "Cargo.to"],
        &["trace", "Cargo.to"],
        &["trace", "show", "Cargo.to"],
        &["import", "Cargo.to"],
        &["token", "--ca-bundle", "Cargo.to"],
        &["token", "--store-key-file", "Cargo.to"],
        &["token", "--config", "Cargo.to"],
        &["diagnose", "--report", "Cargo.to"],
        &["probe", "--token-from", "Cargo.to"],
    ] {
        has(&world, line, "Cargo.toml");
    }
    has(&world, &["token", "--claims", "@Cargo.to"], "@Cargo.toml");
    has(&world, &["man", "--dir", "sr"], &format!("src{}", std::path::MAIN_SEPARATOR));
    assert!(words(&world, &["token", "Cargo.to"]).is_empty(), "a profile is no file");
}

#[cfg(unix)]
#[test]
fn programs_are_offered_to_exec_and_files_to_the_program() {
    use std::os::unix::fs::PermissionsExt;

    let world = World::new();
    world.write_config("[profiles.work]\n");
    let folder = world.home.path().join("bin");
    std::fs::create_dir(&folder).unwrap();
    for (name, mode) in [("sync-mail", 0o755), ("sync-notes", 0o644)] {
        std::fs::write(folder.join(name), "").unwrap();
        std::fs::set_permissions(folder.join(name), PermissionsExt::from_mode(mode)).unwrap();
    }
    world.set("PATH", folder.to_str().unwrap());
    for line in [&["exec", "--", "sync"][..], &["exec", "work", "--", "sync"], &["exec", "--", ""]]
    {
        assert_eq!(words(&world, line), ["sync-mail"], "{line:?}");
    }
    for line in [
        &["exec", "--", "sync-mail", "Cargo.to"][..],
        &["exec", "work", "--", "sync-mail", "--all", "Cargo.to"],
    ] {
        assert_eq!(words(&world, line), ["Cargo.toml"], "{line:?}");
    }
    assert_eq!(words(&world, &["exec", "wo"]), ["work"]);
}
