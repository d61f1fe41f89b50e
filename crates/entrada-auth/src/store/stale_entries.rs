//! Entries of the account list whose grant no longer exists.

use std::collections::HashSet;
use std::time::Duration;

use super::{AccountEntry, GrantKey, Grants, StoreKind};

/// The number of entries that one write removes from the list. The lock of each holds a file descriptor.
const BATCH: usize = 128;

impl Grants {
    /// The entries whose grant is in the store or kept aside. A grant that cannot be read counts as present. If the store does
    /// not answer, or if there is only one entry, all entries are returned.
    pub fn signed_in(&self, entries: Vec<AccountEntry>) -> Vec<AccountEntry> {
        if entries.len() < 2 || self.kind() == StoreKind::Memory {
            return entries;
        }
        // One call for all entries.
        let names: Option<HashSet<String>> = match self.backend.names() {
            Ok(names) => names.map(|names| names.into_iter().collect()),
            Err(_) => return entries,
        };
        let is_there = |entry: &AccountEntry| {
            let key = entry.key();
            let name = key.to_string();
            // The store cannot list the name of a damaged file.
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

    /// Warns that the store lacks a grant that is on the list: another keyring provider may have replaced the one that has it.
    pub(super) fn warn_absent(&self) {
        let who = self.backend.describe();
        self.warn(format!("the list of accounts contains a grant that {who} does not have"));
    }

    /// Notes entries for [`Grants::drop_stale`].
    pub(super) fn note_stale(&self, keys: impl IntoIterator<Item = GrantKey>) {
        self.stale.borrow_mut().extend(keys);
    }

    /// Removes entries from the list that were found without a grant, up to 128. Each one is locked and looked up again,
    /// because a sign-in is added to the list before it is stored.
    ///
    /// Entries of a keyring stay: the provider that answers now may not be the one that has the grant.
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
