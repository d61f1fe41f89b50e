//! Tests that a change of the key loses nothing, wherever it ends.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::*;
use crate::store::record::tests::{grant, key};
use crate::store::{GrantKey, Grants};
use entrada_core::{NumericDate, Secret};

const ACCOUNTS: [&str; 4] = ["a", "b", "c", "d"];

fn raw(digits: &str) -> StoreKey {
    StoreKey::Raw(Secret::new(digits.repeat(32)))
}

fn passphrase(text: &str) -> StoreKey {
    StoreKey::Passphrase(Secret::new(text))
}

fn of(account: &str) -> GrantKey {
    GrantKey { account: account.to_owned(), ..key() }
}

fn grants(dir: &Path, key: &StoreKey) -> Grants {
    let files = File::new(super::super::open::items_in(dir), key).unwrap();
    Grants::new(Box::new(files), dir.join("state"))
}

/// A store under `key` with four grants and the recovery key.
fn filled(key: &StoreKey) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let store = grants(dir.path(), key);
    let _ready = store.reserve().unwrap();
    for account in ACCOUNTS {
        store.save(&of(account), &grant(account, 100), NumericDate(100)).unwrap();
    }
    dir
}

fn rekey(dir: &Path, old: &StoreKey, new: &StoreKey) -> Rekey {
    Rekey::new(dir, &dir.join("state"), old, new).unwrap()
}

fn never(_: Duration) -> bool {
    panic!("no other process holds a lock");
}

fn run(rekey: &Rekey) -> Result<Rekeyed, RekeyError> {
    rekey.run(Duration::ZERO, &mut never, &mut |_, _| ())
}

/// The accounts whose grant opens with `key`.
fn opening(dir: &Path, key: &StoreKey) -> Vec<&'static str> {
    let store = grants(dir, key);
    let opens = |account: &&str| {
        let loaded = store.load(&of(account)).ok().flatten();
        loaded.is_some_and(|own| own.refresh_token.unwrap().expose() == *account)
    };
    ACCOUNTS.into_iter().filter(opens).collect()
}

#[test]
fn every_item_opens_with_the_new_key_and_none_with_the_old_one() {
    for (old, new) in [
        (passphrase("correct horse"), raw("11")),
        (raw("11"), raw("22")),
        (raw("11"), passphrase("correct horse")),
        (passphrase("correct horse"), passphrase("battery staple")),
    ] {
        let dir = filled(&old);
        let change = rekey(dir.path(), &old, &new);
        let mut steps = Vec::new();
        let changed = change
            .run(Duration::ZERO, &mut never, &mut |done, all| steps.push((done, all)))
            .unwrap();
        assert_eq!(changed, Rekeyed { changed: 5, unchanged: 0, unreadable: Vec::new() });
        assert_eq!(steps, [(0, 5), (1, 5), (2, 5), (3, 5), (4, 5), (5, 5)]);
        assert!(StoredKeys::of(dir.path()).unwrap().is_unfinished);
        change.finish(&mut never).unwrap();
        let passphrase = matches!(new, StoreKey::Passphrase(_));
        let expected =
            StoredKeys { has_key: !passphrase, has_passphrase: passphrase, is_unfinished: false };
        assert_eq!(StoredKeys::of(dir.path()).unwrap(), expected);
        assert_eq!(opening(dir.path(), &new), ACCOUNTS);
        assert_eq!(opening(dir.path(), &old), [""; 0]);
        let _ready = grants(dir.path(), &new).reserve().unwrap();
        // One salt, so that one derivation is enough for a run.
        let salts: std::collections::BTreeSet<Vec<u8>> = change
            .paths()
            .unwrap()
            .iter()
            .map(|path| disk::read(path).unwrap().unwrap()[10..26].to_vec())
            .collect();
        assert_eq!(salts.len(), 1);
    }
}

#[test]
fn a_change_that_ends_after_any_step_loses_nothing_and_is_continued() {
    let (old, new) = (raw("11"), raw("22"));
    for last in 0..=5 {
        let dir = filled(&old);
        let change = rekey(dir.path(), &old, &new);
        let killed = catch_unwind(AssertUnwindSafe(|| {
            change.run(Duration::ZERO, &mut never, &mut |done, _| assert!(done < last, "killed"))
        }));
        assert!(killed.is_err());
        // Each grant opens with one of the keys.
        let (by_old, by_new) = (opening(dir.path(), &old), opening(dir.path(), &new));
        let mut both = [by_old.clone(), by_new.clone()].concat();
        both.sort_unstable();
        assert_eq!(both, ACCOUNTS, "after {last}");
        // With one of the keys, the error says why the other items do not open, and nothing is written.
        for key in [&old, &new] {
            let store = grants(dir.path(), key);
            for account in ACCOUNTS {
                if let Err(error) = store.load(&of(account)) {
                    assert!(matches!(error.reason, StoreErrorKind::RekeyUnfinished(_)), "{error}");
                    let saved = store.save(&of(account), &grant("x", 200), NumericDate(200));
                    assert!(saved.is_err());
                }
            }
            store.replace_damaged();
            if store.reserve().is_ok() {
                // It made no second recovery key beside the one that the other key opens.
                assert!(opens_recovery_key(dir.path(), key), "after {last}");
            }
        }
        assert_eq!((opening(dir.path(), &old), opening(dir.path(), &new)), (by_old, by_new));
        let again = rekey(dir.path(), &old, &new);
        let changed = run(&again).unwrap();
        assert_eq!(changed.changed + changed.unchanged, 5, "after {last}");
        assert_eq!(changed.changed, 5 - last, "after {last}");
        again.finish(&mut never).unwrap();
        assert_eq!(opening(dir.path(), &new), ACCOUNTS);
        // Once more there is nothing to do.
        let changed = run(&rekey(dir.path(), &old, &new)).unwrap();
        assert_eq!((changed.changed, changed.unchanged), (0, 5));
    }
}

fn opens_recovery_key(dir: &Path, key: &StoreKey) -> bool {
    let files = File::new(super::super::open::items_in(dir), key).unwrap();
    files.load(recovery::NAME).is_ok_and(|found| found.is_some())
}

#[test]
fn a_grant_kept_aside_is_still_stored_afterwards() {
    let (old, new) = (passphrase("correct horse"), raw("22"));
    let dir = filled(&old);
    let store = grants(dir.path(), &old);
    let ready = store.reserve().unwrap();
    store.keep_pending(&ready, &of("e"), &grant("e", 300)).unwrap();
    let change = rekey(dir.path(), &old, &new);
    run(&change).unwrap();
    change.finish(&mut never).unwrap();
    let kept = grants(dir.path(), &new).load(&of("e")).unwrap().unwrap();
    assert_eq!(kept.refresh_token.unwrap().expose(), "e");
}

#[test]
fn a_wrong_old_key_changes_nothing() {
    let dir = filled(&raw("11"));
    for (wrong, text) in [(raw("33"), "wrong key"), (passphrase("x"), "with a key")] {
        let error = run(&rekey(dir.path(), &wrong, &raw("22"))).unwrap_err();
        assert!(error.to_string().contains(text), "{error}");
        assert!(!StoredKeys::of(dir.path()).unwrap().is_unfinished);
        assert_eq!(opening(dir.path(), &raw("11")), ACCOUNTS);
    }
    // Also in the middle of a change.
    let change = rekey(dir.path(), &raw("11"), &raw("22"));
    let killed = catch_unwind(AssertUnwindSafe(|| {
        change.run(Duration::ZERO, &mut never, &mut |done, _| assert!(done < 3, "killed"))
    }));
    assert!(killed.is_err());
    assert!(run(&rekey(dir.path(), &raw("33"), &raw("22"))).is_err());
    run(&change).unwrap();
    assert_eq!(opening(dir.path(), &raw("22")), ACCOUNTS);
}

#[test]
fn a_damaged_item_is_left_as_it_is_and_named() {
    let dir = filled(&raw("11"));
    let path = file::path_in(&super::super::open::items_in(dir.path()), &of("b").to_string());
    let mut sealed = std::fs::read(&path).unwrap();
    *sealed.last_mut().unwrap() ^= 1;
    std::fs::write(&path, &sealed).unwrap();
    let other = path.with_file_name("other.item");
    disk::write(&other, b"not an item").unwrap();
    let change = rekey(dir.path(), &raw("11"), &raw("22"));
    let changed = run(&change).unwrap();
    let mut unreadable = changed.unreadable;
    unreadable.sort();
    let mut expected = vec![other, path.clone()];
    expected.sort();
    assert_eq!((changed.changed, changed.unchanged, unreadable), (4, 0, expected));
    assert_eq!(std::fs::read(&path).unwrap(), sealed);
}

#[test]
fn a_grant_in_use_is_waited_for_and_its_new_value_is_kept() {
    let dir = filled(&raw("11"));
    let other = grants(dir.path(), &raw("11"));
    let held = Cell::new(Some(other.lock(&of("c"), Duration::ZERO, &mut never).unwrap()));
    let change = rekey(dir.path(), &raw("11"), &raw("22"));
    let mut sleep = |_| {
        if let Some(held) = held.take() {
            // The other process had its answer already.
            other.save(&of("c"), &grant("renewed", 200), NumericDate(200)).unwrap();
            drop(held);
        }
        true
    };
    change.run(Duration::from_secs(5), &mut sleep, &mut |_, _| ()).unwrap();
    let renewed = grants(dir.path(), &raw("22")).load(&of("c")).unwrap().unwrap();
    assert_eq!(renewed.refresh_token.unwrap().expose(), "renewed");
    // One that is never released is an error, and the change can be continued.
    let _held = grants(dir.path(), &raw("22")).lock(&of("c"), Duration::ZERO, &mut never).unwrap();
    let back = rekey(dir.path(), &raw("22"), &raw("11"));
    let error = back.run(Duration::from_millis(20), &mut |_| true, &mut |_, _| ()).unwrap_err();
    assert!(matches!(error, RekeyError::Lock(LockError::Held { .. })));
}

#[test]
fn what_another_process_adds_under_the_old_key_is_found() {
    let dir = filled(&raw("11"));
    let other = grants(dir.path(), &raw("11"));
    let change = rekey(dir.path(), &raw("11"), &raw("22"));
    let mut add = |done, _| {
        if done == 5 {
            other.backend.save(&of("e").to_string(), b"entrada").unwrap();
        }
    };
    change.run(Duration::ZERO, &mut never, &mut add).unwrap();
    assert!(change.new.load(&of("e").to_string()).unwrap().is_some());
}

#[test]
fn after_a_change_nothing_is_saved_under_the_old_key() {
    let dir = filled(&raw("11"));
    // A sign-in that began before the change, and ends after it.
    let other = grants(dir.path(), &raw("11"));
    let change = rekey(dir.path(), &raw("11"), &raw("22"));
    run(&change).unwrap();
    change.finish(&mut never).unwrap();
    let error = other.save(&of("new"), &grant("new", 200), NumericDate(200)).unwrap_err();
    assert!(matches!(error.reason, StoreErrorKind::WrongKey(_)), "{error:?}");
    assert_eq!(opening(dir.path(), &raw("22")), ACCOUNTS);
}

#[test]
fn a_write_that_began_under_the_old_key_is_waited_for_and_found() {
    let dir = filled(&raw("11"));
    let other = grants(dir.path(), &raw("11"));
    let change = rekey(dir.path(), &raw("11"), &raw("22"));
    run(&change).unwrap();
    // Its check of the key is done, and its write is not.
    let writes = lock::share(&writers(&change.dir)).unwrap();
    let mut writes = Some(writes);
    let mut sleep = |_| {
        if let Some(writes) = writes.take() {
            assert!(is_marked(&change.dir));
            other.backend.save(&of("e").to_string(), b"entrada").unwrap();
            drop(writes);
        }
        true
    };
    change.finish(&mut sleep).unwrap();
    assert!(writes.is_none(), "the end of the change did not wait");
    assert!(!is_marked(&change.dir));
    assert!(change.new.load(&of("e").to_string()).unwrap().is_some());
}

#[test]
fn a_change_that_has_not_ended_is_continued_with_the_same_new_key_only() {
    let dir = filled(&raw("11"));
    let held = grants(dir.path(), &raw("11")).lock(&of("d"), Duration::ZERO, &mut never).unwrap();
    let change = rekey(dir.path(), &raw("11"), &raw("22"));
    let error = change.run(Duration::from_millis(20), &mut |_| true, &mut |_, _| ()).unwrap_err();
    assert!(matches!(error, RekeyError::Lock(_)), "{error}");
    drop(held);
    let error = run(&rekey(dir.path(), &raw("11"), &raw("33"))).unwrap_err().to_string();
    assert!(error.contains("the same new key as before"), "{error}");
    assert!(is_marked(&super::super::open::items_in(dir.path())));
    run(&change).unwrap();
    change.finish(&mut never).unwrap();
    assert_eq!(opening(dir.path(), &raw("22")), ACCOUNTS);
}

#[cfg(unix)]
#[test]
fn a_file_that_cannot_be_read_ends_the_change() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = filled(&raw("11"));
    let change = rekey(dir.path(), &raw("11"), &raw("22"));
    let path = change.old.path(&of("c").to_string());
    let allow = |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode));
    // Root reads files of any mode, but entrada reads none that other users can read.
    allow(0o644).unwrap();
    let error = run(&change).unwrap_err().to_string();
    assert!(error.contains("chmod 600"), "{error}");
    assert!(!is_marked(&change.dir), "nothing has begun");
    allow(0o600).unwrap();
    run(&change).unwrap();
    assert_eq!(opening(dir.path(), &raw("22")), ACCOUNTS);
}

#[cfg(unix)]
#[test]
fn a_change_whose_locks_cannot_be_taken_does_not_begin() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let dir = filled(&raw("11"));
    let change = rekey(dir.path(), &raw("11"), &raw("22"));
    let state = dir.path().join("state");
    let of_item = lock_path(&state, StoreKind::File, &of("c").to_string());
    drop(grants(dir.path(), &raw("11")).lock(&of("c"), Duration::ZERO, &mut never).unwrap());
    let refused = |path: &Path, why: &str| {
        let error = run(&rekey(dir.path(), &raw("11"), &raw("22"))).unwrap_err();
        assert!(matches!(error, RekeyError::Store(_)), "{path:?}: {error:?}");
        assert!(error.to_string().contains(why), "{path:?}: {error}");
        assert!(!is_marked(&change.dir), "{path:?}");
        assert_eq!(opening(dir.path(), &raw("11")), ACCOUNTS);
    };
    for path in [writers(&change.dir), of_item, state.join("recovery.lock")] {
        let mode = |mode| {
            let mode = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(&path, mode).unwrap();
        };
        mode(0o644);
        refused(&path, "chmod 600");
        mode(0o600);
        let other = dir.path().join("other");
        std::fs::rename(&path, &other).unwrap();
        symlink(&other, &path).unwrap();
        refused(&path, "cannot open the lock file");
        std::fs::remove_file(&path).unwrap();
        std::fs::rename(&other, &path).unwrap();
    }
    run(&change).unwrap();
}

#[test]
fn a_change_to_another_key_than_that_of_an_unfinished_one_says_so() {
    for done in [1, 5] {
        let dir = filled(&raw("11"));
        let first = rekey(dir.path(), &raw("11"), &raw("22"));
        let killed = catch_unwind(AssertUnwindSafe(|| {
            first.run(Duration::ZERO, &mut never, &mut |now, _| assert!(now < done, "killed"))
        }));
        assert!(killed.is_err());
        let error = rekey(dir.path(), &raw("11"), &raw("33")).begin().unwrap_err();
        assert!(matches!(error.reason, StoreErrorKind::RekeyUnfinished(_)), "{error:?}");
        assert!(error.to_string().contains("give the same new key as before"), "{error}");
        rekey(dir.path(), &raw("11"), &raw("22")).begin().unwrap();
    }
}
