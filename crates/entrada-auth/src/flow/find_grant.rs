//! Finds the stored grant for a request.

use super::account_check::check_account;
use super::acquired::key_of;
use super::{AcquireError, Pins, TokenRequest};
use crate::store::{AccountEntry, GrantKey, GrantQuery, Grants};
use entrada_core::Account;

/// The key of the grant that `request` names; `None` if none is stored.
pub(super) fn find_grant(
    grants: &Grants,
    request: &TokenRequest,
) -> Result<Option<GrantKey>, AcquireError> {
    let wanted = key_of(request, &Account::default());
    let query = GrantQuery {
        authority: &wanted.authority,
        tenant: &wanted.tenant,
        client_id: &wanted.client_id,
    };
    let candidates = grants.list()?.into_iter().filter(|entry| query.fits(entry)).collect();
    let mut fitting = grants.filter_by_account(candidates, request.account.as_deref());
    if 1 < fitting.len() && (request.page.login_hint.is_some() || request.pins != Pins::default()) {
        // The list knows neither aliases nor `oid`.
        fitting.retain(|entry| {
            let grant = grants.load(&entry.key()).ok().flatten();
            grant.is_none_or(|grant| check_account(request, &grant.account).is_ok())
        });
    }
    let fitting = grants.signed_in(fitting);
    let names_user = request.account.is_some()
        || request.page.login_hint.is_some()
        || request.pins != Pins::default();
    if let ([only], false) = (&fitting[..], names_user) {
        // Of several accounts one was chosen, and its sign-in is gone: no other account takes its place.
        let chosen = grants.default_account(&query);
        if chosen.is_some_and(|chosen| chosen != only.account) {
            return Ok(None);
        }
    }
    let mut fitting = grants.narrow_to_default(fitting);
    if 1 < fitting.len() {
        return Err(AcquireError::Ambiguous(distinct_names(&fitting)));
    }
    Ok(fitting.pop().map(|entry| entry.key()))
}

/// A distinct name for each of `entries`: its label, or its id if several have the same label.
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
