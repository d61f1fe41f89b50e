//! Who is stored where: a list without secrets, so that to show accounts asks no keyring.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Fault, Grant, GrantKey, Kind, deadline, disk, lock};
use crate::model::NumericDate;

const VERSION: u64 = 1;

/// How long a change of the list waits for another process that changes it.
const PATIENCE: Duration = Duration::from_secs(5);

/// One grant on the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The kind of store that holds the grant.
    pub store: Kind,
    /// [`GrantKey::authority`].
    pub authority: String,
    /// [`GrantKey::tenant`].
    pub tenant: String,
    /// [`GrantKey::client_id`].
    pub client_id: String,
    /// [`GrantKey::account`].
    pub account: String,
    /// The user's name, where the authority told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// When the entry came on the list, or last changed.
    pub saved_at: NumericDate,
}

impl Entry {
    pub(super) fn new(store: Kind, key: &GrantKey, grant: &Grant, saved_at: NumericDate) -> Self {
        Self {
            store,
            authority: key.authority.clone(),
            tenant: key.tenant.clone(),
            client_id: key.client_id.clone(),
            account: key.account.clone(),
            username: grant.account.username.clone(),
            saved_at,
        }
    }

    /// What the grant is filed under.
    pub fn key(&self) -> GrantKey {
        GrantKey {
            authority: self.authority.clone(),
            tenant: self.tenant.clone(),
            client_id: self.client_id.clone(),
            account: self.account.clone(),
        }
    }

    /// The name to show: the user name if known, else the id.
    pub fn label(&self) -> &str {
        self.username.as_deref().unwrap_or(&self.account)
    }

    /// Whether `wanted` means this account: its user name or id, letter case aside.
    pub fn is_called(&self, wanted: &str) -> bool {
        [Some(&self.account), self.username.as_ref()]
            .into_iter()
            .flatten()
            .any(|own| own.eq_ignore_ascii_case(wanted))
    }

    fn is_for(&self, store: Kind, key: &GrantKey) -> bool {
        self.store == store && self.key() == *key
    }
}

#[derive(Serialize, Deserialize)]
struct Wire {
    version: u64,
    entries: Vec<Entry>,
}

/// The list's file, `accounts.json` in the state directory.
pub(super) struct Index {
    dir: PathBuf,
    path: PathBuf,
}

impl Index {
    pub(super) fn new(state_dir: &Path) -> Self {
        Self { dir: state_dir.to_owned(), path: state_dir.join("accounts.json") }
    }

    /// The entries of every store; `None` when the file is missing, damaged or newer than we are.
    pub(super) fn read(&self) -> Option<Vec<Entry>> {
        let bytes = disk::read(&self.path).ok().flatten()?;
        let wire: Wire = serde_json::from_slice(&bytes).ok()?;
        (wire.version == VERSION).then_some(wire.entries)
    }

    /// Puts `entry` on the list in place of the one with its key. Writes only when that says something new, for which
    /// the time alone does not count.
    pub(super) fn put(&self, entry: &Entry) -> Result<(), Fault> {
        let same = |own: &Entry| *own == Entry { saved_at: own.saved_at, ..entry.clone() };
        if self.read().is_some_and(|entries| entries.iter().any(same)) {
            return Ok(());
        }
        self.change(|entries| {
            entries.retain(|own| !own.is_for(entry.store, &entry.key()));
            entries.push(entry.clone());
        })
    }

    /// Takes the entry for `key` off the list; whether it was on it.
    pub(super) fn remove(&self, store: Kind, key: &GrantKey) -> Result<bool, Fault> {
        let on_it = |entries: Vec<Entry>| entries.iter().any(|own| own.is_for(store, key));
        if !self.read().is_some_and(on_it) {
            return Ok(false);
        }
        self.change(|entries| entries.retain(|own| !own.is_for(store, key)))?;
        Ok(true)
    }

    /// Replaces all entries of `store`.
    pub(super) fn replace(&self, store: Kind, new: &[Entry]) -> Result<(), Fault> {
        self.change(|entries| {
            entries.retain(|own| own.store != store);
            entries.extend_from_slice(new);
        })
    }

    fn change(&self, change: impl FnOnce(&mut Vec<Entry>)) -> Result<(), Fault> {
        disk::own_dir(&self.dir)?;
        let lock_path = self.dir.join("accounts.lock");
        let _lock = deadline::within(PATIENCE, move || lock::wait(&lock_path))??;
        let mut entries = self.read().unwrap_or_default();
        change(&mut entries);
        let by_name = |e: &Entry| {
            (e.authority.clone(), e.tenant.clone(), e.client_id.clone(), e.account.clone())
        };
        entries.sort_by_cached_key(by_name);
        let wire = Wire { version: VERSION, entries };
        let json = serde_json::to_vec_pretty(&wire)
            .map_err(|error| Fault::denied("the list could not be written").because(error))?;
        disk::write(&self.path, &json)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::record::tests::{grant, key};

    fn entry(account: &str, saved_at: i64) -> Entry {
        let key = GrantKey { account: account.to_owned(), ..key() };
        Entry::new(Kind::File, &key, &grant("hunter2", 7), NumericDate(saved_at))
    }

    fn place() -> (tempfile::TempDir, Index) {
        let dir = tempfile::tempdir().unwrap();
        let index = Index::new(&dir.path().join("state"));
        (dir, index)
    }

    #[test]
    fn the_list_is_written_only_when_it_changes_and_holds_no_secret() {
        let (_dir, index) = place();
        index.put(&entry("a", 1)).unwrap();
        let before = std::fs::metadata(&index.path).unwrap().modified().unwrap();
        let text = std::fs::read_to_string(&index.path).unwrap();
        assert!(!text.contains("hunter2"));
        index.put(&entry("a", 2)).unwrap();
        assert!(!index.remove(Kind::File, &entry("b", 1).key()).unwrap());
        assert_eq!(std::fs::metadata(&index.path).unwrap().modified().unwrap(), before);
        let renamed = Entry { username: None, ..entry("a", 3) };
        index.put(&renamed).unwrap();
        assert_eq!(index.read().unwrap(), [renamed]);
    }

    #[test]
    fn a_damaged_list_counts_as_missing_and_the_next_change_repairs_it() {
        let (_dir, index) = place();
        assert_eq!(index.read(), None);
        index.put(&entry("a", 1)).unwrap();
        for damage in ["", "{", "[]", r#"{"version":2,"entries":[]}"#, "\0"] {
            std::fs::write(&index.path, damage).unwrap();
            assert_eq!(index.read(), None);
        }
        index.put(&entry("b", 1)).unwrap();
        assert_eq!(index.read().unwrap(), [entry("b", 1)]);
    }

    #[test]
    fn stores_do_not_meddle_with_each_other() {
        let (_dir, index) = place();
        let other = Entry { store: Kind::Memory, ..entry("a", 1) };
        index.put(&entry("a", 1)).unwrap();
        index.put(&other).unwrap();
        index.replace(Kind::File, &[]).unwrap();
        assert_eq!(index.read().unwrap(), [other]);
    }

    #[test]
    fn changes_made_at_once_are_all_kept() {
        let (_dir, index) = place();
        std::thread::scope(|scope| {
            for name in ["a", "b", "c", "d", "e", "f", "g", "h"] {
                let index = Index::new(&index.dir);
                scope.spawn(move || index.put(&entry(name, 1)).unwrap());
            }
        });
        assert_eq!(index.read().unwrap().len(), 8);
    }
}
