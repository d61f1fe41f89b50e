//! One entry of the account list.

use serde::{Deserialize, Serialize};

use super::{Grant, GrantKey, StoreKind};
use entrada_core::NumericDate;

/// One grant in the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
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
    pub(super) fn id(&self) -> EntryId<'_> {
        EntryId {
            store: self.store,
            authority: &self.authority,
            tenant: &self.tenant,
            client_id: &self.client_id,
            account: &self.account,
        }
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

    pub(super) fn is_for(&self, store: StoreKind, key: &GrantKey) -> bool {
        self.id() == EntryId::of(store, key)
    }

    /// Whether the two differ in their times only.
    pub(super) fn is_same_but_for_time(&self, other: &Self) -> bool {
        self.id() == other.id() && self.username == other.username
    }
}

/// The identity of a grant across all stores, borrowed: a list may have thousands of entries.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct EntryId<'a> {
    store: StoreKind,
    authority: &'a str,
    tenant: &'a str,
    client_id: &'a str,
    account: &'a str,
}

impl<'a> EntryId<'a> {
    pub(super) fn of(store: StoreKind, key: &'a GrantKey) -> Self {
        let GrantKey { authority, tenant, client_id, account } = key;
        Self { store, authority, tenant, client_id, account }
    }
}
