use crate::{Facts, Finding, Rule, Severity, Who};

pub(super) static RULE: Rule = Rule {
    id: "account-unknown",
    severity: Severity::Note,
    order: 322,
    who: Who::User,
    docs: "\
## What it means

The answer does not say who signed in: neither an ID token nor `client_info` came, although `openid` was asked for.

## Why it happens

The answer was shortened before it was judged, or `client_info=1` was not sent and the scopes did not reach the sign-in.

## What to do

Nothing, if the answer was shortened. Else ask for `openid profile`: without them a store cannot tell accounts apart.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    let response = facts.response()?;
    let asked = facts.context().requested.as_ref().is_some_and(|scopes| scopes.contains("openid"));
    let silent = response.id_token.is_none() && response.client_info.is_none();
    // The token itself may say.
    let named = facts.claims().is_some_and(|claims| claims.user_name().is_some());
    (asked && silent && !named && !facts.is_app_only()).then(|| {
        RULE.finding("the answer does not say who signed in: no `id_token`, no `client_info`")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::{finding_of, response};

    #[test]
    fn an_answer_that_names_nobody_is_told_where_openid_was_asked_for() {
        let body = r#"{"access_token":"x"}"#;
        assert!(finding_of(&RULE, &response(body, "openid Mail.Read")).is_some());
        assert_eq!(finding_of(&RULE, &response(body, "Mail.Read")), None);
        let named = r#"{"access_token":"x","client_info":"e30"}"#;
        assert_eq!(finding_of(&RULE, &response(named, "openid Mail.Read")), None);
    }
}
