use super::*;
use crate::flow::acquired::key_of;
use crate::flow::tests::request;
use crate::store::Memory;
use entrada_core::{Account, Secret};

#[test]
fn a_grant_is_refreshed_only_with_a_refresh_token() {
    let dir = tempfile::tempdir().unwrap();
    let grants = Grants::new(Box::new(Memory::default()), dir.path().to_owned());
    let now = NumericDate(1_000_000);
    assert!(matches!(plan(&grants, &request(), now), Ok(Plan::SignIn(_))), "no grant");
    for refresh_token in [Some(Secret::new("r")), None] {
        let account = Account::default();
        let grant = Grant {
            account: account.clone(),
            refresh_token: refresh_token.clone(),
            refreshed_at: now,
            refresh_expires_at: None,
            signed_in_at: Some(now),
            grant_type: "device_code".to_owned(),
            endpoints: None,
            access_tokens: Vec::new(),
        };
        grants.save(&key_of(&request(), &account), &grant, now).unwrap();
        let plan = plan(&grants, &request(), now).unwrap();
        assert_eq!(matches!(plan, Plan::Refresh(_)), refresh_token.is_some(), "{plan:?}");
        assert!(plan.needs_network() && plan.without_network().is_none());
    }
}
