//! Items that cannot be read: finds out whether the key is wrong or the item is damaged, and moves a damaged item out
//! of the way.

use std::collections::HashSet;

use super::Grants;
use crate::store::backend::file;
use crate::store::{
    ASIDE, AccountEntry, BackendError, GrantKey, StoreError, StoreErrorKind, StoreKind, action,
    disk, is_internal_item, recovery,
};

impl Grants {
    /// From now on, saving a grant replaces a damaged item. The damaged item is kept unchanged under another name
    /// until the account is removed.
    pub fn replace_damaged(&self) {
        self.replaces_damaged.set(true);
    }

    pub(super) fn may_replace(&self, error: &StoreError) -> bool {
        self.replaces_damaged.get() && matches!(error.reason, StoreErrorKind::Corrupt(_))
    }

    /// Checks that every item that `concerns` a sign-in, listed or not, can be read or replaced. Called before the
    /// user signs in.
    ///
    /// # Errors
    ///
    /// The store did not answer, or one of the items cannot be read.
    pub fn check_all(&self, concerns: &dyn Fn(&AccountEntry) -> bool) -> Result<(), StoreError> {
        let kind = self.kind();
        let mut entries = self.list()?;
        let listed: HashSet<GrantKey> = entries.iter().map(AccountEntry::key).collect();
        let names = self.backend.names()?.unwrap_or_default();
        let all = names.iter().filter(|name| !is_internal_item(name));
        let unlisted = all.filter_map(|name| AccountEntry::of_name(kind, name));
        entries.extend(unlisted.filter(|entry| !listed.contains(&entry.key())));
        for entry in entries.iter().filter(|entry| concerns(entry)) {
            match self.stored(&entry.key()) {
                Err(error) if self.may_replace(&error) => (),
                Ok(None) if !self.has_pending(&entry.key()) => self.note_stale([entry.key()]),
                other => drop(other?),
            }
        }
        Ok(())
    }

    /// Adds to `error`, met at the item `name`, what the other items show: a key that opens one of them is right, and
    /// a key that opens none is wrong.
    pub(in crate::store) fn explain_wrong_key(&self, name: &str, error: StoreError) -> StoreError {
        let text = match &error.reason {
            StoreErrorKind::WrongKey(text) => text.clone(),
            // The kind of the key is certain, unless other items say otherwise.
            kind @ StoreErrorKind::WrongKeyKind { .. }
                if self.opens_another_than(name) == Some(true) =>
            {
                kind.to_string()
            }
            _ => return error,
        };
        let reason = match self.opens_another_than(name) {
            Some(true) => StoreErrorKind::Corrupt(format!(
                "{text}; the key opens other items, so this file was altered or was encrypted with another key"
            )),
            Some(false) => {
                StoreErrorKind::WrongKey(format!("{text}; no item of the store opens with it"))
            }
            None => {
                StoreErrorKind::Corrupt(format!("{text}; there is no other item to try the key on"))
            }
        };
        StoreError { reason, ..error }
    }

    /// Whether the key opens an item other than `name`; `None` if there is no other.
    fn opens_another_than(&self, name: &str) -> Option<bool> {
        let mut tried = self.tried.borrow_mut();
        let (names, opens) = tried.get_or_insert_with(|| {
            let names = self.backend.names().ok().flatten().unwrap_or_default();
            let opens = names.iter().any(|name| self.backend.load(name).is_ok());
            (names, opens)
        });
        let has_others = names.iter().any(|own| own != name);
        (*opens || has_others).then_some(*opens)
    }

    /// Checks that the key opens the file store: it opens an item, or the store has none. Other stores have no key of
    /// their own.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if no item opens, or the store cannot be read.
    pub fn check_key(&self) -> Result<(), StoreError> {
        if self.kind() != StoreKind::File {
            return Ok(());
        }
        let names = self.backend.names()?.unwrap_or_default();
        let mut first = None;
        for name in &names {
            match self.backend.load(name) {
                Ok(_) => return Ok(()),
                Err(error) => first = first.or(Some(error)),
            }
        }
        first.map_or(Ok(()), Err)
    }

    /// Refuses to create a recovery key if the current key opens no item in the store.
    pub(super) fn refuse_wrong_key(&self) -> Result<(), StoreError> {
        let is_new =
            self.kind() == StoreKind::File && matches!(self.backend.load(recovery::NAME), Ok(None));
        if is_new && self.opens_another_than(recovery::NAME) == Some(false) {
            let text = "wrong key; no item of the store opens with it".to_owned();
            return Err(BackendError::new(StoreErrorKind::WrongKey(text))
                .when(self.kind(), action::PREPARE));
        }
        Ok(())
    }

    /// Moves the item of the grant under `key` to another name, unchanged.
    pub(super) fn set_aside(&self, key: &GrantKey) -> Result<(), StoreError> {
        let name = key.to_string();
        self.backend.move_item(&name, &self.free_aside(&name)?)
    }

    /// A free name for the damaged item `name`.
    fn free_aside(&self, name: &str) -> Result<String, StoreError> {
        let mut number = 1;
        loop {
            let aside = aside_of(name, number);
            match self.backend.load(&aside) {
                Ok(None) => return Ok(aside),
                Err(error)
                    if !matches!(
                        error.reason,
                        StoreErrorKind::Corrupt(_)
                            | StoreErrorKind::WrongKey(_)
                            | StoreErrorKind::WrongKeyKind { .. }
                            | StoreErrorKind::Newer(_)
                    ) =>
                {
                    return Err(error);
                }
                _ => number += 1,
            }
        }
    }

    /// Removes the damaged copies of the item `name`. Returns whether there were any.
    pub(in crate::store) fn remove_aside(&self, name: &str) -> Result<bool, StoreError> {
        let mut number = 1;
        while self.backend.remove(&aside_of(name, number))? {
            number += 1;
        }
        Ok(1 < number)
    }

    /// Checks whether the store's recovery key, which cannot be read (`why`), may be replaced. It may not be if the
    /// store's own key seems to be wrong. If grants that were kept aside need it, it may be replaced only when
    /// damaged items are to be replaced.
    pub(in crate::store) fn check_key_replaceable(
        &self,
        why: StoreError,
    ) -> Result<(), StoreError> {
        let refuse = |fault: BackendError| fault.when(self.kind(), action::PREPARE);
        let why = self.explain_wrong_key(recovery::NAME, why);
        let text = match &why.reason {
            StoreErrorKind::Corrupt(text) => text.clone(),
            // The last item of a store whose key is lost.
            kind @ (StoreErrorKind::WrongKeyKind { .. } | StoreErrorKind::RekeyUnfinished(_))
                if self.opens_another_than(recovery::NAME).is_none() =>
            {
                kind.to_string()
            }
            _ => return Err(why),
        };
        let dir = self.pending_dir();
        let waiting = file::items_in(&dir).map_err(refuse)?;
        if waiting.is_empty() {
            return Ok(());
        }
        if !self.replaces_damaged.get() {
            let text = format!("{text}; the grants kept aside in `{}` need it", dir.display());
            return Err(StoreError { reason: StoreErrorKind::Corrupt(text), ..why });
        }
        self.backend.move_item(recovery::NAME, &self.free_aside(recovery::NAME)?)?;
        for path in waiting {
            disk::rename(&path, &file::free_damaged(&path)).map_err(refuse)?;
        }
        self.warn(format!(
            "the recovery key was damaged; entrada keeps it, and the grants in `{}` that it encrypted, unchanged",
            dir.display()
        ));
        Ok(())
    }
}

/// The name of the `number`th damaged copy of the item `name`.
pub(in crate::store) fn aside_of(name: &str, number: u32) -> String {
    let number = if number == 1 { String::new() } else { format!("-{number}") };
    format!("{ASIDE}{}{number}", disk::file_name(name))
}
