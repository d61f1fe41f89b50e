//! What is remembered of an application beside its grants, without secrets: the account that is used where a request names
//! none, and what the last sign-in asked for.
//!
//! One small file per application in the state directory, replaced as a whole: a reader needs no lock.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{
    AccountEntry, BackendError, GrantKey, GrantQuery, Grants, StoreError, StoreKind, action, disk,
    kind_name,
};

const VERSION: u64 = 1;

/// Where the files are, in the state directory.
const FOLDER: &str = "defaults";

/// The defaults of one application at one authority.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ApplicationDefaults {
    /// The id of the account ([`AccountEntry::account`]) that is used where several are signed in and none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The jobs of the last sign-in without a profile.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub jobs: Vec<String>,
    /// The scopes that it named in addition.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct StoredDefaults {
    version: u64,
    #[serde(flatten)]
    defaults: ApplicationDefaults,
}

/// The defaults of the application that `query` names, for the store `kind`. No store is read. A file that is missing, or that
/// cannot be read, holds no defaults.
pub fn application_defaults(
    state_dir: &Path,
    kind: StoreKind,
    query: &GrantQuery<'_>,
) -> ApplicationDefaults {
    let bytes = disk::read(&path(state_dir, kind, query)).ok().flatten();
    let stored = bytes.and_then(|bytes| serde_json::from_slice::<StoredDefaults>(&bytes).ok());
    stored
        .filter(|stored| stored.version == VERSION)
        .map(|stored| stored.defaults)
        .unwrap_or_default()
}

fn path(state_dir: &Path, kind: StoreKind, query: &GrantQuery<'_>) -> PathBuf {
    let GrantQuery { authority, tenant, client_id } = query;
    let name = disk::file_name(&format!("{}|{authority}|{tenant}|{client_id}", kind_name(kind)));
    state_dir.join(FOLDER).join(format!("{name}.json"))
}

impl Grants {
    /// The defaults of the application that `query` names.
    pub fn defaults_of(&self, query: &GrantQuery<'_>) -> ApplicationDefaults {
        if self.kind() == StoreKind::Memory {
            return ApplicationDefaults::default();
        }
        application_defaults(&self.state_dir, self.kind(), query)
    }

    /// Changes the defaults of the application that `query` names. Writes nothing if nothing changes.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the state directory cannot be written.
    pub fn change_defaults(
        &self,
        query: &GrantQuery<'_>,
        change: impl FnOnce(&mut ApplicationDefaults),
    ) -> Result<(), StoreError> {
        if self.kind() == StoreKind::Memory {
            return Ok(());
        }
        let before = self.defaults_of(query);
        let mut defaults = before.clone();
        change(&mut defaults);
        if defaults == before {
            return Ok(());
        }
        let written = self.write_defaults(query, defaults);
        written.map_err(|fault| fault.when(self.kind(), action::DEFAULTS))
    }

    fn write_defaults(
        &self,
        query: &GrantQuery<'_>,
        defaults: ApplicationDefaults,
    ) -> Result<(), BackendError> {
        let path = path(&self.state_dir, self.kind(), query);
        if defaults == ApplicationDefaults::default() {
            return disk::remove(&path).map(drop);
        }
        disk::own_dir(&self.state_dir)?;
        disk::own_dir(&self.state_dir.join(FOLDER))?;
        let stored = StoredDefaults { version: VERSION, defaults };
        let json = serde_json::to_vec(&stored).map_err(|error| {
            BackendError::denied("the defaults could not be written").with_source(error)
        })?;
        disk::write(&path, &json)
    }

    /// The id of the account that is signed in alone: a request without an account gets it.
    pub fn only_account(&self, query: &GrantQuery<'_>) -> Option<String> {
        let mut entries = self.list().ok()?;
        entries.retain(|entry| query.fits(entry));
        match &self.signed_in(entries)[..] {
            [only] => Some(only.account.clone()),
            _ => None,
        }
    }

    /// After another account has signed in: `account` stays the one that a request without an account gets. A failure is a
    /// warning.
    pub fn keep_default_account(&self, query: &GrantQuery<'_>, account: String) {
        let change = |defaults: &mut ApplicationDefaults| defaults.account = Some(account);
        if let Err(error) = self.change_defaults(query, change) {
            self.warn(error.to_string());
        }
    }

    /// Of several `entries` of one application, the one of its default account. All of them if none is chosen.
    pub fn narrow_to_default(&self, mut entries: Vec<AccountEntry>) -> Vec<AccountEntry> {
        let [first, _, ..] = &entries[..] else { return entries };
        let key = first.key();
        let query = query_of(&key);
        if !entries.iter().all(|entry| query.fits(entry)) {
            return entries;
        }
        let chosen = self.defaults_of(&query).account;
        let at = entries.iter().position(|entry| Some(&entry.account) == chosen.as_ref());
        match at {
            Some(at) => vec![entries.swap_remove(at)],
            None => entries,
        }
    }

    /// Forgets the defaults of removed grants: their account, and all of an application without another grant.
    pub(super) fn forget_defaults(&self, removed: &[GrantKey]) {
        let left = self.index.read().entries;
        for key in removed {
            let query = query_of(key);
            let others = left.iter().any(|entry| entry.store == self.kind() && query.fits(entry));
            let forgotten = self.change_defaults(&query, |defaults| {
                if !others {
                    *defaults = ApplicationDefaults::default();
                } else if defaults.account.as_ref() == Some(&key.account) {
                    defaults.account = None;
                }
            });
            // A default without its grant counts for nothing.
            let _ = forgotten;
        }
    }
}

fn query_of(key: &GrantKey) -> GrantQuery<'_> {
    GrantQuery { authority: &key.authority, tenant: &key.tenant, client_id: &key.client_id }
}
