//! Which grants a store holds: by the list, and by the store itself where the list cannot be trusted.

use std::collections::HashSet;
use std::path::Path;

use super::index::{Index, LoadedIndex};
use super::{
    AccountEntry, BackendError, Grant, GrantKey, GrantQuery, Grants, StoreError, StoreErrorKind,
    StoreKind, action, file, is_housekeeping, record, recovery,
};
use entrada_core::NumericDate;

/// Grants that are looked into for a name that the list does not have.
const ASKED_MAX: usize = 64;

/// What a store answered when it was asked for everything.
#[derive(Default)]
struct Survey {
    found: LoadedIndex,
    /// Entries of what cannot be read, made from its name.
    damaged: Vec<AccountEntry>,
}

/// What stands on the list of accounts in `state_dir`, of all kinds of store; none of them is asked.
pub fn listed(state_dir: &Path) -> Vec<AccountEntry> {
    Index::new(state_dir).read().entries
}

impl Grants {
    /// The grants of this store, from the list; where that is missing, damaged or newer than we are, from the store too.
    /// Among them are those that cannot be read, so that they can be shown and removed.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the store has to be asked, and cannot be read.
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
        let Survey { found, damaged } = self.survey()?;
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

    /// Those of `entries` that `wanted` means, or all where nobody is named. The list knows neither aliases nor former names;
    /// where nobody on it has that name, the grants themselves are asked, up to a number.
    pub fn called(&self, entries: Vec<AccountEntry>, wanted: Option<&str>) -> Vec<AccountEntry> {
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
        others.into_iter().take(ASKED_MAX).filter(by_alias).collect()
    }

    /// The grant that is `sought`, where it is known that only this one fits: without reading a long list.
    pub fn shortcut(&self, sought: &GrantQuery<'_>) -> Option<AccountEntry> {
        self.index.shortcuts.find(self.kind(), sought)
    }

    /// Remembers that `entry` is the only one that is `sought`.
    pub fn remember(&self, sought: &GrantQuery<'_>, entry: &AccountEntry) {
        if self.index.shortcuts.is_worth_it() && self.index.read().knows(self.kind()) {
            self.index.shortcuts.remember(sought, entry);
        }
    }

    /// Puts the grant on the list. An error means that nobody would find it.
    pub(super) fn enlist(
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
        if self.index.shortcuts.has(&entry) {
            return Ok(());
        }
        let list = self.index.read();
        // Asked now, while it answers: a list that is not whole costs a question each time.
        let ask = !list.knows(kind) && list.newer.is_none();
        let found = if ask { self.survey().ok().map(|survey| survey.found) } else { None };
        let Err(fault) = self.index.put(&entry, found.as_ref()) else { return Ok(()) };
        // Without a list to trust, `list` asks the store, if that can tell.
        let will_be_found =
            list.has(kind, key) || !list.knows(kind) && matches!(self.backend.names(), Ok(Some(_)));
        if !will_be_found {
            return Err(fault);
        }
        self.note(Err(fault));
        Ok(())
    }

    /// Clears the recovery key if it cannot be read and nothing can need it any more.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the store cannot be read or written.
    pub fn clear_lost_key(&self) -> Result<(), StoreError> {
        let Err(error) = recovery::load(&*self.backend) else { return Ok(()) };
        match error.trouble {
            StoreErrorKind::Newer(_) => return Ok(()),
            StoreErrorKind::Corrupt(_) | StoreErrorKind::WrongKey(_) => (),
            _ => return Err(error),
        }
        if self.give_up_key(error).is_ok() {
            self.backend.remove(recovery::NAME)?;
            self.remove_aside(recovery::NAME)?;
        }
        Ok(())
    }

    /// Asks the store for everything, and looks at what was kept aside.
    fn survey(&self) -> Result<Survey, StoreError> {
        let mut survey = Survey {
            found: LoadedIndex { all: true, ..LoadedIndex::default() },
            ..Survey::default()
        };
        let names = self.backend.names()?;
        if names.is_none() && self.kind() == StoreKind::Custom {
            let fault = BackendError::unavailable(
                "it cannot list its items, and there is no other list of them",
            );
            return Err(fault.when(self.kind(), action::NAMES));
        }
        for name in names.unwrap_or_default() {
            if !is_housekeeping(&name) {
                let grant = self.named(&name);
                self.count(&mut survey, &name, grant)?;
            }
        }
        let known: HashSet<GrantKey> = survey.found.entries.iter().map(AccountEntry::key).collect();
        let aside = file::items_in(&self.pending_dir()).unwrap_or_default();
        for name in aside.iter().filter_map(|path| file::name_in(path)) {
            let Some(key) = AccountEntry::of_name(self.kind(), &name).map(|entry| entry.key())
            else {
                continue;
            };
            if !known.contains(&key) {
                let grant = self.pending(&key).map(|grant| Some((key, grant?)));
                self.count(&mut survey, &name, grant)?;
            }
        }
        Ok(survey)
    }

    /// The grant in the item `name`, and its key.
    fn named(&self, name: &str) -> Result<Option<(GrantKey, Grant)>, StoreError> {
        let refuse = |fault: BackendError| fault.when(self.kind(), action::LOAD);
        let Some(text) = self.backend.load(name)? else { return Ok(None) };
        let (key, grant) = record::read(&text).map_err(refuse)?;
        if key.to_string() != name {
            return Err(refuse(BackendError::corrupt("it belongs to another account")));
        }
        Ok(Some((key, grant)))
    }

    /// Adds what was found under `name`. One item that cannot be read hides no other; a store that is locked hides all.
    fn count(
        &self,
        survey: &mut Survey,
        name: &str,
        grant: Result<Option<(GrantKey, Grant)>, StoreError>,
    ) -> Result<(), StoreError> {
        match grant {
            Ok(None) => (),
            Ok(Some((key, grant))) => {
                survey.found.entries.push(AccountEntry::new(
                    self.kind(),
                    &key,
                    &grant,
                    grant.refreshed_at,
                ));
            }
            Err(error)
                if matches!(
                    error.trouble,
                    StoreErrorKind::Corrupt(_)
                        | StoreErrorKind::WrongKey(_)
                        | StoreErrorKind::Newer(_)
                ) =>
            {
                self.warn(format!("`{name}` cannot be read: {}", error.trouble));
                if let Some(entry) = AccountEntry::of_name(self.kind(), name) {
                    // Its user name is not known: not for the list, which would keep it like that.
                    survey.found.all = false;
                    survey.damaged.push(entry);
                }
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }
}
