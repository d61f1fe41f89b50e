//! Tests of the account list.

use super::*;
use crate::store::record::tests::{grant, key};
use entrada_core::NumericDate;

fn entry(account: &str, saved_at: i64) -> AccountEntry {
    let key = GrantKey { account: account.to_owned(), ..key() };
    AccountEntry::new(StoreKind::File, &key, &grant("hunter2", 7), NumericDate(saved_at))
}

fn place() -> (tempfile::TempDir, Index) {
    let dir = tempfile::tempdir().unwrap();
    let index = Index::new(&dir.path().join("state"));
    (dir, index)
}

#[test]
fn the_list_is_written_only_when_it_changes_and_holds_no_secret() {
    let (_dir, index) = place();
    index.put(&entry("a", 1), None).unwrap();
    let before = std::fs::metadata(&index.path).unwrap().modified().unwrap();
    let text = std::fs::read_to_string(&index.path).unwrap();
    assert!(!text.contains("hunter2"));
    index.put(&entry("a", 2), None).unwrap();
    assert!(!index.remove(StoreKind::File, &[entry("b", 1).key()]).unwrap());
    assert_eq!(std::fs::metadata(&index.path).unwrap().modified().unwrap(), before);
    let renamed = AccountEntry { username: None, ..entry("a", 3) };
    index.put(&renamed, None).unwrap();
    assert_eq!(index.read().entries, [renamed]);
}

fn all_of(entries: &[AccountEntry]) -> LoadedIndex {
    LoadedIndex { entries: entries.to_vec(), all: true }
}

#[test]
fn a_damaged_list_is_incomplete_until_the_store_was_read() {
    let (_dir, index) = place();
    for damage in ["", "{", "[]", r#"{"entries":[]}"#, "\0"] {
        index.put(&entry("a", 1), Some(&all_of(&[]))).unwrap();
        assert!(index.read().knows(StoreKind::File));
        std::fs::write(&index.path, damage).unwrap();
        index.put(&entry("b", 1), None).unwrap();
        assert!(!index.read().knows(StoreKind::File), "{damage}");
        index.join(StoreKind::File, &all_of(&[entry("a", 1)])).unwrap();
        assert!(index.read().knows(StoreKind::File) && !index.read().knows(StoreKind::Memory));
        assert_eq!(index.read().entries, [entry("a", 1), entry("b", 1)]);
    }
}

#[test]
fn readable_entries_of_a_damaged_list_stay() {
    let (_dir, index) = place();
    let other = AccountEntry { store: StoreKind::Keyring, ..entry("b", 1) };
    index.put(&entry("a", 1), Some(&all_of(&[]))).unwrap();
    index.put(&other, Some(&all_of(&[]))).unwrap();
    let text = std::fs::read_to_string(&index.path).unwrap();
    let damaged = text.replace(r#""account": "a""#, r#""account": 7"#);
    assert_ne!(damaged, text);
    std::fs::write(&index.path, damaged).unwrap();
    index.put(&entry("c", 1), None).unwrap();
    assert_eq!(index.read().entries, [other, entry("c", 1)]);
    assert!(!index.read().knows(StoreKind::File) && !index.read().knows(StoreKind::Keyring));
}

#[test]
fn a_list_with_members_of_another_program_is_read_and_complete() {
    let (_dir, index) = place();
    index.put(&entry("a", 1), Some(&all_of(&[entry("b", 1)]))).unwrap();
    let text = std::fs::read_to_string(&index.path).unwrap();
    let more = text.replace(r#""known": ["#, r#""comment": "mine", "known": ["#);
    let unknown = text.replace(r#""known": ["#, r#""known": ["tpm", "#);
    assert!(more != text && unknown != text);
    for changed in [&text, &more, &unknown] {
        let list = List::parse(changed.as_bytes());
        assert_eq!(list.entries, [entry("a", 1), entry("b", 1)], "{changed}");
        assert!(list.knows(StoreKind::File) && !list.doubled, "{changed}");
    }
}

#[test]
fn an_entry_that_is_current_needs_no_write_whatever_its_time() {
    let (_dir, index) = place();
    index.put(&entry("a", 1), None).unwrap();
    let list = index.read();
    assert!(list.is_current(&entry("a", 9)));
    assert!(!list.is_current(&entry("b", 1)));
    assert!(!list.is_current(&AccountEntry { username: None, ..entry("a", 1) }));
}

#[test]
fn a_list_that_a_newer_entrada_wrote_is_left_alone() {
    let (_dir, index) = place();
    index.put(&entry("a", 1), None).unwrap();
    let newer = r#"{"version":2,"entries":{}}"#;
    std::fs::write(&index.path, newer).unwrap();
    index.put(&entry("b", 1), None).unwrap();
    let refused = index.join(StoreKind::File, &all_of(&[])).unwrap_err();
    assert_eq!(refused.reason, StoreErrorKind::Newer(2));
    assert_eq!(index.read().entries, [entry("b", 1)]);
    assert!(index.remove(StoreKind::File, &[entry("b", 1).key()]).unwrap());
    assert_eq!(index.read().entries, []);
    assert_eq!(std::fs::read_to_string(&index.path).unwrap(), newer);
}

#[test]
fn an_entry_waits_while_another_process_holds_the_list() {
    let (_dir, mut index) = place();
    index.put(&entry("a", 1), Some(&all_of(&[]))).unwrap();
    index.shorten_lock_timeout();
    let held = lock::wait(&index.dir.join("accounts.lock")).unwrap();
    index.put(&entry("b", 1), None).unwrap();
    assert_eq!(index.read().entries, [entry("a", 1), entry("b", 1)]);
    drop(held);
    index.lock_timeout = LOCK_TIMEOUT;
    index.put(&entry("c", 1), None).unwrap();
    assert_eq!(index.waiting().len(), 0);
    assert_eq!(index.read().entries.len(), 3);
}

#[test]
fn stores_do_not_change_entries_of_other_stores() {
    let (_dir, index) = place();
    let other = AccountEntry { store: StoreKind::Memory, ..entry("a", 1) };
    index.put(&entry("a", 1), None).unwrap();
    index.put(&other, None).unwrap();
    assert!(index.remove(StoreKind::File, &[other.key()]).unwrap());
    assert_eq!(index.read().entries, [other]);
}

#[test]
fn concurrent_changes_are_all_kept() {
    let (_dir, index) = place();
    std::thread::scope(|scope| {
        for name in ["a", "b", "c", "d", "e", "f", "g", "h"] {
            let index = Index::new(&index.dir);
            scope.spawn(move || index.put(&entry(name, 1), None).unwrap());
        }
    });
    assert_eq!(index.read().entries.len(), 8);
}

#[test]
fn the_newest_of_two_entries_for_a_grant_counts_and_the_next_change_writes_one() {
    let (_dir, index) = place();
    index.put(&entry("a", 5), Some(&all_of(&[entry("b", 1)]))).unwrap();
    let newer = AccountEntry { username: None, ..entry("a", 7) };
    let entries = [entry("a", 5), entry("b", 1), newer.clone(), entry("a", 6)];
    let wire = StoredIndex { version: VERSION, known: &[StoreKind::File], entries: &entries };
    std::fs::write(&index.path, serde_json::to_vec(&wire).unwrap()).unwrap();
    assert_eq!(index.read().entries, [newer.clone(), entry("b", 1)]);
    assert!(index.read().knows(StoreKind::File), "the list is complete");
    // No entry is new, but the list is written because it has a duplicate.
    index.put(&newer, None).unwrap();
    let text = std::fs::read_to_string(&index.path).unwrap();
    assert_eq!(text.matches("saved_at").count(), 2, "{text}");
    assert!(!List::parse(text.as_bytes()).doubled);
}

#[test]
fn checking_many_grants_reads_the_list_once() {
    let (_dir, index) = place();
    index.put(&entry("a", 1), None).unwrap();
    assert!(index.contains(StoreKind::File, &entry("a", 1).key()));
    index.put(&entry("b", 1), None).unwrap();
    assert!(
        index.contains(StoreKind::File, &entry("b", 1).key()),
        "a change by this process is seen"
    );
    std::fs::remove_file(&index.path).unwrap();
    assert!(index.contains(StoreKind::File, &entry("a", 1).key()), "read again");
    assert!(!index.contains(StoreKind::File, &entry("c", 1).key()));
    index.remove(StoreKind::File, &[entry("a", 1).key()]).unwrap();
    assert!(!index.contains(StoreKind::File, &entry("a", 1).key()));
}
