//! Entries of the list of accounts whose grant is gone.

use std::collections::HashSet;
use std::time::Duration;

use super::{AccountEntry, GrantKey, Grants, StoreKind};

/// Entries that one write takes off the list. A descriptor is open for the lock of each.
const BATCH: usize = 128;

impl Grants {
    /// Those of `entries` that are sign-ins: their grant is in the store or kept aside. One that cannot be read counts, and all
    /// count where the store does not answer. A single entry is not looked up.
    pub fn signed_in(&self, entries: Vec<AccountEntry>) -> Vec<AccountEntry> {
        if entries.len() < 2 || self.kind() == StoreKind::Memory {
            return entries;
        }
        // One question, however many entries there are.
        let names: Option<HashSet<String>> = match self.backend.names() {
            Ok(names) => names.map(|names| names.into_iter().collect()),
            Err(_) => return entries,
        };
        let is_there = |entry: &AccountEntry| {
            let key = entry.key();
            let name = key.to_string();
            // A damaged file has no name to list.
            let is_loaded = || !matches!(self.backend.load(&name), Ok(None));
            self.has_pending(&key)
                || match &names {
                    Some(names) if names.contains(&name) => true,
                    Some(_) => self.kind() == StoreKind::File && is_loaded(),
                    None => is_loaded(),
                }
        };
        let (there, stale): (Vec<_>, Vec<_>) = entries.into_iter().partition(is_there);
        if there.is_empty() {
            self.warn_absent();
        }
        self.note_stale(stale.iter().map(AccountEntry::key));
        there
    }

    /// Says that the store lacks a grant that is on the list: a provider that took the place of another looks like being signed out.
    pub(super) fn warn_absent(&self) {
        let who = self.backend.describe();
        self.warn(format!("the list of accounts contains a grant that {who} does not have"));
    }

    /// Remembers entries for [`Grants::drop_stale`].
    pub(super) fn note_stale(&self, keys: impl IntoIterator<Item = GrantKey>) {
        self.stale.borrow_mut().extend(keys);
    }

    /// Takes entries off the list that were found without a grant, up to a number. Each is locked and looked up once more: a sign-in
    /// is put on the list before it is stored.
    ///
    /// Those of a keyring stay: another provider may answer today than the one that has the grant.
    pub fn drop_stale(&self) {
        let stale = self.stale.take();
        if stale.is_empty() || self.kind() == StoreKind::Keyring {
            return;
        }
        let mut locks = Vec::new();
        let mut gone = Vec::new();
        for key in stale.into_iter().take(BATCH) {
            let Ok(lock) = self.lock(&key, Duration::ZERO, &mut |_| false) else { continue };
            let is_gone = matches!(self.backend.load(&key.to_string()), Ok(None));
            if is_gone && !self.has_pending(&key) {
                gone.push(key);
                locks.push(lock);
            }
        }
        self.note(self.index.remove(self.kind(), &gone).map(drop));
        drop(locks);
    }
}
