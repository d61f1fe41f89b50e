//! Who is stored where: a list without secrets, so that to show accounts asks no keyring.

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

/// Ending of the file of an entry that waits.
const EXTENSION: &str = "entry";

/// How long a change of the list waits for another process that changes it.
const PATIENCE: Duration = Duration::from_secs(5);

/// One grant on the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
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
    /// The user's name, where the authority told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// When the entry came on the list, or last changed.
    pub saved_at: NumericDate,
}

impl Entry {
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

    /// For an item of which only the name can be read.
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

    /// Which grant it is of all stores.
    fn id(&self) -> (StoreKind, GrantKey) {
        (self.store, self.key())
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

    fn is_for(&self, store: StoreKind, key: &GrantKey) -> bool {
        self.store == store && self.key() == *key
    }
}

#[derive(Serialize)]
struct StoredIndex<'a> {
    version: u64,
    known: &'a [StoreKind],
    entries: &'a [Entry],
}

/// The list as it was found, or what could be read of it.
#[derive(Debug, Default)]
pub(super) struct List {
    /// Its entries, of every store.
    pub(super) entries: Vec<Entry>,
    /// The version, when a newer entrada wrote it: then nothing is known.
    pub(super) newer: Option<u64>,
    /// The kinds of store of which no grant is missing on it.
    known: Vec<StoreKind>,
    /// Whether a grant was on it more than once.
    doubled: bool,
}

impl List {
    /// Whether every grant of `store` is on it. Otherwise the store itself must be asked too.
    pub(super) fn knows(&self, store: StoreKind) -> bool {
        self.known.contains(&store)
    }

    /// Whether it has an entry for `key`.
    pub(super) fn has(&self, store: StoreKind, key: &GrantKey) -> bool {
        self.entries.iter().any(|own| own.is_for(store, key))
    }

    /// Puts `entries` on it, in place of those with their keys.
    fn put(&mut self, entries: impl IntoIterator<Item = Entry>) {
        let new: Vec<Entry> = entries.into_iter().collect();
        let keys: HashSet<_> = new.iter().map(Entry::id).collect();
        self.entries.retain(|own| !keys.contains(&own.id()));
        self.entries.extend(new);
    }

    /// Puts what was found in `store` on it, and remembers whether that was everything. What is on it already stays: it
    /// may have come while we looked.
    fn join(&mut self, store: StoreKind, found: &Found) {
        let mut there: HashSet<_> = self.entries.iter().map(Entry::id).collect();
        let more = found.entries.iter().filter(|entry| there.insert(entry.id()));
        self.entries.extend(more.cloned());
        if found.all && !self.knows(store) {
            self.known.push(store);
        }
    }

    fn parse(bytes: &[u8]) -> Self {
        let Ok(wire) = serde_json::from_slice::<Value>(bytes) else { return Self::default() };
        let version = wire["version"].as_u64();
        // What a newer list looks like is not ours to know.
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
fn newest(all: Vec<Entry>) -> Vec<Entry> {
    let mut places = HashMap::new();
    let mut entries: Vec<Entry> = Vec::with_capacity(all.len());
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

/// The members of an array that can be read, and whether these are all.
fn members<T: serde::de::DeserializeOwned>(array: &Value) -> (Vec<T>, bool) {
    let Some(all) = array.as_array() else { return (Vec::new(), false) };
    let read: Vec<T> = all.iter().filter_map(|member| T::deserialize(member).ok()).collect();
    let is_whole = read.len() == all.len();
    (read, is_whole)
}

/// What a store had when it was asked for everything.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The grants that could be read.
    pub(super) entries: Vec<Entry>,
    /// Whether there was nothing else.
    pub(super) all: bool,
}

/// The list's file, `accounts.json` in the state directory. An entry that cannot be put on it, because another process
/// holds it or it is newer than we are, waits in a file of its own in `accounts.new`.
pub(super) struct Index {
    dir: PathBuf,
    path: PathBuf,
    waiting: PathBuf,
    pub(super) shortcuts: Shortcuts,
    patience: Duration,
    /// The grants on the list when this process asked for one.
    named: RefCell<Option<HashSet<(StoreKind, GrantKey)>>>,
}

impl Index {
    pub(super) fn new(state_dir: &Path) -> Self {
        let (path, waiting) = (state_dir.join("accounts.json"), state_dir.join("accounts.new"));
        let shortcuts = state_dir.join("accounts.seen");
        let shortcuts = Shortcuts::new(shortcuts, path.clone(), waiting.clone());
        let (dir, named) = (state_dir.to_owned(), RefCell::default());
        Self { dir, path, waiting, shortcuts, patience: PATIENCE, named }
    }

    /// No longer waits for another process as long as a person would.
    #[cfg(test)]
    pub(super) fn hurry(&mut self) {
        self.patience = Duration::from_millis(50);
    }

    /// The list, with the entries that wait to be put on it.
    pub(super) fn read(&self) -> List {
        let mut list = self.file().unwrap_or_default();
        list.put(self.waiting().into_iter().map(|(_, entry)| entry));
        list
    }

    /// Refuses what is no plain file in the place of the list: it would never be read, nor replaced.
    pub(super) fn check(&self) -> Result<(), BackendError> {
        let is = self.path.symlink_metadata().ok().and_then(|found| disk::no_file(&found));
        let (path, what) = (self.path.clone(), "the list of accounts");
        is.map_or(Ok(()), |is| Err(BackendError::new(StoreErrorKind::InTheWay { path, what, is })))
    }

    /// Whether the list has an entry for `key`. Read once: whoever asks of each of many grants need not wait for each.
    pub(super) fn names(&self, store: StoreKind, key: &GrantKey) -> bool {
        let mut named = self.named.borrow_mut();
        let named =
            named.get_or_insert_with(|| self.read().entries.iter().map(Entry::id).collect());
        named.contains(&(store, key.clone()))
    }

    /// Puts `entry` on the list in place of the one with its key, after what was `found` in its store, where that was
    /// asked. Writes only when that says something new, for which the time alone does not count.
    pub(super) fn put(&self, entry: &Entry, found: Option<&Found>) -> Result<(), BackendError> {
        let same = |own: &Entry| *own == Entry { saved_at: own.saved_at, ..entry.clone() };
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
            // Why the list could not be changed says more than why the next best failed too.
            Err(fault) => self.set_aside(entry).map_err(|_| fault),
            Ok(()) => Ok(()),
        }
    }

    /// Takes the entries for `keys` off the list, which is written once; whether one of them was on it.
    pub(super) fn remove(&self, store: StoreKind, keys: &[GrantKey]) -> Result<bool, BackendError> {
        self.named.take();
        let mut waited = false;
        for key in keys {
            waited |= disk::remove(&self.waiting_path(store, key))?;
        }
        let keys: HashSet<&GrantKey> = keys.iter().collect();
        let is_one = |own: &Entry| own.store == store && keys.contains(&own.key());
        if !self.read().entries.iter().any(is_one) {
            return Ok(waited);
        }
        self.change(|list| list.entries.retain(|own| !is_one(own)))?;
        self.shortcuts.clear();
        Ok(true)
    }

    /// Puts what was found in `store` on the list.
    pub(super) fn join(&self, store: StoreKind, found: &Found) -> Result<(), BackendError> {
        self.change(|list| list.join(store, found))
    }

    fn change(&self, change: impl FnOnce(&mut List)) -> Result<(), BackendError> {
        self.named.take();
        disk::own_dir(&self.dir)?;
        let lock_path = self.dir.join("accounts.lock");
        let _lock = deadline::within(self.patience, move || lock::wait(&lock_path))??;
        let mut list = self.file()?;
        if let Some(version) = list.newer {
            return Err(BackendError::new(StoreErrorKind::Newer(version)));
        }
        let waiting = self.waiting();
        list.put(waiting.iter().map(|(_, entry)| entry.clone()));
        change(&mut list);
        let by_name = |e: &Entry| {
            (e.authority.clone(), e.tenant.clone(), e.client_id.clone(), e.account.clone())
        };
        list.entries.sort_by_cached_key(by_name);
        let wire = StoredIndex { version: VERSION, known: &list.known, entries: &list.entries };
        let json = serde_json::to_vec_pretty(&wire).map_err(|error| {
            BackendError::denied("the list could not be written").because(error)
        })?;
        disk::write(&self.path, &json)?;
        for (path, _) in waiting {
            // One that stays says once more what the list says already.
            let _ = disk::remove(&path);
        }
        Ok(())
    }

    fn file(&self) -> Result<List, BackendError> {
        let bytes = disk::read(&self.path)?;
        Ok(bytes.map(|bytes| List::parse(&bytes)).unwrap_or_default())
    }

    fn waiting(&self) -> Vec<(PathBuf, Entry)> {
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

    fn set_aside(&self, entry: &Entry) -> Result<(), BackendError> {
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
