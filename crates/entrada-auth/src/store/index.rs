//! The account list: which grants are stored where, without secrets. Listing accounts does not need the keyring.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet, hash_map};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::shortcut::Shortcuts;
use super::{BackendError, Grant, GrantKey, StoreErrorKind, StoreKind, deadline, disk, lock};
use entrada_core::NumericDate;

const VERSION: u64 = 1;

/// File extension of an entry that waits to be added to the list.
const EXTENSION: &str = "entry";

/// How long a change of the list waits while another process changes it.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);

/// One grant in the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountEntry {
    /// The kind of store that holds the grant.
    pub store: StoreKind,
    /// [`GrantKey::authority`].
    pub authority: String,
    /// [`GrantKey::tenant`].
    pub tenant: String,
    /// [`GrantKey::client_id`].
    pub client_id: String,
    /// [`GrantKey::account`].
    pub account: String,
    /// The user's name, if the authority gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// When the entry was added or last changed.
    pub saved_at: NumericDate,
}

impl AccountEntry {
    pub(super) fn new(
        store: StoreKind,
        key: &GrantKey,
        grant: &Grant,
        saved_at: NumericDate,
    ) -> Self {
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

    /// An entry for an item of which only the name can be read.
    pub(super) fn of_name(store: StoreKind, name: &str) -> Option<Self> {
        let mut words = name.splitn(4, '|').map(str::to_owned);
        Some(Self {
            store,
            authority: words.next()?,
            tenant: words.next()?,
            client_id: words.next()?,
            account: words.next()?,
            username: None,
            saved_at: NumericDate(0),
        })
    }

    /// The identity of the grant across all stores.
    fn id(&self) -> (StoreKind, GrantKey) {
        (self.store, self.key())
    }

    /// The key of the grant.
    pub fn key(&self) -> GrantKey {
        GrantKey {
            authority: self.authority.clone(),
            tenant: self.tenant.clone(),
            client_id: self.client_id.clone(),
            account: self.account.clone(),
        }
    }

    /// The name to show: the user name if known, otherwise the id.
    pub fn label(&self) -> &str {
        self.username.as_deref().unwrap_or(&self.account)
    }

    /// Whether `wanted` names this account: its user name or id, ignoring case.
    pub fn is_identified_by(&self, wanted: &str) -> bool {
        [Some(&self.account), self.username.as_ref()]
            .into_iter()
            .flatten()
            .any(|own| own.eq_ignore_ascii_case(wanted))
    }

    fn is_for(&self, store: StoreKind, key: &GrantKey) -> bool {
        self.store == store && self.key() == *key
    }
}

#[derive(Serialize)]
struct StoredIndex<'a> {
    version: u64,
    known: &'a [StoreKind],
    entries: &'a [AccountEntry],
}

/// The list as read from disk, or the part of it that could be read.
#[derive(Debug, Default)]
pub(super) struct List {
    /// The entries of all stores.
    pub(super) entries: Vec<AccountEntry>,
    /// The format version if a newer entrada wrote the list. The entries are unknown then.
    pub(super) newer: Option<u64>,
    /// The kinds of store whose grants are all in the list.
    known: Vec<StoreKind>,
    /// Whether the file had more than one entry for a grant.
    doubled: bool,
}

impl List {
    /// Whether every grant of `store` is in the list. Otherwise the store itself must be asked too.
    pub(super) fn knows(&self, store: StoreKind) -> bool {
        self.known.contains(&store)
    }

    /// Whether the list has an entry for `key`.
    pub(super) fn has(&self, store: StoreKind, key: &GrantKey) -> bool {
        self.entries.iter().any(|own| own.is_for(store, key))
    }

    /// Adds `entries` and replaces those with the same keys.
    fn put(&mut self, entries: impl IntoIterator<Item = AccountEntry>) {
        let new: Vec<AccountEntry> = entries.into_iter().collect();
        let keys: HashSet<_> = new.iter().map(AccountEntry::id).collect();
        self.entries.retain(|own| !keys.contains(&own.id()));
        self.entries.extend(new);
    }

    /// Adds the entries that were found in `store`, and notes whether they are all of its grants. Existing entries
    /// stay, because they may have been added during the search.
    fn join(&mut self, store: StoreKind, found: &LoadedIndex) {
        let mut there: HashSet<_> = self.entries.iter().map(AccountEntry::id).collect();
        let more = found.entries.iter().filter(|entry| there.insert(entry.id()));
        self.entries.extend(more.cloned());
        if found.all && !self.knows(store) {
            self.known.push(store);
        }
    }

    fn parse(bytes: &[u8]) -> Self {
        let Ok(wire) = serde_json::from_slice::<Value>(bytes) else { return Self::default() };
        let version = wire["version"].as_u64();
        // The format of a newer list is unknown.
        if let Some(newer) = version.filter(|version| VERSION < *version) {
            return Self { newer: Some(newer), ..Self::default() };
        }
        let (all, entries_are_whole) = members(&wire["entries"]);
        let count = all.len();
        let entries = newest(all);
        let (known, _) = members(&wire["known"]);
        let is_whole = version == Some(VERSION) && entries_are_whole;
        let doubled = entries.len() < count;
        Self { entries, newer: None, known: if is_whole { known } else { Vec::new() }, doubled }
    }
}

/// The newest entry of each grant.
fn newest(all: Vec<AccountEntry>) -> Vec<AccountEntry> {
    let mut places = HashMap::new();
    let mut entries: Vec<AccountEntry> = Vec::with_capacity(all.len());
    for entry in all {
        match places.entry(entry.id()) {
            hash_map::Entry::Vacant(place) => {
                place.insert(entries.len());
                entries.push(entry);
            }
            hash_map::Entry::Occupied(place) => {
                if let Some(own) = entries.get_mut(*place.get())
                    && own.saved_at <= entry.saved_at
                {
                    *own = entry;
                }
            }
        }
    }
    entries
}

/// The members of an array that can be read, and whether all of them can.
fn members<T: serde::de::DeserializeOwned>(array: &Value) -> (Vec<T>, bool) {
    let Some(all) = array.as_array() else { return (Vec::new(), false) };
    let read: Vec<T> = all.iter().filter_map(|member| T::deserialize(member).ok()).collect();
    let is_whole = read.len() == all.len();
    (read, is_whole)
}

/// The result of reading all items of a store.
#[derive(Debug, Default)]
pub(super) struct LoadedIndex {
    /// The grants that could be read.
    pub(super) entries: Vec<AccountEntry>,
    /// Whether the store held no other items.
    pub(super) all: bool,
}

/// The list's file, `accounts.json` in the state directory. If another process holds the lock or a newer entrada
/// wrote the list, a new entry goes to a separate file in `accounts.new`.
pub(super) struct Index {
    dir: PathBuf,
    path: PathBuf,
    waiting: PathBuf,
    pub(super) shortcuts: Shortcuts,
    lock_timeout: Duration,
    /// The grants that the list named at the first call of [`Index::names`].
    named: RefCell<Option<HashSet<(StoreKind, GrantKey)>>>,
}

impl Index {
    pub(super) fn new(state_dir: &Path) -> Self {
        let (path, waiting) = (state_dir.join("accounts.json"), state_dir.join("accounts.new"));
        let shortcuts = state_dir.join("accounts.seen");
        let shortcuts = Shortcuts::new(shortcuts, path.clone(), waiting.clone());
        let (dir, named) = (state_dir.to_owned(), RefCell::default());
        Self { dir, path, waiting, shortcuts, lock_timeout: LOCK_TIMEOUT, named }
    }

    /// Shortens the wait for another process.
    #[cfg(test)]
    pub(super) fn shorten_lock_timeout(&mut self) {
        self.lock_timeout = Duration::from_millis(50);
    }

    /// The list, including the entries that wait to be added.
    pub(super) fn read(&self) -> List {
        let mut list = self.file().unwrap_or_default();
        list.put(self.waiting().into_iter().map(|(_, entry)| entry));
        list
    }

    /// Refuses a path that is not a regular file: the list could be neither read nor replaced.
    pub(super) fn check(&self) -> Result<(), BackendError> {
        let is = self.path.symlink_metadata().ok().and_then(|found| disk::no_file(&found));
        let (path, what) = (self.path.clone(), "the list of accounts");
        is.map_or(Ok(()), |is| Err(BackendError::new(StoreErrorKind::InTheWay { path, what, is })))
    }

    /// Whether the list has an entry for `key`. Reads the list once, so that a caller that checks many grants does
    /// not read it again for each.
    pub(super) fn names(&self, store: StoreKind, key: &GrantKey) -> bool {
        let mut named = self.named.borrow_mut();
        let named =
            named.get_or_insert_with(|| self.read().entries.iter().map(AccountEntry::id).collect());
        named.contains(&(store, key.clone()))
    }

    /// Adds `entry` to the list, or replaces the one with the same key; first adds what was `found` in its store, if
    /// the store was read. Writes only if something other than the time changes.
    pub(super) fn put(
        &self,
        entry: &AccountEntry,
        found: Option<&LoadedIndex>,
    ) -> Result<(), BackendError> {
        let same =
            |own: &AccountEntry| *own == AccountEntry { saved_at: own.saved_at, ..entry.clone() };
        let list = self.read();
        let is_there = list.entries.iter().any(same);
        if is_there && found.is_none() && !list.doubled {
            return Ok(());
        }
        let put = self.change(|list| {
            if let Some(found) = found {
                list.join(entry.store, found);
            }
            list.put([entry.clone()]);
        });
        match put {
            Err(_) if is_there => Ok(()),
            // The reason why the list could not be changed is more useful than the reason why the fallback failed.
            Err(fault) => self.set_aside(entry).map_err(|_| fault),
            Ok(()) => Ok(()),
        }
    }

    /// Removes the entries of `keys` from the list in one write. Returns whether the list had one of them.
    pub(super) fn remove(&self, store: StoreKind, keys: &[GrantKey]) -> Result<bool, BackendError> {
        self.named.take();
        let mut waited = false;
        for key in keys {
            waited |= disk::remove(&self.waiting_path(store, key))?;
        }
        let keys: HashSet<&GrantKey> = keys.iter().collect();
        let is_one = |own: &AccountEntry| own.store == store && keys.contains(&own.key());
        if !self.read().entries.iter().any(is_one) {
            return Ok(waited);
        }
        self.change(|list| list.entries.retain(|own| !is_one(own)))?;
        self.shortcuts.clear();
        Ok(true)
    }

    /// Adds the entries that were found in `store`.
    pub(super) fn join(&self, store: StoreKind, found: &LoadedIndex) -> Result<(), BackendError> {
        self.change(|list| list.join(store, found))
    }

    fn change(&self, change: impl FnOnce(&mut List)) -> Result<(), BackendError> {
        self.named.take();
        disk::own_dir(&self.dir)?;
        let lock_path = self.dir.join("accounts.lock");
        let _lock = deadline::within(self.lock_timeout, move || lock::wait(&lock_path))??;
        let mut list = self.file()?;
        if let Some(version) = list.newer {
            return Err(BackendError::new(StoreErrorKind::Newer(version)));
        }
        let waiting = self.waiting();
        list.put(waiting.iter().map(|(_, entry)| entry.clone()));
        change(&mut list);
        let by_name = |e: &AccountEntry| {
            (e.authority.clone(), e.tenant.clone(), e.client_id.clone(), e.account.clone())
        };
        list.entries.sort_by_cached_key(by_name);
        let wire = StoredIndex { version: VERSION, known: &list.known, entries: &list.entries };
        let json = serde_json::to_vec_pretty(&wire).map_err(|error| {
            BackendError::denied("the list could not be written").because(error)
        })?;
        disk::write(&self.path, &json)?;
        for (path, _) in waiting {
            // A file that stays only repeats an entry of the list.
            let _ = disk::remove(&path);
        }
        Ok(())
    }

    fn file(&self) -> Result<List, BackendError> {
        let bytes = disk::read(&self.path)?;
        Ok(bytes.map(|bytes| List::parse(&bytes)).unwrap_or_default())
    }

    fn waiting(&self) -> Vec<(PathBuf, AccountEntry)> {
        let entry = |path: PathBuf| {
            let bytes = disk::read(&path).ok().flatten()?;
            Some((path, serde_json::from_slice(&bytes).ok()?))
        };
        let paths = disk::list(&self.waiting, EXTENSION).unwrap_or_default();
        paths.into_iter().filter_map(entry).collect()
    }

    fn waiting_path(&self, store: StoreKind, key: &GrantKey) -> PathBuf {
        let name = disk::file_name(&format!("{}|{key}", super::kind_name(store)));
        self.waiting.join(format!("{name}.{EXTENSION}"))
    }

    fn set_aside(&self, entry: &AccountEntry) -> Result<(), BackendError> {
        self.named.take();
        disk::own_dir(&self.waiting)?;
        let json = serde_json::to_vec_pretty(entry).map_err(|error| {
            BackendError::denied("the list could not be written").because(error)
        })?;
        disk::write(&self.waiting_path(entry.store, &entry.key()), &json)
    }
}

#[cfg(test)]
#[path = "index_tests.rs"]
mod tests;
