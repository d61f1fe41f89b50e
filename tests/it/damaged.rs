//! What is stored and cannot be read: told before anybody is asked, and moved out of the way where that is wanted.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use entrada::cli::Exit;
use entrada_auth::store::{Backend as _, File, StoreKey};
use entrada_core::Secret;

use crate::world::{STORE_KEY, World};

/// Somebody signed in.
fn signed_in() -> World {
    let world = World::new();
    world.login(&[]);
    world
}

/// The one stored grant's file.
fn item(world: &World) -> PathBuf {
    let stored = world.stored();
    assert_eq!(stored.len(), 1);
    stored.into_keys().next().unwrap()
}

/// Files of items that were moved aside.
fn aside(world: &World) -> Vec<PathBuf> {
    let all = fs::read_dir(world.data_dir().join("grants")).unwrap();
    let paths = all.map(|entry| entry.unwrap().path());
    paths.filter(|path| path.extension().is_some_and(|end| end == "damaged")).collect()
}

/// Puts `text` where the grant is, sealed as it should be.
fn put(world: &World, text: &[u8]) {
    let dir = world.data_dir().join("grants");
    let files = File::new(dir, &StoreKey::Raw(Secret::new(STORE_KEY))).unwrap();
    let key = world.grants().list().unwrap()[0].key();
    files.save(&key.to_string(), text).unwrap();
}

/// Damages the one stored grant.
type Damage = fn(&World);

/// Ways in which an item is damaged.
fn damages() -> Vec<(&'static str, Damage)> {
    let cut: Damage = |world| {
        let path = item(world);
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    };
    let flipped: Damage = |world| {
        let path = item(world);
        let mut bytes = fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(&path, bytes).unwrap();
    };
    vec![
        ("another file", |world| fs::write(item(world), "damaged").unwrap()),
        ("an empty file", |world| fs::write(item(world), "").unwrap()),
        ("half of it", cut),
        ("a bit of it", flipped),
        ("a record of nothing", |world| put(world, b"entrada 1 0\n{}")),
        ("no record", |world| put(world, b"\0\xff")),
    ]
}

#[test]
fn a_damaged_item_is_told_before_anybody_is_asked() {
    for (what, damage) in damages() {
        let world = signed_in();
        damage(&world);
        let (files, asked) = (world.stored(), world.emulator.log().len());
        for args in [&["login"][..], &["login", "--account", "ada@contoso.example"]] {
            let run = world.run(args);
            assert_eq!(run.exit, Exit::Store, "{what}: {}", run.stderr);
            assert!(run.stderr.contains("damaged"), "{what}: {}", run.stderr);
            assert!(run.stderr.contains("login --replace-damaged"), "{what}: {}", run.stderr);
        }
        assert_eq!(world.emulator.log().len(), asked, "{what}: the authority was asked");
        assert_eq!(world.stored(), files, "{what}: something was changed");
    }
}

#[test]
fn a_damaged_item_is_moved_aside_where_that_is_wanted_and_kept_until_the_logout() {
    for (what, damage) in damages() {
        let world = signed_in();
        let path = item(&world);
        damage(&world);
        let damaged = fs::read(&path).unwrap();
        let run = world.login(&["--replace-damaged"]);
        assert!(run.stderr.contains("the damaged item is kept"), "{what}: {}", run.stderr);
        let kept = aside(&world);
        assert_eq!(kept.len(), 1, "{what}");
        assert_eq!(fs::read(&kept[0]).unwrap(), damaged, "{what}");
        for args in [&["token"][..], &["token", "--force-refresh"], &["status", "--all"]] {
            let run = world.run(args);
            assert_eq!(run.exit, Exit::Success, "{what}: {args:?}: {}", run.stderr);
        }
        let run = world.run(&["logout"]);
        assert_eq!(run.exit, Exit::Success, "{what}: {}", run.stderr);
        assert!(aside(&world).is_empty(), "{what}");
    }
}

#[test]
fn nothing_is_moved_aside_that_can_be_read() {
    let world = signed_in();
    world.login(&["--replace-damaged"]);
    assert!(aside(&world).is_empty());
}

#[test]
fn what_a_newer_entrada_wrote_is_not_damaged() {
    let world = signed_in();
    put(&world, b"entrada 9 0\n{}");
    let (files, asked) = (world.stored(), world.emulator.log().len());
    for args in [&["login"][..], &["login", "--replace-damaged"]] {
        let run = world.run(args);
        assert_eq!(run.exit, Exit::Store, "{}", run.stderr);
        assert!(run.stderr.contains("use that newer entrada"), "{}", run.stderr);
    }
    assert_eq!(world.emulator.log().len(), asked);
    assert_eq!(world.stored(), files);
}

#[test]
fn a_damaged_item_is_not_in_the_way_of_another_account() {
    let world = signed_in();
    fs::write(item(&world), "damaged").unwrap();
    let asked = world.emulator.log().len();
    let run = world.run(&["login", "--account", "bob@contoso.example"]);
    assert_eq!(run.exit, Exit::WrongAccount, "the emulator signs in ada: {}", run.stderr);
    assert!(asked < world.emulator.log().len());
}

#[test]
fn an_item_that_is_damaged_during_the_sign_in_is_told_as_it_is() {
    let world = signed_in();
    let path = item(&world);
    world.changing(move |asked, answer| {
        if asked.ends_with("/token") {
            fs::write(&path, "damaged").unwrap();
        }
        answer
    });
    let run = world.run(&["login"]);
    assert_eq!(run.exit, Exit::Store, "{}", run.stderr);
    assert!(run.stderr.contains("it is kept, encrypted"), "{}", run.stderr);
    assert!(run.stderr.contains("login --replace-damaged"), "{}", run.stderr);
    // It does not: the damaged item is still there.
    assert!(!run.stderr.contains("the next `entrada token` stores it"), "{}", run.stderr);
    assert_eq!(world.run(&["token"]).exit, Exit::Store);
    world.changing(|_, answer| answer);
    world.login(&["--replace-damaged"]);
    assert_eq!(world.run(&["token"]).exit, Exit::Success);
}

/// The list of accounts.
fn list(world: &World) -> PathBuf {
    world.state_dir().join("accounts.json")
}

/// Writes the list with its entries twice, as `change` has them the second time.
fn double(world: &World, change: impl Fn(&mut serde_json::Value)) {
    let mut wire: serde_json::Value =
        serde_json::from_slice(&fs::read(list(world)).unwrap()).unwrap();
    let entries = wire["entries"].as_array_mut().unwrap();
    for mut entry in entries.clone() {
        change(&mut entry);
        entries.push(entry);
    }
    fs::write(list(world), serde_json::to_vec(&wire).unwrap()).unwrap();
}

#[test]
fn doctor_reports_a_grant_that_cannot_be_read() {
    for (name, damage) in damages() {
        let world = signed_in();
        assert_eq!(world.run(&["doctor"]).stdout.matches("bad  ").count(), 0, "{name}");
        damage(&world);
        let run = world.run(&["doctor"]);
        assert_eq!(run.exit, Exit::Findings, "{name}: {}", run.stdout);
        assert!(run.stdout.contains("bad   sign-in"), "{name}: {}", run.stdout);
    }
}

#[test]
fn an_entry_without_a_grant_is_no_second_sign_in() {
    let world = signed_in();
    let account = world.grants().list().unwrap()[0].account.clone();
    double(&world, |entry| entry["account"] = format!("other.{account}").into());
    for args in [
        &["token"][..],
        &["token", "--account", "ada@contoso.example"],
        &["token", "--force-refresh"],
    ] {
        let run = world.run(args);
        assert_eq!(run.exit, Exit::Success, "{args:?}: {}", run.stderr);
    }
}

#[test]
fn an_account_that_is_on_the_list_twice_is_one_account() {
    let changes: [fn(&mut serde_json::Value); 3] = [
        |_| (),
        |entry| entry["saved_at"] = 9.into(),
        |entry| {
            entry.as_object_mut().unwrap().remove("username");
            entry["saved_at"] = 4_000_000_000_u64.into();
        },
    ];
    for change in changes {
        let world = signed_in();
        let account = world.grants().list().unwrap()[0].account.clone();
        double(&world, change);
        for args in [
            &["token"][..],
            &["token", "--force-refresh"],
            &["token", "--account", &account],
            &["status"],
        ] {
            let run = world.run(args);
            assert_eq!(run.exit, Exit::Success, "{args:?}: {}", run.stderr);
        }
        assert_eq!(world.grants().list().unwrap().len(), 1);
        let run = world.run(&["logout"]);
        assert_eq!(run.exit, Exit::Success, "{}", run.stderr);
        assert_eq!(world.grants().list().unwrap().len(), 0);
    }
}

#[test]
fn a_sign_in_writes_a_doubled_list_anew() {
    let world = signed_in();
    double(&world, |_| ());
    world.login(&[]);
    let text = fs::read_to_string(list(&world)).unwrap();
    assert_eq!(text.matches("\"saved_at\"").count(), 1, "{text}");
}

/// The folder of the stored items.
fn folder(world: &World) -> PathBuf {
    world.data_dir().join("grants")
}

/// Every file in it.
fn files(world: &World) -> BTreeMap<PathBuf, Vec<u8>> {
    let paths = fs::read_dir(folder(world)).unwrap().map(|entry| entry.unwrap().path());
    paths
        .filter(|path| path.is_file())
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect()
}

/// The file of the recovery key.
fn recovery_key(world: &World) -> PathBuf {
    let grant = item(world);
    let is_item = |path: &PathBuf| path.extension().is_some_and(|end| end == "item");
    files(world).into_keys().find(|path| is_item(path) && *path != grant).unwrap()
}

#[test]
fn under_a_wrong_key_nothing_is_moved_aside_and_the_advice_ends() {
    for lost in [false, true] {
        let world = signed_in();
        if lost {
            // There is nothing but the grant to try the key on.
            fs::remove_file(recovery_key(&world)).unwrap();
        }
        world.set("ENTRADA_STORE_KEY", &"22".repeat(32));
        let (before, asked) = (files(&world), world.emulator.log().len());
        for args in [&["token"][..], &["login"], &["login", "--replace-damaged"]] {
            let run = world.run(args);
            assert_eq!(run.exit, Exit::Store, "{args:?}: {}", run.stderr);
            assert!(run.stderr.contains("ENTRADA_STORE_KEY"), "{args:?}: {}", run.stderr);
            let advises_again = run.stderr.contains("login --replace-damaged`");
            assert!(!advises_again || args.len() == 1 && lost, "{args:?}: {}", run.stderr);
        }
        assert_eq!(world.emulator.log().len(), asked);
        assert_eq!(files(&world), before);
        world.set("ENTRADA_STORE_KEY", STORE_KEY);
        assert_eq!(world.run(&["token"]).exit, Exit::Success);
    }
}

#[test]
fn a_damaged_item_is_told_from_a_wrong_key_by_the_other_items() {
    let world = signed_in();
    let path = item(&world);
    let mut bytes = fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&path, bytes).unwrap();
    let run = world.run(&["login"]);
    assert_eq!(run.exit, Exit::Store, "{}", run.stderr);
    assert!(run.stderr.contains("the key opens other items"), "{}", run.stderr);
    assert!(run.stderr.contains("login --replace-damaged`"), "{}", run.stderr);
}

#[test]
fn what_was_moved_aside_is_never_overwritten() {
    let world = signed_in();
    let path = item(&world);
    let mut damaged = Vec::new();
    for round in 0..3 {
        fs::write(&path, format!("damaged {round}")).unwrap();
        damaged.push(fs::read(&path).unwrap());
        world.login(&["--replace-damaged"]);
        let mut kept: Vec<_> =
            aside(&world).into_iter().map(|path| fs::read(path).unwrap()).collect();
        kept.sort();
        assert_eq!(kept, damaged);
    }
    assert_eq!(world.run(&["logout"]).exit, Exit::Success);
    assert!(aside(&world).is_empty());
}

#[test]
fn a_damaged_item_that_is_not_on_the_list_is_told_before_anybody_is_asked() {
    let world = signed_in();
    let path = item(&world);
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    let mut wire: serde_json::Value =
        serde_json::from_slice(&fs::read(list(&world)).unwrap()).unwrap();
    wire["entries"] = serde_json::json!([]);
    fs::write(list(&world), wire.to_string()).unwrap();
    let asked = world.emulator.log().len();
    let run = world.run(&["login"]);
    assert_eq!(run.exit, Exit::Store, "{}", run.stderr);
    assert!(run.stderr.contains("login --replace-damaged`"), "{}", run.stderr);
    assert_eq!(world.emulator.log().len(), asked, "the authority was asked");
    world.login(&["--replace-damaged"]);
    assert_eq!(aside(&world).len(), 1);
}

#[test]
fn a_damaged_recovery_key_is_moved_aside_with_the_grants_that_wait_for_it() {
    let world = signed_in();
    // The store refuses the grant of the next sign-in, which waits then.
    let path = item(&world);
    let damages = path.clone();
    world.changing(move |asked, answer| {
        if asked.ends_with("/token") {
            fs::write(&damages, "damaged").unwrap();
        }
        answer
    });
    assert_eq!(world.run(&["login"]).exit, Exit::Store);
    world.changing(|_, answer| answer);
    let recovery = files(&world).into_keys().find(|own| *own != path).unwrap();
    fs::write(&recovery, "damaged too").unwrap();
    fs::remove_file(&path).unwrap();
    let run = world.run(&["login"]);
    assert_eq!(run.exit, Exit::Store, "{}", run.stderr);
    assert!(run.stderr.contains("the grants kept aside"), "{}", run.stderr);
    let run = world.login(&["--replace-damaged"]);
    assert!(run.stderr.contains("the recovery key was damaged"), "{}", run.stderr);
    let kept = aside(&world);
    assert_eq!(kept.len(), 1);
    assert_eq!(fs::read(&kept[0]).unwrap(), b"damaged too");
    assert_eq!(world.run(&["token", "--force-refresh"]).exit, Exit::Success);
}

#[test]
fn what_stands_in_the_place_of_the_list_is_an_error_that_says_what_to_do() {
    // Windows has no pipes among files, and links for administrators only.
    let cases: &[&str] = if cfg!(unix) {
        &["is a symbolic link", "is not a regular file", "is a directory"]
    } else {
        &["is a directory"]
    };
    for &what in cases {
        let world = signed_in();
        let (path, aside) = (list(&world), world.home.path().join("list"));
        fs::rename(&path, &aside).unwrap();
        match what {
            #[cfg(unix)]
            "is a symbolic link" => std::os::unix::fs::symlink(&aside, &path).unwrap(),
            "is a directory" => fs::create_dir(&path).unwrap(),
            _ => {
                let made = std::process::Command::new("mkfifo").arg(&path).status();
                assert!(made.unwrap().success());
            }
        }
        let asked = world.emulator.log().len();
        for args in [&["token"][..], &["login"], &["status"], &["logout"]] {
            let run = world.run(args);
            assert_eq!(run.exit, Exit::Store, "{what}: {args:?}: {}", run.stderr);
            let told = format!("accounts.json`, the list of accounts, {what}\n");
            assert!(run.stderr.contains(&told), "{args:?}: {}", run.stderr);
            let cure = match (cfg!(windows), what) {
                (true, _) => "remove it: `Remove-Item -Recurse ",
                (false, "is a directory") => "remove it: `rm -r ",
                (false, _) => "remove it: `rm ",
            };
            assert!(run.stderr.contains(cure), "{what}: {}", run.stderr);
        }
        assert_eq!(world.emulator.log().len(), asked);
        if what == "is a directory" { fs::remove_dir(&path) } else { fs::remove_file(&path) }
            .unwrap();
        let run = world.run(&["token"]);
        assert_eq!(run.exit, Exit::Success, "{what}: {}", run.stderr);
        assert!(!run.stderr.contains("warning"), "{}", run.stderr);
    }
}

#[test]
fn nobody_signs_in_where_a_grant_could_not_be_kept_aside() {
    let world = World::new();
    let pending = world.state_dir().join("pending");
    fs::create_dir_all(pending.parent().unwrap()).unwrap();
    fs::write(&pending, "").unwrap();
    let run = world.run(&["login"]);
    assert_eq!(run.exit, Exit::Store, "{}", run.stderr);
    assert!(world.emulator.log().is_empty(), "{}", run.stderr);
}
