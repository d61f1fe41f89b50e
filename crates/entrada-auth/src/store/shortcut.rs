//! A cache of account lookups in a long account list. An entry is valid until the list changes. If the cache cannot
//! be used, the list itself is read.

use std::cell::RefCell;
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use super::temporary::Temporary;
use super::{AccountEntry, StoreKind, disk};

/// Size of the list in bytes above which the cache is faster than the list: about a hundred accounts.
const LONG: u64 = 32 << 10;

/// An account lookup: the authority, tenant and client, and the account's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantQuery<'a> {
    /// [`GrantKey::authority`](super::GrantKey::authority).
    pub authority: &'a str,
    /// [`GrantKey::tenant`](super::GrantKey::tenant).
    pub tenant: &'a str,
    /// [`GrantKey::client_id`](super::GrantKey::client_id).
    pub client_id: &'a str,
    /// The account's name or id, if one was given.
    pub account: Option<&'a str>,
}

impl GrantQuery<'_> {
    /// Whether `entry` matches the query.
    pub fn fits(&self, entry: &AccountEntry) -> bool {
        entry.authority == self.authority
            && entry.tenant == self.tenant
            && entry.client_id == self.client_id
            && self.account.is_none_or(|account| entry.is_identified_by(account))
    }

    fn file_name(&self, store: StoreKind) -> String {
        let account = self.account.map(str::to_ascii_lowercase).unwrap_or_default();
        let parts =
            [super::kind_name(store), self.authority, self.tenant, self.client_id, &account];
        disk::file_name(&parts.join("|"))
    }
}

/// Identifies a version of the list and of the entries that wait next to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Stamp {
    list: FileStamp,
    waiting: Option<FileStamp>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct FileStamp {
    size: u64,
    modified: u128,
    inode: u64,
    changed: i64,
}

impl FileStamp {
    fn of(path: &Path) -> Option<Self> {
        let metadata = fs::symlink_metadata(path).ok()?;
        let modified = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?.as_nanos();
        let (inode, changed) = node(&metadata);
        Some(Self { size: metadata.len(), modified, inode, changed })
    }
}

#[cfg(unix)]
fn node(metadata: &Metadata) -> (u64, i64) {
    use std::os::unix::fs::MetadataExt as _;
    (metadata.ino(), metadata.ctime_nsec())
}

#[cfg(not(unix))]
fn node(_: &Metadata) -> (u64, i64) {
    (0, 0)
}

#[derive(Serialize, Deserialize)]
struct CachedLookup {
    stamp: Stamp,
    entry: AccountEntry,
}

/// The cached lookups of one list.
pub(super) struct Shortcuts {
    dir: PathBuf,
    list: PathBuf,
    waiting: PathBuf,
    /// The lookup result of this process.
    own: RefCell<Option<CachedLookup>>,
    /// The version of the list at the start of the lookup. A result found later is stored under this version.
    seen: RefCell<Option<Stamp>>,
}

impl Shortcuts {
    /// A cache in `dir` for the account list `list` and the entries in `waiting`.
    pub(super) fn new(dir: PathBuf, list: PathBuf, waiting: PathBuf) -> Self {
        Self { dir, list, waiting, own: RefCell::default(), seen: RefCell::default() }
    }

    /// The only entry of `store` that matches, if it is cached and the list is long.
    pub(super) fn find(&self, store: StoreKind, query: &GrantQuery<'_>) -> Option<AccountEntry> {
        let stamp = self.stamp();
        self.seen.replace(stamp.clone());
        let stamp = stamp?;
        let bytes = disk::read(&self.dir.join(query.file_name(store))).ok()??;
        let found: CachedLookup = serde_json::from_slice(&bytes).ok()?;
        let is_good =
            found.stamp == stamp && found.entry.store == store && query.fits(&found.entry);
        let entry = is_good.then(|| found.entry.clone())?;
        self.own.replace(Some(found));
        Some(entry)
    }

    /// Whether the list is long.
    pub(super) fn is_worth_it(&self) -> bool {
        self.seen.borrow().is_some()
    }

    /// Remembers that `entry` is the only match in the version of the list that [`Shortcuts::find`] saw.
    pub(super) fn remember(&self, query: &GrantQuery<'_>, entry: &AccountEntry) {
        let Some(stamp) = self.seen.take() else { return };
        let found = CachedLookup { stamp, entry: entry.clone() };
        let path = self.dir.join(query.file_name(entry.store));
        if let Ok(json) = serde_json::to_vec(&found)
            && disk::private_dir(&self.dir).is_ok()
            && let Ok(file) = Temporary::beside(&path)
        {
            // The cache may be lost.
            let _ = file.become_cache(&path, &json);
        }
        self.own.replace(Some(found));
    }

    /// Whether the list is known to have `entry`, ignoring its time.
    pub(super) fn has(&self, entry: &AccountEntry) -> bool {
        let own = self.own.borrow();
        let Some(found) = &*own else { return false };
        let same = AccountEntry { saved_at: found.entry.saved_at, ..entry.clone() } == found.entry;
        same && self.stamp().as_ref() == Some(&found.stamp)
    }

    /// Removes all cached lookups, because they contain user names.
    pub(super) fn clear(&self) {
        self.own.take();
        let _ = fs::remove_dir_all(&self.dir);
    }

    /// The current version of the list; `None` if it is short.
    fn stamp(&self) -> Option<Stamp> {
        let list = FileStamp::of(&self.list).filter(|list| LONG < list.size)?;
        Some(Stamp { list, waiting: FileStamp::of(&self.waiting) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::record::tests::{grant, key};
    use crate::store::{GrantKey, Grants, Memory};
    use entrada_core::NumericDate;

    struct Place(tempfile::TempDir);

    impl Place {
        /// A long list.
        fn new() -> Self {
            let place = Self(tempfile::tempdir().unwrap());
            let entries: Vec<AccountEntry> =
                (0..400).map(|number| entry(&number.to_string())).collect();
            let list = serde_json::json!({"version": 1, "known": ["keyring"], "entries": entries});
            place.write(&list.to_string());
            place
        }
        fn path(&self, name: &str) -> PathBuf {
            self.0.path().join(name)
        }
        fn write(&self, list: &str) {
            disk::write(&self.path("accounts.json"), list.as_bytes()).unwrap();
        }
        fn grants(&self) -> Grants {
            Grants::new(Box::new(Named), self.0.path().to_owned())
        }
        fn find(&self, account: &str) -> Option<String> {
            Some(self.grants().shortcut(&query(Some(account)))?.account)
        }
        fn remember(&self, account: &str) {
            self.remember_as(account, account);
        }
        fn remember_as(&self, wanted: &str, account: &str) {
            let grants = self.grants();
            grants.shortcut(&query(Some(wanted)));
            grants.remember(&query(Some(wanted)), &entry(account));
        }
    }

    /// A keyring that keeps nothing.
    struct Named;

    impl crate::store::Backend for Named {
        fn kind(&self) -> StoreKind {
            StoreKind::Keyring
        }
        fn describe(&self) -> String {
            String::new()
        }
        fn load(
            &self,
            name: &str,
        ) -> Result<Option<crate::store::Bytes>, crate::store::StoreError> {
            Memory::default().load(name)
        }
        fn save(&self, _: &str, _: &[u8]) -> Result<(), crate::store::StoreError> {
            Ok(())
        }
        fn remove(&self, _: &str) -> Result<bool, crate::store::StoreError> {
            Ok(true)
        }
        fn names(&self) -> Result<Option<Vec<String>>, crate::store::StoreError> {
            Ok(None)
        }
    }

    fn entry(account: &str) -> AccountEntry {
        let key = GrantKey { account: account.to_owned(), ..key() };
        let mut grant = grant("hunter2", 7);
        grant.account.username = Some(format!("User{account}@example.com"));
        AccountEntry::new(StoreKind::Keyring, &key, &grant, NumericDate(1))
    }

    fn query(account: Option<&str>) -> GrantQuery<'_> {
        GrantQuery {
            authority: "https://login.example",
            tenant: "common",
            client_id: "11111111-2222",
            account,
        }
    }

    #[test]
    fn a_lookup_is_cached_until_the_list_changes() {
        let place = Place::new();
        assert_eq!(place.find("7"), None);
        place.remember("7");
        assert_eq!(place.find("7").as_deref(), Some("7"));
        assert_eq!(place.find("8"), None);
        let other = GrantQuery { client_id: "other", ..query(Some("7")) };
        assert!(place.grants().shortcut(&other).is_none());
        // A sign-in that changes nothing leaves the list as it is; one that adds an account changes it.
        let grants = place.grants();
        grants.shortcut(&query(Some("7"))).unwrap();
        assert!(
            grants.index.shortcuts.has(&AccountEntry { saved_at: NumericDate(9), ..entry("7") })
        );
        assert!(!grants.index.shortcuts.has(&AccountEntry { username: None, ..entry("7") }));
        grants.index.put(&entry("new"), None).unwrap();
        assert!(!grants.index.shortcuts.has(&entry("7")));
        assert_eq!(place.find("7"), None);
        place.remember("7");
        // An entry that waits next to the list.
        fs::create_dir(place.path("accounts.new")).unwrap();
        assert_eq!(place.find("7"), None);
        place.remember("7");
        assert!(place.grants().index.remove(StoreKind::Keyring, &[entry("8").key()]).unwrap());
        assert!(!place.path("accounts.seen").exists(), "no name of the signed-out user is left");
    }

    #[test]
    fn a_name_is_found_in_any_case_and_a_foreign_file_is_ignored() {
        let place = Place::new();
        place.remember_as("user7@EXAMPLE.com", "7");
        assert_eq!(place.find("USER7@example.com").as_deref(), Some("7"));
        for damage in ["", "{", "[]"] {
            for file in fs::read_dir(place.path("accounts.seen")).unwrap() {
                let path = file.unwrap().path();
                if path.is_file() {
                    fs::write(path, damage).unwrap();
                }
            }
            assert_eq!(place.find("user7@example.com"), None, "{damage}");
        }
    }

    #[test]
    fn a_result_from_an_older_list_is_not_remembered_for_the_new_one() {
        let place = Place::new();
        let grants = place.grants();
        assert!(grants.shortcut(&query(None)).is_none());
        // The list is read here and the entry is found; then another process signs in.
        grants.index.put(&entry("new"), None).unwrap();
        grants.remember(&query(None), &entry("7"));
        assert!(place.grants().shortcut(&query(None)).is_none());
    }

    #[test]
    fn a_short_list_is_read_itself() {
        let place = Place::new();
        place.write(r#"{"version":1,"known":["keyring"],"entries":[]}"#);
        place.remember("7");
        assert!(!place.path("accounts.seen").exists());
    }

    #[test]
    fn an_incomplete_list_is_not_cached() {
        let place = Place::new();
        let text = fs::read_to_string(place.path("accounts.json")).unwrap();
        place.write(&text.replace(r#"["keyring"]"#, "[]"));
        place.remember("7");
        assert!(!place.path("accounts.seen").exists());
    }
}
