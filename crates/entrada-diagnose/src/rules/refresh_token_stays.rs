use crate::{Facts, Finding, Rule, RuleId, Severity, Who};

pub(super) static RULE: Rule = Rule {
    id: RuleId::RefreshTokenStays,
    severity: Severity::Note,
    who: Who::User,
    docs: "\
## What it means

The refresh brought no new refresh token. That is allowed. The refresh token that was used stays valid.

## Why it happens

Entra decides this at each refresh. With `offline_access` in the scopes of the refresh, new refresh tokens keep
coming.

## What to do

Keep the refresh token that was used. entrada keeps it automatically.
",
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    let refreshed = facts.context().grant_type.as_deref() == Some("refresh_token");
    let response = facts.response().filter(|_| refreshed)?;
    response
        .refresh_token
        .is_none()
        .then(|| RULE.finding("no new refresh token came: the one that was used stays valid"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::{finding_of, response};

    #[test]
    fn a_refresh_without_a_new_token_is_noted() {
        let mut evidence = response(r#"{"access_token":"x"}"#, "");
        assert_eq!(finding_of(&RULE, &evidence), None);
        evidence.context.grant_type = Some("refresh_token".to_owned());
        assert!(finding_of(&RULE, &evidence).is_some());
    }
}
