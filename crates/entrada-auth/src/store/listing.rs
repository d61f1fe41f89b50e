//! Lists the grants of a store: from the account list, or from the store itself if the list is incomplete.

use std::collections::HashSet;
use std::path::Path;

use super::backend::file;
use super::index::{Index, LoadedIndex};
use super::{
    AccountEntry, BackendError, Grant, GrantKey, Grants, StoreError, StoreErrorKind, StoreKind,
    action, is_internal_item, record, recovery,
};
use entrada_core::NumericDate;

/// The number of grants that are searched for a name that the list does not have.
const SEARCHED_MAX: usize = 64;

/// The grants that were found by reading all items of a store.
#[derive(Default)]
struct StoreContents {
    found: LoadedIndex,
    /// Entries for items that cannot be read, made from their names.
    damaged: Vec<AccountEntry>,
}

/// The account list in `state_dir`, for all kinds of store. No store is read.
pub fn read_account_list(state_dir: &Path) -> Vec<AccountEntry> {
    Index::new(state_dir).read().entries
}

impl Grants {
    /// The grants of this store from the account list. If the list is missing, damaged or written by a newer entrada, the
    /// store is read too. Items that cannot be read are included, so that they can be shown and removed.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store has to be read and that fails.
    pub fn list(&self) -> Result<Vec<AccountEntry>, StoreError> {
        let kind = self.kind();
        if kind != StoreKind::Memory {
            self.index.check().map_err(|fault| fault.when(kind, action::NAMES))?;
        }
        let list = self.index.read();
        let is_trusted = !kind.lists_itself() && list.knows(kind);
        let mut entries = list.entries;
        entries.retain(|entry| entry.store == kind);
        if is_trusted {
            return Ok(entries);
        }
        if let Some(version) = list.newer {
            self.warn(format!(
                "the list of accounts was written by a newer entrada (format {version}) and is left alone"
            ));
        }
        let StoreContents { found, damaged } = self.read_all()?;
        if !kind.lists_itself()
            && list.newer.is_none()
            && !(entries.is_empty() && found.entries.is_empty())
        {
            self.note(self.index.join(kind, &found));
        }
        let mut keys: HashSet<GrantKey> = entries.iter().map(AccountEntry::key).collect();
        let more = found.entries.into_iter().chain(damaged);
        entries.extend(more.filter(|entry| keys.insert(entry.key())));
        Ok(entries)
    }

    /// The entries of the account `wanted`; all entries if it is `None`. The list has no aliases and no former names, so if
    /// no entry has that name, up to 64 of the grants themselves are searched for it.
    pub fn filter_by_account(
        &self,
        entries: Vec<AccountEntry>,
        wanted: Option<&str>,
    ) -> Vec<AccountEntry> {
        let Some(wanted) = wanted else { return entries };
        let (named, others): (Vec<_>, Vec<_>) =
            entries.into_iter().partition(|entry| entry.is_identified_by(wanted));
        if !named.is_empty() {
            return named;
        }
        let by_alias = |entry: &AccountEntry| match self.load(&entry.key()) {
            Ok(Some(grant)) => grant.account.is_identified_by(wanted),
            _ => false,
        };
        others.into_iter().take(SEARCHED_MAX).filter(by_alias).collect()
    }

    /// Adds the grant to the account list. An error means that the grant would not be found again.
    pub(super) fn add_to_list(
        &self,
        key: &GrantKey,
        grant: &Grant,
        now: NumericDate,
    ) -> Result<(), BackendError> {
        let kind = self.kind();
        if kind.lists_itself() {
            return Ok(());
        }
        let entry = AccountEntry::new(kind, key, grant, now);
        let list = self.index.read();
        if list.knows(kind) && list.is_current(&entry) {
            return Ok(());
        }
        // An incomplete list makes each later call read the store, so it is completed now.
        let ask = !list.knows(kind) && list.newer.is_none();
        let found = if ask { self.read_all().ok().map(|contents| contents.found) } else { None };
        let Err(fault) = self.index.put(&entry, found.as_ref()) else { return Ok(()) };
        // With an incomplete list, `list` reads the store, if the store can list its items.
        let will_be_found =
            list.has(kind, key) || !list.knows(kind) && matches!(self.backend.names(), Ok(Some(_)));
        if !will_be_found {
            return Err(fault);
        }
        self.note(Err(fault));
        Ok(())
    }

    /// Removes a recovery key that cannot be read and that no grant needs any more.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be read or written.
    pub fn clear_lost_key(&self) -> Result<(), StoreError> {
        let Err(error) = recovery::load(&*self.backend) else { return Ok(()) };
        match error.reason {
            StoreErrorKind::Newer(_) => return Ok(()),
            StoreErrorKind::Corrupt(_)
            | StoreErrorKind::WrongKey(_)
            | StoreErrorKind::WrongKeyKind { .. }
            | StoreErrorKind::RekeyUnfinished(_) => (),
            _ => return Err(error),
        }
        if self.check_key_replaceable(error).is_ok() {
            self.backend.remove(recovery::NAME)?;
            self.remove_aside(recovery::NAME)?;
        }
        Ok(())
    }

    /// Reads all items of the store, and the grants kept aside.
    fn read_all(&self) -> Result<StoreContents, StoreError> {
        let mut contents = StoreContents {
            found: LoadedIndex { all: true, ..LoadedIndex::default() },
            ..StoreContents::default()
        };
        let names = self.backend.names()?;
        if names.is_none() && self.kind() == StoreKind::Custom {
            let fault = BackendError::unavailable(
                "it cannot list its items, and there is no other list of them",
            );
            return Err(fault.when(self.kind(), action::NAMES));
        }
        for name in names.unwrap_or_default() {
            if !is_internal_item(&name) {
                let grant = self.load_by_name(&name);
                self.add_item(&mut contents, &name, grant)?;
            }
        }
        let known: HashSet<GrantKey> =
            contents.found.entries.iter().map(AccountEntry::key).collect();
        let aside = file::items_in(&self.pending_dir()).unwrap_or_default();
        for name in aside.iter().filter_map(|path| file::name_in(path)) {
            let Some(key) = AccountEntry::of_name(self.kind(), &name).map(|entry| entry.key())
            else {
                continue;
            };
            if !known.contains(&key) {
                let grant = self.pending(&key).map(|grant| Some((key, grant?)));
                self.add_item(&mut contents, &name, grant)?;
            }
        }
        Ok(contents)
    }

    /// The grant in the item `name`, and its key.
    fn load_by_name(&self, name: &str) -> Result<Option<(GrantKey, Grant)>, StoreError> {
        let refuse = |fault: BackendError| fault.when(self.kind(), action::LOAD);
        let Some(text) = self.backend.load(name)? else { return Ok(None) };
        let (key, grant) = record::read(&text).map_err(refuse)?;
        if key.to_string() != name {
            return Err(refuse(BackendError::corrupt("it belongs to another account")));
        }
        Ok(Some((key, grant)))
    }

    /// Adds `grant`, the result of reading the item `name`. An item that cannot be read is noted as damaged; a locked store
    /// is an error.
    fn add_item(
        &self,
        contents: &mut StoreContents,
        name: &str,
        grant: Result<Option<(GrantKey, Grant)>, StoreError>,
    ) -> Result<(), StoreError> {
        match grant {
            Ok(None) => (),
            Ok(Some((key, grant))) => {
                contents.found.entries.push(AccountEntry::new(
                    self.kind(),
                    &key,
                    &grant,
                    grant.refreshed_at,
                ));
            }
            Err(error)
                if matches!(
                    error.reason,
                    StoreErrorKind::Corrupt(_)
                        | StoreErrorKind::WrongKey(_)
                        | StoreErrorKind::WrongKeyKind { .. }
                        | StoreErrorKind::RekeyUnfinished(_)
                        | StoreErrorKind::Newer(_)
                ) =>
            {
                self.warn(format!("`{name}` cannot be read: {}", error.reason));
                if let Some(entry) = AccountEntry::of_name(self.kind(), name) {
                    // The user name is unknown, and the list would keep the entry without it, so it is not added there.
                    contents.found.all = false;
                    contents.damaged.push(entry);
                }
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }
}
