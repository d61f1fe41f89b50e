use crate::{Facts, Finding, Rule, Severity, Who};

pub(super) static RULE: Rule = Rule {
    id: "refresh-token-stays",
    severity: Severity::Note,
    order: 328,
    who: Who::User,
    docs: "\
## What it means

The refresh brought no new refresh token. That is legal: the one that was used stays good.

## Why it happens

Entra decides each time. `offline_access` in the scopes of the refresh keeps new ones coming.

## What to do

Keep the refresh token that was used. entrada does so by itself.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    let refreshed = facts.context().grant_type.as_deref() == Some("refresh_token");
    let response = facts.response().filter(|_| refreshed)?;
    response.refresh_token.is_none().then(|| {
        RULE.finding("no new refresh token came: the one that was used stays good, keep it")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::{finding_of, response};

    #[test]
    fn a_refresh_without_a_new_token_is_told_to_be_legal() {
        let mut evidence = response(r#"{"access_token":"x"}"#, "");
        assert_eq!(finding_of(&RULE, &evidence), None);
        evidence.context.grant_type = Some("refresh_token".to_owned());
        assert!(finding_of(&RULE, &evidence).is_some());
    }
}
