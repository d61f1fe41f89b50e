//! What is remembered of an application beside its grants, without secrets: the account that is used where a request names
//! none, and what the last sign-in of each account asked for.
//!
//! One small file per application in the state directory, replaced as a whole: a reader needs no lock. Changes take turns.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    AccountEntry, BackendError, GrantKey, GrantQuery, Grants, StoreError, StoreKind, action,
    deadline, disk, kind_name, lock,
};

const VERSION: u64 = 1;

/// Where the files are, in the state directory.
const FOLDER: &str = "defaults";

/// How long a change waits while another process changes the defaults.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);

/// The defaults of one application at one authority.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ApplicationDefaults {
    /// The id of the account ([`AccountEntry::account`]) that was signed in first. It is used where several are signed in, none
    /// is named and none is chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The id of the account that is chosen for runs without a profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chosen: Option<String>,
    /// The ids of the accounts that are chosen for runs with a profile, by its name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub chosen_by_profile: BTreeMap<String, String>,
    /// What the last sign-in without a profile of each account asked for, by the account's id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub last_requests: BTreeMap<String, LastRequest>,
}

/// What a sign-in asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastRequest {
    /// The names of its jobs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub jobs: Vec<String>,
    /// The scopes that it named in addition.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
}

impl ApplicationDefaults {
    /// The id of the account that a run with `profile`, or without one, uses where it names none.
    pub fn account_of(&self, profile: Option<&str>) -> Option<&str> {
        let chosen = match profile {
            Some(profile) => self.chosen_by_profile.get(profile),
            None => self.chosen.as_ref(),
        };
        chosen.or(self.account.as_ref()).map(String::as_str)
    }

    /// Chooses `account` for runs with `profile`, or without one. The runs of other profiles keep theirs.
    pub fn choose(&mut self, profile: Option<&str>, account: String) {
        match profile {
            Some(profile) => drop(self.chosen_by_profile.insert(profile.to_owned(), account)),
            None => self.chosen = Some(account),
        }
    }

    fn forget(&mut self, account: &str) {
        for default in [&mut self.account, &mut self.chosen] {
            default.take_if(|own| own == account);
        }
        self.chosen_by_profile.retain(|_, own| own != account);
        self.last_requests.remove(account);
    }
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

    /// The id of the account that this run uses where several are signed in and none is named.
    pub fn default_account(&self, query: &GrantQuery<'_>) -> Option<String> {
        self.defaults_of(query).account_of(self.profile.as_deref()).map(str::to_owned)
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
        let changed = self.change_under_lock(query, change);
        changed.map_err(|fault| fault.when(self.kind(), action::DEFAULTS))
    }

    fn change_under_lock(
        &self,
        query: &GrantQuery<'_>,
        change: impl FnOnce(&mut ApplicationDefaults),
    ) -> Result<(), BackendError> {
        disk::own_dir(&self.state_dir)?;
        let lock_path = self.state_dir.join("defaults.lock");
        // Read under the lock: what another process has just changed stays.
        let _lock = deadline::within(LOCK_TIMEOUT, move || lock::wait(&lock_path))??;
        let before = self.defaults_of(query);
        let mut defaults = before.clone();
        change(&mut defaults);
        if defaults == before { Ok(()) } else { self.write_defaults(query, defaults) }
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

    /// After another account has signed in: `account`, which was signed in alone, stays the one that a request without an account
    /// gets, with every profile that has no choice of its own. A failure is a warning.
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
        let default = self.default_account(&query);
        let at = entries.iter().position(|entry| Some(&entry.account) == default.as_ref());
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
                if others {
                    defaults.forget(&key.account);
                } else {
                    *defaults = ApplicationDefaults::default();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{File, StoreKey};
    use entrada_core::Secret;

    const QUERY: GrantQuery<'static> =
        GrantQuery { authority: "https://a.example", tenant: "t", client_id: "c" };

    fn grants(dir: &Path) -> Grants {
        let key = StoreKey::Raw(Secret::new("11".repeat(32)));
        let files = File::new(dir.join("data"), &key).unwrap();
        Grants::new(Box::new(files), dir.join("state"))
    }

    #[test]
    fn changes_of_several_processes_all_stay() {
        let dir = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for writer in 0..8 {
                let dir = dir.path();
                scope.spawn(move || {
                    let grants = grants(dir);
                    for number in 0..8 {
                        let profile = format!("{writer}-{number}");
                        let choose = |defaults: &mut ApplicationDefaults| {
                            defaults.choose(Some(&profile), "a".to_owned());
                        };
                        grants.change_defaults(&QUERY, choose).unwrap();
                    }
                });
            }
        });
        assert_eq!(grants(dir.path()).defaults_of(&QUERY).chosen_by_profile.len(), 64);
    }

    #[test]
    fn a_choice_is_one_of_a_profile_or_of_none() {
        let account = Some("first".to_owned());
        let mut defaults = ApplicationDefaults { account, ..ApplicationDefaults::default() };
        defaults.choose(Some("work"), "second".to_owned());
        assert_eq!(defaults.account_of(Some("work")), Some("second"));
        assert_eq!(defaults.account_of(Some("home")), Some("first"));
        assert_eq!(defaults.account_of(None), Some("first"));
        defaults.choose(None, "third".to_owned());
        assert_eq!(defaults.account_of(None), Some("third"));
        assert_eq!(defaults.account_of(Some("home")), Some("first"));
        defaults.forget("second");
        assert_eq!(defaults.account_of(Some("work")), Some("first"));
    }
}
