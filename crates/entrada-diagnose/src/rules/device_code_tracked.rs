use crate::{Facts, Finding, Rule, RuleId, Severity, Who};
use entrada_core::entra::known::CONSUMERS_TENANT;

pub(super) static RULE: Rule = Rule {
    id: RuleId::DeviceCodeTracked,
    severity: Severity::Note,
    who: Who::User,
    docs: include_str!("pages/device-code-tracked.md"),
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    let grant_type = facts.context().grant_type.as_deref()?;
    facts.response()?.refresh_token.as_ref()?;
    let personal = facts.claims().and_then(|claims| claims.text("tid")) == Some(CONSUMERS_TENANT);
    (grant_type.rsplit(':').next() == Some("device_code") && !personal && facts.jwt().is_some())
        .then(|| RULE.finding("the refresh token stays marked as coming from a device code: a policy may end the session (AADSTS530036)"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::{finding_of, response};

    #[test]
    fn a_work_accounts_refresh_token_from_a_device_code_is_noted() {
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
