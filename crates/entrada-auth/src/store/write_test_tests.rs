//! Tests of leftovers: killed write tests, damaged items, list entries without a grant.

use std::rc::Rc;

use super::tests::Keyring;
use super::*;
use crate::store::Memory;
use crate::store::grants::damage::aside_of;
use crate::store::record::tests::{grant, key};

const LEFT: [&str; 2] = ["doctor", "doctor-0123456789abcdef"];

#[test]
fn a_write_test_removes_what_killed_tests_left() {
    let place = tempfile::tempdir().unwrap();
    let file = || {
        let key = crate::store::StoreKey::Raw(entrada_core::Secret::new("11".repeat(32)));
        File::new(place.path().join("files"), &key).unwrap()
    };
    let keyring = Rc::<Keyring>::default();
    let stores: [Box<dyn Backend>; 3] =
        [Box::new(file()), Box::new(Rc::clone(&keyring)), Box::new(Memory::default())];
    for (number, backend) in stores.into_iter().enumerate() {
        for name in LEFT.iter().chain(&["recovery", "a|b|c|doctor"]) {
            backend.save(name, b"left").unwrap();
        }
        let grants = Grants::new(backend, place.path().join(number.to_string()));
        grants.test_write(5_000).unwrap();
        let mut names = grants.backend.names().unwrap().unwrap();
        names.sort();
        assert_eq!(names, ["a|b|c|doctor", "recovery"]);
    }
    // A store that cannot list its items.
    keyring.mute.set(true);
    keyring.dies.set(true);
    let grants = Grants::new(Box::new(Rc::clone(&keyring)), place.path().join("mute"));
    let killed = std::panic::AssertUnwindSafe(|| grants.test_write(10));
    assert!(std::panic::catch_unwind(killed).is_err());
    keyring.dies.set(false);
    let names = || keyring.items.names().unwrap().unwrap();
    assert!(names().contains(&"doctor".to_owned()));
    grants.test_write(10).unwrap();
    assert!(!names().contains(&"doctor".to_owned()));
}

#[test]
fn the_item_of_a_killed_write_test_is_not_a_grant() {
    let place = tempfile::tempdir().unwrap();
    let keyring = Rc::<Keyring>::default();
    for name in LEFT {
        keyring.items.save(name, b"left").unwrap();
    }
    let grants = Grants::new(Box::new(keyring), place.path().to_owned());
    assert_eq!(grants.list().unwrap(), []);
    assert_eq!(grants.take_warnings(), [""; 0]);
}

#[test]
fn one_warning_covers_all_grants_that_only_the_list_names() {
    let place = tempfile::tempdir().unwrap();
    let keyring = Rc::<Keyring>::default();
    let grants = Grants::new(Box::new(Rc::clone(&keyring)), place.path().to_owned());
    let named = |name: &str| GrantKey { account: name.to_owned(), ..key() };
    for name in ["a", "b", "c"] {
        grants.save(&named(name), &grant("r", 1), NumericDate(1)).unwrap();
        keyring.items.remove(&named(name).to_string()).unwrap();
    }
    for name in ["a", "b", "c"] {
        assert!(grants.load(&named(name)).unwrap().is_none());
    }
    assert_eq!(grants.take_warnings().len(), 1);
}

#[test]
fn a_damaged_item_is_replaced_only_on_request_and_kept_next_to_the_new_one() {
    let place = tempfile::tempdir().unwrap();
    let keyring = Rc::<Keyring>::default();
    let split = crate::store::Split::new(Box::new(Rc::clone(&keyring)));
    let grants = Grants::new(Box::new(split), place.path().to_owned());
    let name = key().to_string();
    keyring.items.save(&name, b"damaged").unwrap();
    assert!(grants.check_all(&|_| true).is_err());
    assert!(grants.save(&key(), &grant("one", 1), NumericDate(1)).is_err());
    grants.replace_damaged();
    grants.check_all(&|_| true).unwrap();
    grants.save(&key(), &grant("one", 1), NumericDate(1)).unwrap();
    assert!(grants.load(&key()).unwrap().is_some());
    keyring.items.save(&name, b"damaged again").unwrap();
    grants.save(&key(), &grant("two", 2), NumericDate(2)).unwrap();
    for (number, bytes) in [(1, &b"damaged"[..]), (2, b"damaged again")] {
        let kept = keyring.items.load(&aside_of(&name, number)).unwrap().unwrap();
        assert_eq!(kept.as_slice(), bytes);
    }
    assert_eq!(grants.list().unwrap().len(), 1);
    assert!(grants.remove(&key()).unwrap());
    assert_eq!(keyring.items.names().unwrap().unwrap(), [""; 0]);
}

#[test]
fn entries_without_a_grant_are_removed_by_the_next_save_unless_they_are_locked() {
    let place = tempfile::tempdir().unwrap();
    let named = |name: &str| GrantKey { account: name.to_owned(), ..key() };
    let files = || {
        let key = crate::store::StoreKey::Raw(entrada_core::Secret::new("11".repeat(32)));
        Grants::new(
            Box::new(File::new(place.path().join("files"), &key).unwrap()),
            place.path().join("state"),
        )
    };
    let save = |grants: &Grants, names: &[&str]| {
        for name in names {
            grants.save(&named(name), &grant("r", 1), NumericDate(1)).unwrap();
        }
    };
    let listed = |grants: &Grants| -> Vec<String> {
        grants.list().unwrap().into_iter().map(|entry| entry.account).collect()
    };
    let grants = files();
    save(&grants, &["a", "b", "c", "d"]);
    for name in ["b", "c", "d"] {
        grants.backend.remove(&named(name).to_string()).unwrap();
    }
    // One of them is being signed in, and the grant of another waits to be stored.
    let other = files();
    let held = other.lock(&named("b"), Duration::ZERO, &mut |_| false).unwrap();
    let reservation = grants.reserve().unwrap();
    grants.keep_pending(&reservation, &named("d"), &grant("r", 2)).unwrap();
    let there = grants.signed_in(grants.list().unwrap());
    assert_eq!(there.iter().map(|entry| &*entry.account).collect::<Vec<_>>(), ["a", "d"]);
    save(&grants, &["a"]);
    assert_eq!(listed(&grants), ["a", "b", "d"]);
    // Found without a grant, and stored before they are taken off.
    grants.signed_in(grants.list().unwrap());
    drop(held);
    save(&other, &["b"]);
    save(&grants, &["a"]);
    assert_eq!(listed(&grants), ["a", "b", "d"]);
    // A damaged item counts as present.
    let damaged =
        crate::store::backend::file::path_in(&place.path().join("files"), &named("b").to_string());
    std::fs::write(damaged, "").unwrap();
    assert_eq!(grants.signed_in(grants.list().unwrap()).len(), 3);
    // Of a keyring the provider may be another today.
    let keyring = Rc::<Keyring>::default();
    let grants = Grants::new(Box::new(Rc::clone(&keyring)), place.path().join("keyring"));
    save(&grants, &["a", "b"]);
    keyring.items.remove(&named("b").to_string()).unwrap();
    for mute in [false, true] {
        keyring.mute.set(mute);
        assert_eq!(grants.signed_in(grants.list().unwrap()).len(), 1);
        save(&grants, &["a"]);
        assert_eq!(listed(&grants), ["a", "b"]);
    }
}
