//! Tests of [`Grants`] over a store that fails on command.

use std::cell::{Cell, RefCell};
use std::path::Path;
use std::rc::Rc;

use super::*;
use crate::store::Memory;
use crate::store::StoreErrorKind;
use crate::store::record::tests::{all, grant, key};

/// Items in memory, behind a lock that the test turns.
#[derive(Default)]
pub(super) struct Keyring {
    pub(super) items: Memory,
    /// Answers every call with it.
    reason: RefCell<Option<StoreErrorKind>>,
    /// Cannot tell what it holds.
    pub(super) mute: Cell<bool>,
    /// The process ends right after a save.
    pub(super) dies: Cell<bool>,
    writes: Cell<usize>,
}

impl Keyring {
    fn pass(&self, action: &'static str) -> Result<(), StoreError> {
        let reason = self.reason.borrow().clone();
        reason.map_or(Ok(()), |reason| {
            Err(BackendError::new(reason).when(StoreKind::Keyring, action))
        })
    }
}

impl Backend for Rc<Keyring> {
    fn kind(&self) -> StoreKind {
        StoreKind::Keyring
    }
    fn describe(&self) -> String {
        "a keyring".to_owned()
    }
    fn load(&self, name: &str) -> Result<Option<Bytes>, StoreError> {
        self.pass(action::LOAD)?;
        self.items.load(name)
    }
    fn save(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        self.pass(action::SAVE)?;
        self.writes.set(self.writes.get() + 1);
        self.items.save(name, bytes)?;
        assert!(!self.dies.get(), "killed");
        Ok(())
    }
    fn remove(&self, name: &str) -> Result<bool, StoreError> {
        self.pass(action::REMOVE)?;
        self.items.remove(name)
    }
    fn names(&self) -> Result<Option<Vec<String>>, StoreError> {
        self.pass(action::NAMES)?;
        if self.mute.get() {
            return Ok(None);
        }
        self.items.names()
    }
}

pub(super) struct Place {
    pub(super) dir: tempfile::TempDir,
    pub(super) keyring: Rc<Keyring>,
}

impl Place {
    pub(super) fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), keyring: Rc::default() }
    }

    /// As another process would open it.
    pub(super) fn grants(&self) -> Grants {
        Grants::new(Box::new(Rc::clone(&self.keyring)), self.dir.path().join("state"))
    }

    pub(super) fn set(&self, reason: impl Into<Option<StoreErrorKind>>) {
        self.keyring.reason.replace(reason.into());
    }

    fn raw(&self) -> Option<Bytes> {
        self.keyring.items.load(&key().to_string()).unwrap()
    }
}

fn never(_: Duration) -> bool {
    panic!("no other process holds the lock");
}

pub(super) fn refresh_token(grants: &Grants) -> Option<String> {
    let grant = grants.load(&key()).unwrap()?;
    Some(grant.refresh_token.unwrap().expose().to_owned())
}

#[test]
fn the_lookup_cache_of_an_earlier_version_is_removed() {
    let place = Place::new();
    let cache = place.dir.path().join("state/accounts.seen");
    std::fs::create_dir_all(&cache).unwrap();
    std::fs::write(cache.join("lookup"), "ada@contoso.example").unwrap();
    drop(Grants::with_backend(Box::new(Rc::clone(&place.keyring)), place.dir.path().join("state")));
    assert!(!cache.exists(), "it contains user names");
}

#[test]
fn a_saved_grant_is_loaded_listed_and_removed() {
    let place = Place::new();
    let grants = place.grants();
    assert!(grants.load(&key()).unwrap().is_none());
    assert_eq!(grants.list().unwrap(), []);
    grants.save(&key(), &grant("one", 100), NumericDate(101)).unwrap();
    assert_eq!(all(&grants.load(&key()).unwrap().unwrap()), all(&grant("one", 100)));
    let listed = place.grants().list().unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].key(), key());
    assert_eq!(listed[0].username.as_deref(), Some("ada@example.com"));
    assert_eq!(listed[0].saved_at, NumericDate(101));
    assert!(grants.remove(&key()).unwrap());
    assert!(!grants.remove(&key()).unwrap());
    assert_eq!(grants.list().unwrap(), []);
    assert!(grants.load(&key()).unwrap().is_none());
    assert_eq!(grants.take_warnings(), [""; 0]);
}

#[test]
fn an_unchanged_grant_is_not_written() {
    let place = Place::new();
    for now in 0..3 {
        place.grants().save(&key(), &grant("one", 100), NumericDate(now)).unwrap();
    }
    assert_eq!(place.keyring.writes.get(), 1);
}

#[test]
fn a_locked_store_is_not_an_empty_one() {
    let place = Place::new();
    let grants = place.grants();
    grants.save(&key(), &grant("one", 100), NumericDate(0)).unwrap();
    for reason in [StoreErrorKind::Locked, StoreErrorKind::Dismissed, StoreErrorKind::TimedOut(5)] {
        place.set(reason.clone());
        assert_eq!(grants.load(&key()).unwrap_err().reason, reason);
        assert_eq!(grants.reserve().unwrap_err().reason, reason);
        assert_eq!(grants.remove(&key()).unwrap_err().reason, reason);
        assert_eq!(grants.list().unwrap().len(), 1, "the list asks no keyring");
    }
    place.set(None);
    assert_eq!(refresh_token(&grants).unwrap(), "one");
}

#[test]
fn an_unreadable_item_is_neither_absent_nor_overwritten_and_can_be_removed() {
    let text = record::write(&key(), &grant("one", 100)).unwrap();
    let mut other = key();
    other.account = "another user".to_owned();
    let others = record::write(&other, &grant("one", 100)).unwrap();
    let hostile: [&[u8]; 10] = [
        b"",
        b" ",
        b"\0",
        b"hunter2",
        b"{}",
        b"entrada",
        b"\xff\xfe",
        &text[..text.len() - 1],
        b"entrada 2 from the future",
        &others,
    ];
    for item in hostile {
        let place = Place::new();
        let grants = place.grants();
        place.keyring.items.save(&key().to_string(), item).unwrap();
        let is_reported = |reason: &StoreErrorKind| {
            matches!(reason, StoreErrorKind::Corrupt(_) | StoreErrorKind::Newer(2))
        };
        assert!(is_reported(&grants.load(&key()).unwrap_err().reason));
        let saved = grants.save(&key(), &grant("two", 200), NumericDate(0));
        assert!(is_reported(&saved.unwrap_err().reason));
        assert_eq!(place.raw().unwrap().as_slice(), item);
        assert!(grants.remove(&key()).unwrap());
        grants.save(&key(), &grant("two", 200), NumericDate(0)).unwrap();
    }
}

#[test]
fn preparing_writes_each_time_and_fails_when_the_store_does() {
    let place = Place::new();
    let _ready = place.grants().reserve().unwrap();
    let _ready = place.grants().reserve().unwrap();
    assert_eq!(place.keyring.writes.get(), 2);
    place.set(StoreErrorKind::Denied("read-only".to_owned()));
    let error = place.grants().reserve().unwrap_err();
    assert_eq!(
        error.to_string(),
        "the keyring store could not prove that it can be written: read-only"
    );
}

#[test]
fn a_refused_grant_is_stored_when_the_store_answers_again() {
    let place = Place::new();
    let grants = place.grants();
    grants.save(&key(), &grant("one", 100), NumericDate(100)).unwrap();
    let ready = grants.reserve().unwrap();
    place.set(StoreErrorKind::Locked);
    assert!(grants.save(&key(), &grant("two", 200), NumericDate(200)).is_err());
    let path = grants.keep_pending(&ready, &key(), &grant("two", 200)).unwrap();
    let sealed = std::fs::read(&path).unwrap();
    assert!(!sealed.windows(3).any(|window| window == b"two"));
    // Still locked: an error, and nothing is lost.
    assert_eq!(grants.load(&key()).unwrap_err().reason, StoreErrorKind::Locked);
    assert!(path.exists());
    place.set(None);
    assert_eq!(refresh_token(&place.grants()).unwrap(), "two");
    assert!(!path.exists());
    assert_eq!(refresh_token(&place.grants()).unwrap(), "two");
}

#[test]
fn the_first_grant_of_all_is_kept_aside_as_well() {
    let place = Place::new();
    let ready = place.grants().reserve().unwrap();
    let path = place.grants().keep_pending(&ready, &key(), &grant("one", 100)).unwrap();
    assert_eq!(refresh_token(&place.grants()).unwrap(), "one");
    assert!(!path.exists());
    assert_eq!(place.grants().list().unwrap().len(), 1);
}

#[test]
fn an_older_grant_kept_aside_does_not_replace_a_newer_one() {
    for save_first in [true, false] {
        let place = Place::new();
        let grants = place.grants();
        let ready = grants.reserve().unwrap();
        let newer = grant("newer", 300);
        if save_first {
            grants.save(&key(), &newer, NumericDate(300)).unwrap();
        }
        let path = grants.keep_pending(&ready, &key(), &grant("older", 200)).unwrap();
        if !save_first {
            grants.save(&key(), &newer, NumericDate(300)).unwrap();
            assert!(!path.exists());
        }
        assert_eq!(refresh_token(&grants).unwrap(), "newer");
        assert!(!path.exists());
    }
}

#[test]
fn a_grant_kept_aside_is_read_but_not_stored_while_another_process_has_the_lock() {
    let place = Place::new();
    let (grants, other) = (place.grants(), place.grants());
    let ready = grants.reserve().unwrap();
    let path = grants.keep_pending(&ready, &key(), &grant("two", 200)).unwrap();
    let lock = other.lock(&key(), Duration::ZERO, &mut never).unwrap();
    assert_eq!(refresh_token(&grants).unwrap(), "two");
    assert!(path.exists() && place.raw().is_none());
    // The one at work files it itself.
    assert_eq!(refresh_token(&other).unwrap(), "two");
    assert!(!path.exists() && place.raw().is_some());
    drop(lock);
}

#[test]
fn a_grant_kept_aside_under_a_lost_key_stays_and_is_reported() {
    let place = Place::new();
    let grants = place.grants();
    let ready = grants.reserve().unwrap();
    let path = grants.keep_pending(&ready, &key(), &grant("two", 200)).unwrap();
    place.keyring.items.remove(recovery::NAME).unwrap();
    for _ in 0..2 {
        let error = grants.load(&key()).unwrap_err();
        assert!(error.to_string().contains("kept aside"), "{error}");
        // From now on there is a key, but another.
        let _ready = grants.reserve().unwrap();
    }
    grants.save(&key(), &grant("one", 100), NumericDate(0)).unwrap();
    grants.take_warnings();
    assert_eq!(refresh_token(&grants).unwrap(), "one");
    assert!(grants.take_warnings()[0].contains("wrong key or altered file"));
    assert!(path.exists());
    assert!(grants.remove(&key()).unwrap());
    assert!(!path.exists());
}

#[test]
fn a_provider_that_lost_the_grant_is_named() {
    let place = Place::new();
    let grants = place.grants();
    grants.save(&key(), &grant("one", 100), NumericDate(0)).unwrap();
    place.keyring.items.remove(&key().to_string()).unwrap();
    assert!(grants.load(&key()).unwrap().is_none());
    assert_eq!(
        grants.take_warnings(),
        ["the list of accounts contains a grant that a keyring does not have"]
    );
}

#[test]
fn a_state_directory_that_cannot_be_written_does_not_stop_a_save() {
    let place = Place::new();
    let file = place.dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    let grants = Grants::new(Box::new(Rc::clone(&place.keyring)), file.join("state"));
    grants.save(&key(), &grant("one", 100), NumericDate(0)).unwrap();
    assert!(grants.take_warnings()[0].contains("cannot create the directory"));
    assert_eq!(refresh_token(&grants).unwrap(), "one");
    let error = grants.lock(&key(), Duration::ZERO, &mut never).unwrap_err();
    assert!(matches!(error, LockError::Refused { .. }), "{error}");
}

#[test]
fn one_grant_is_locked_at_a_time_and_others_are_not() {
    let place = Place::new();
    let (one, two) = (place.grants(), place.grants());
    let held = one.lock(&key(), Duration::ZERO, &mut never).unwrap();
    let refused = two.lock(&key(), Duration::ZERO, &mut never).unwrap_err();
    assert!(matches!(refused, LockError::Held { .. }));
    let other = GrantKey { account: "other".to_owned(), ..key() };
    let _free = two.lock(&other, Duration::ZERO, &mut never).unwrap();
    drop(held);
    let _free = two.lock(&key(), Duration::ZERO, &mut never).unwrap();
}

#[test]
fn processes_that_use_the_lock_lose_no_change() {
    let dir = tempfile::tempdir().unwrap();
    let spawn = |_| {
        std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "store::grants::tests::child_that_counts"])
            .current_dir(dir.path())
            .output()
    };
    let children = std::thread::scope(|scope| {
        let children = [1, 2, 3, 4].map(|number| scope.spawn(move || spawn(number)));
        children.map(|child| child.join().unwrap().unwrap())
    });
    for child in children {
        let output = String::from_utf8_lossy(&child.stdout);
        assert!(output.contains("1 passed"), "{output}");
    }
    assert_eq!(files(dir.path()).load(&key()).unwrap().unwrap().refreshed_at, NumericDate(100));
}

#[test]
#[ignore = "the child of the test above"]
fn child_that_counts() {
    let grants = files(Path::new("."));
    let mut sleep = |pause| {
        std::thread::park_timeout(pause);
        true
    };
    for _ in 0..25 {
        let _lock = grants.lock(&key(), Duration::from_secs(60), &mut sleep).unwrap();
        let count = grants.load(&key()).unwrap().map_or(0, |grant| grant.refreshed_at.0);
        grants.save(&key(), &grant("token", count + 1), NumericDate(count)).unwrap();
    }
}

fn files(dir: &Path) -> Grants {
    let secret = entrada_core::Secret::new("11".repeat(32));
    let backend = File::new(dir.join("data"), &crate::store::StoreKey::Raw(secret)).unwrap();
    Grants::new(Box::new(backend), dir.join("state"))
}

#[test]
fn no_file_contains_a_secret() {
    let place = Place::new();
    let grants = place.grants();
    let ready = grants.reserve().unwrap();
    let secret = "hunter2hunter2";
    grants.save(&key(), &grant(secret, 100), NumericDate(0)).unwrap();
    grants.keep_pending(&ready, &key(), &grant(secret, 200)).unwrap();
    let _lock = grants.lock(&key(), Duration::ZERO, &mut never).unwrap();
    let mut files = 0;
    search(place.dir.path(), &mut |bytes| {
        files += 1;
        assert!(!bytes.windows(7).any(|window| window == b"hunter2"));
    });
    assert!(4 <= files, "list, its lock, lock and grant: found {files}");
}

fn search(dir: &Path, check: &mut dyn FnMut(&[u8])) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            search(&path, check);
        } else {
            check(&std::fs::read(path).unwrap());
        }
    }
}

#[test]
fn a_refresh_does_not_replace_a_newer_sign_in() {
    let place = Place::new();
    let grants = place.grants();
    let (sent, renewed) = (grant("one", 100), grant("two", 300));
    grants.save(&key(), &sent, NumericDate(100)).unwrap();
    grants.save(&key(), &grant("of the sign-in", 200), NumericDate(200)).unwrap();
    grants.renew(&key(), &sent, &renewed, NumericDate(300)).unwrap();
    assert_eq!(refresh_token(&grants).unwrap(), "of the sign-in");
    assert_eq!(
        grants.take_warnings(),
        ["a newer sign-in was saved in the meantime, and it was kept"]
    );
    // A refresh replaces the grant that it used, and an older one: the store may have missed a refresh that is kept aside.
    grants.renew(&key(), &grant("of the sign-in", 200), &renewed, NumericDate(300)).unwrap();
    assert_eq!(refresh_token(&grants).unwrap(), "two");
    grants.renew(&key(), &grant("aside", 400), &grant("five", 500), NumericDate(500)).unwrap();
    assert_eq!(refresh_token(&grants).unwrap(), "five");
}
