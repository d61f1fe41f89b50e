//! Tests that a damaged, lost, locked or newer file costs no other grant.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::tests::{Place, refresh_token};
use super::*;
use crate::store::StoreErrorKind;
use crate::store::record::tests::{grant, key};
use crate::store::{AccountEntry, StoreKey};
use entrada_core::Secret;

fn other() -> GrantKey {
    GrantKey { account: "other".to_owned(), ..key() }
}

fn save(grants: &Grants, key: &GrantKey) -> Result<(), StoreError> {
    grants.save(key, &grant("one", 100), NumericDate(100))
}

/// The accounts that a new process finds.
fn accounts(place: &Place) -> Vec<String> {
    let mut ids: Vec<_> =
        place.grants().list().unwrap().into_iter().map(|entry| entry.account).collect();
    ids.sort();
    ids
}

impl Place {
    fn list(&self) -> PathBuf {
        self.dir.path().join("state/accounts.json")
    }
}

#[test]
fn a_lost_list_is_rebuilt_from_the_items() {
    let place = Place::new();
    let _ready = place.grants().reserve().unwrap();
    place.grants().save(&key(), &grant("one", 100), NumericDate(101)).unwrap();
    place.keyring.items.save("foreign", b"x").unwrap();
    let path = place.dir.path().join("state/accounts.json");
    for damage in [None, Some("{"), Some(r#"{"version":9}"#)] {
        match damage {
            None => std::fs::remove_file(&path).unwrap(),
            Some(text) => std::fs::write(&path, text).unwrap(),
        }
        let grants = place.grants();
        let listed = grants.list().unwrap();
        assert_eq!(listed.len(), 1);
        assert_eq!((listed[0].key(), listed[0].saved_at), (key(), NumericDate(100)));
        assert!(grants.take_warnings().iter().any(|w| w.contains("`foreign` cannot be read")));
        assert!(path.exists());
    }
}

#[test]
fn a_sign_in_after_the_list_was_lost_hides_no_account() {
    for damage in [None, Some(""), Some("{"), Some(r#"{"version":1,"entries":[7]}"#)] {
        let place = Place::new();
        save(&place.grants(), &key()).unwrap();
        match damage {
            None => std::fs::remove_file(place.list()).unwrap(),
            Some(text) => std::fs::write(place.list(), text).unwrap(),
        }
        save(&place.grants(), &other()).unwrap();
        assert_eq!(accounts(&place), ["other", "uid.utid"], "{damage:?}");
    }
}

#[test]
fn a_newer_list_is_left_alone_and_the_store_is_asked() {
    let place = Place::new();
    save(&place.grants(), &key()).unwrap();
    let newer = r#"{"version":2,"entries":{"new":"shape"}}"#;
    std::fs::write(place.list(), newer).unwrap();
    save(&place.grants(), &other()).unwrap();
    assert_eq!(accounts(&place), ["other", "uid.utid"]);
    let grants = place.grants();
    grants.list().unwrap();
    assert!(grants.take_warnings()[0].contains("newer entrada (format 2)"));
    assert!(grants.remove(&other()).unwrap());
    assert_eq!(accounts(&place), ["uid.utid"]);
    assert_eq!(std::fs::read_to_string(place.list()).unwrap(), newer);
}

#[test]
fn a_sign_in_while_another_process_holds_the_list_is_found_afterwards() {
    for mute in [false, true] {
        let place = Place::new();
        place.keyring.mute.set(mute);
        save(&place.grants(), &key()).unwrap();
        let held = lock::wait(&place.dir.path().join("state/accounts.lock")).unwrap();
        let mut grants = place.grants();
        grants.index.shorten_lock_timeout();
        save(&grants, &other()).unwrap();
        assert_eq!(accounts(&place), ["other", "uid.utid"]);
        drop(held);
        assert_eq!(refresh_token(&place.grants()).unwrap(), "one");
        assert_eq!(accounts(&place), ["other", "uid.utid"]);
    }
}

#[test]
fn a_sign_in_that_no_list_would_name_is_an_error() {
    let place = Place::new();
    save(&place.grants(), &key()).unwrap();
    // The list cannot be changed, and an entry cannot wait next to it.
    let state = place.dir.path().join("state");
    std::fs::remove_file(state.join("accounts.lock")).unwrap();
    std::fs::create_dir(state.join("accounts.lock")).unwrap();
    std::fs::write(state.join("accounts.new"), "").unwrap();
    assert_eq!(save(&place.grants(), &other()).unwrap_err().action, action::SAVE);
    save(&place.grants(), &key()).unwrap();
    // Without a list the store itself is asked, if it can list its items.
    std::fs::remove_file(place.list()).unwrap();
    place.keyring.mute.set(true);
    assert!(save(&place.grants(), &other()).is_err());
    place.keyring.mute.set(false);
    let grants = place.grants();
    save(&grants, &other()).unwrap();
    assert_ne!(grants.take_warnings(), [""; 0]);
    assert_eq!(accounts(&place), ["other", "uid.utid"]);
}

#[test]
fn a_process_killed_right_after_the_save_leaves_a_grant_that_is_found() {
    let place = Place::new();
    save(&place.grants(), &key()).unwrap();
    place.keyring.dies.set(true);
    let killed = catch_unwind(AssertUnwindSafe(|| save(&place.grants(), &other())));
    assert!(killed.is_err());
    place.keyring.dies.set(false);
    assert_eq!(accounts(&place), ["other", "uid.utid"]);
}

#[test]
fn a_grant_kept_aside_is_found_without_the_list() {
    let place = Place::new();
    let ready = place.grants().reserve().unwrap();
    place.grants().keep_pending(&ready, &key(), &grant("two", 200)).unwrap();
    std::fs::remove_file(place.list()).unwrap();
    assert_eq!(accounts(&place), ["uid.utid"]);
    assert_eq!(refresh_token(&place.grants()).unwrap(), "two");
}

#[test]
fn one_damaged_item_hides_no_other_and_can_be_found_and_removed() {
    let dir = tempfile::tempdir().unwrap();
    let grants = files(dir.path(), "11");
    save(&grants, &key()).unwrap();
    save(&grants, &other()).unwrap();
    let path = file::path_in(&dir.path().join("data"), &other().to_string());
    let mut sealed = std::fs::read(&path).unwrap();
    *sealed.last_mut().unwrap() ^= 1;
    std::fs::write(&path, sealed).unwrap();
    std::fs::remove_file(dir.path().join("state/accounts.json")).unwrap();
    for _ in 0..2 {
        let ids: Vec<_> = grants.list().unwrap().into_iter().map(|entry| entry.account).collect();
        assert_eq!(ids, ["uid.utid", "other"]);
        assert!(grants.take_warnings()[0].contains("|other` cannot be read"));
    }
    assert!(grants.remove(&other()).unwrap());
    assert_eq!(grants.list().unwrap().len(), 1);
    assert_eq!(grants.take_warnings(), [""; 0]);
}

#[test]
fn a_locked_store_still_lists_nothing_without_its_list() {
    let place = Place::new();
    save(&place.grants(), &key()).unwrap();
    std::fs::remove_file(place.list()).unwrap();
    place.set(StoreErrorKind::Locked);
    assert_eq!(place.grants().list().unwrap_err().reason, StoreErrorKind::Locked);
}

/// The file store with a key made of these digits.
fn files(dir: &std::path::Path, digits: &str) -> Grants {
    let backend =
        File::new(dir.join("data"), &StoreKey::Raw(Secret::new(digits.repeat(32)))).unwrap();
    Grants::new(Box::new(backend), dir.join("state"))
}

#[test]
fn a_wrong_key_overwrites_nothing_and_is_reported_as_wrong() {
    let dir = tempfile::tempdir().unwrap();
    let right = files(dir.path(), "11");
    let _ready = right.reserve().unwrap();
    save(&right, &key()).unwrap();
    let path = file::path_in(&dir.path().join("data"), recovery::NAME);
    let before = std::fs::read(&path).unwrap();
    let wrong = files(dir.path(), "22");
    let error = wrong.reserve().unwrap_err();
    assert!(matches!(&error.reason, StoreErrorKind::WrongKey(text) if text.contains("no item")));
    wrong.clear_lost_key().unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), before);
    assert_eq!(refresh_token(&right).unwrap(), "one");
}

#[test]
fn after_a_lost_key_a_logout_makes_room_for_a_new_one() {
    for cleared in [true, false] {
        let dir = tempfile::tempdir().unwrap();
        let lost = files(dir.path(), "11");
        let _ready = lost.reserve().unwrap();
        save(&lost, &key()).unwrap();
        let new = files(dir.path(), "22");
        let entries: Vec<AccountEntry> = new.list().unwrap();
        for entry in entries {
            assert!(new.remove(&entry.key()).unwrap());
        }
        if cleared {
            new.clear_lost_key().unwrap();
            assert!(!file::path_in(&dir.path().join("data"), recovery::NAME).exists());
        }
        let _ready = new.reserve().unwrap();
        save(&new, &key()).unwrap();
    }
}

#[test]
fn a_damaged_recovery_key_is_replaced_unless_a_grant_waits_under_it() {
    let dir = tempfile::tempdir().unwrap();
    let grants = files(dir.path(), "11");
    let ready = grants.reserve().unwrap();
    save(&grants, &key()).unwrap();
    let path = file::path_in(&dir.path().join("data"), recovery::NAME);
    std::fs::write(&path, "damage").unwrap();
    let _ready = grants.reserve().unwrap();
    let waits = grants.keep_pending(&ready, &other(), &grant("two", 200)).unwrap();
    for damage in ["damage", ""] {
        std::fs::write(&path, damage).unwrap();
        let error = grants.reserve().unwrap_err();
        assert!(error.to_string().contains("kept aside"), "{error}");
        grants.clear_lost_key().unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), damage);
    }
    assert!(grants.remove(&other()).unwrap() && !waits.exists());
    let _ready = grants.reserve().unwrap();
}
