use crate::{Facts, Finding, Rule, Severity, Who};
use entrada_core::entra::known::CONSUMERS_TENANT;

pub(super) static RULE: Rule = Rule {
    id: "device-code-tracked",
    severity: Severity::Note,
    order: 325,
    who: Who::User,
    docs: "\
## What it means

The grant came by a device code, and stays marked as such through every refresh.

## Why it happens

A Conditional Access policy against device codes, today's or a later one, ends it: AADSTS530036, even at a silent refresh.

## What to do

Where a browser can be opened, sign in by it: `--flow browser`. Nothing else about the token is different.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    let grant_type = facts.context().grant_type.as_deref()?;
    facts.response()?.refresh_token.as_ref()?;
    let personal = facts.claims().and_then(|claims| claims.text("tid")) == Some(CONSUMERS_TENANT);
    (grant_type.rsplit(':').next() == Some("device_code") && !personal && facts.jwt().is_some())
        .then(|| RULE.finding("the grant stays marked as one of a device code: a policy may end it (AADSTS530036)"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::{finding_of, response};

    #[test]
    fn a_work_accounts_grant_by_device_code_is_marked() {
        use base64::Engine as _;
        let part = |json: &str| base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(json);
        let with = |tid: &str, grant_type: &str| {
            let claims = format!(r#"{{"aud":"x","scp":"y","tid":"{tid}"}}"#);
            let jwt = format!("{}.{}.x", part(r#"{"alg":"RS256"}"#), part(&claims));
            let body = format!(r#"{{"access_token":"{jwt}","refresh_token":"r"}}"#);
            let mut evidence = response(&body, "");
            evidence.context.grant_type = Some(grant_type.to_owned());
            finding_of(&RULE, &evidence)
        };
        assert!(with("t", "device_code").is_some());
        assert_eq!(with(CONSUMERS_TENANT, "device_code"), None);
        assert_eq!(with("t", "authorization_code"), None);
    }
}
