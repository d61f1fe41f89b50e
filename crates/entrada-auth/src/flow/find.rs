//! Which of the stored grants a request means.

use super::acquired::key_of;
use super::{AcquireError, Pins, TokenRequest, guard};
use crate::store::{AccountEntry, GrantKey, GrantQuery, Grants};
use entrada_core::Account;

/// Which grant the request means.
pub(super) fn find(
    grants: &Grants,
    request: &TokenRequest,
) -> Result<Option<GrantKey>, AcquireError> {
    let wanted = key_of(request, &Account::default());
    let sought = GrantQuery {
        authority: &wanted.authority,
        tenant: &wanted.tenant,
        client_id: &wanted.client_id,
        account: request.account.as_deref(),
    };
    if let Some(entry) = grants.shortcut(&sought) {
        return Ok(Some(entry.key()));
    }
    let anybody = GrantQuery { account: None, ..sought.clone() };
    let candidates = grants.list()?.into_iter().filter(|entry| anybody.fits(entry)).collect();
    let mut fitting = grants.called(candidates, sought.account);
    if let [entry] = &*fitting {
        grants.remember(&sought, entry);
    }
    if 1 < fitting.len() && (request.page.login_hint.is_some() || request.pins != Pins::default()) {
        // The list knows neither aliases nor `oid`.
        fitting.retain(|entry| {
            let grant = grants.load(&entry.key()).ok().flatten();
            grant.is_none_or(|grant| guard::check(request, &grant.account).is_ok())
        });
    }
    let mut fitting = grants.signed_in(fitting);
    if 1 < fitting.len() {
        return Err(AcquireError::Ambiguous(distinct_names(&fitting)));
    }
    Ok(fitting.pop().map(|entry| entry.key()))
}

/// What each of `entries` can be named by: its label, or its id where several have the same label.
fn distinct_names(entries: &[AccountEntry]) -> Vec<String> {
    let is_shared = |label: &str| 1 < entries.iter().filter(|other| other.label() == label).count();
    entries
        .iter()
        .map(|entry| match entry.label() {
            label if is_shared(label) => format!("{label} (`--account {}`)", entry.account),
            label => label.to_owned(),
        })
        .collect()
}
