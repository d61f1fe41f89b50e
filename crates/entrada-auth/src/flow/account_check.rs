//! Checks that the right user signed in.

use super::{AcquireError, TokenRequest};
use entrada_core::{Account, Tenant};

/// Refuses a sign-in by a user other than the requested one. The request names the user by account, login hint,
/// pinned `tid` or `oid`, or tenant.
pub(super) fn check_account(request: &TokenRequest, account: &Account) -> Result<(), AcquireError> {
    let wrong = |wanted: &str| {
        Err(AcquireError::WrongAccount {
            found: account.label().to_owned(),
            tenant: account.tid.clone(),
            wanted: wanted.to_owned(),
        })
    };
    let same = |own: &Option<String>, pin: &str| {
        own.as_ref().is_some_and(|own| own.eq_ignore_ascii_case(pin))
    };
    if let Some(wanted) =
        request.account.as_deref().filter(|wanted| !account.is_identified_by(wanted))
    {
        return wrong(wanted);
    }
    // A hint that is not a user name cannot be compared with one.
    let hint = request.page.login_hint.as_deref().filter(|hint| hint.contains('@'));
    if let Some(hint) = hint.filter(|hint| !account.is_identified_by(hint)) {
        return wrong(hint);
    }
    if let Some(oid) = request.pins.oid.as_deref().filter(|oid| !same(&account.oid, oid)) {
        return wrong(&format!("the user with oid {oid}"));
    }
    if let Some(tid) = request.pins.tid.as_deref().filter(|tid| !same(&account.tid, tid)) {
        return wrong(&format!("a user of tenant {tid}"));
    }
    let asked = request.authority.tenant().filter(|tenant| tenant.is_guid()).map(Tenant::as_str);
    if let Some(tid) = asked.filter(|tid| account.tid.is_some() && !same(&account.tid, tid)) {
        return wrong(&format!("a user of tenant {tid}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::tests::request;
    use crate::flow::{Pins, SignInPage};
    use entrada_core::Authority;

    const TID: &str = "0c0ffee0-1111-4222-8333-444455556666";
    const OTHER: &str = "0c0ffee0-9999-4222-8333-444455556666";

    #[test]
    fn only_the_requested_user_passes() {
        let ada = Account {
            id: "uid.utid".into(),
            username: Some("ada@contoso.example".into()),
            tid: Some(TID.into()),
            oid: Some("the-oid".into()),
            names: vec!["ada.l@alias.example".into()],
            ..Account::default()
        };
        let unknown = Account { id: "default".into(), ..Account::default() };
        let authority = |tenant: &str| {
            Authority::parse("https://login.example", Tenant::parse(tenant).ok()).unwrap()
        };
        let named = |account: &str| TokenRequest { account: Some(account.into()), ..request() };
        let hinted = |hint: &str| TokenRequest {
            page: SignInPage { login_hint: Some(hint.into()), ..SignInPage::default() },
            ..request()
        };
        let pinned = |tid: Option<&str>, oid: Option<&str>| TokenRequest {
            pins: Pins { tid: tid.map(Into::into), oid: oid.map(Into::into) },
            ..request()
        };
        let at = |tenant: &str| TokenRequest { authority: authority(tenant), ..request() };
        for (request, of_ada, of_unknown) in [
            (request(), true, true),
            (named("ADA@contoso.example"), true, false),
            (named("the-oid"), true, false),
            (named("ada.l@alias.example"), true, false),
            (named("bob@contoso.example"), false, false),
            (hinted("ada@contoso.example"), true, false),
            (hinted("bob@contoso.example"), false, false),
            (hinted("O.CiQ-opaque"), true, true),
            (pinned(Some(TID), None), true, false),
            (pinned(Some(OTHER), None), false, false),
            (pinned(None, Some("THE-OID")), true, false),
            (pinned(None, Some("another")), false, false),
            (at(TID), true, true),
            (at(OTHER), false, true),
            (at("contoso.example"), true, true),
        ] {
            assert_eq!(check_account(&request, &ada).is_ok(), of_ada, "{request:?}");
            assert_eq!(check_account(&request, &unknown).is_ok(), of_unknown, "{request:?}");
        }
    }
}
