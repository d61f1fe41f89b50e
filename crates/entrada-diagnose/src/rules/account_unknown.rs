use crate::{Facts, Finding, Rule, RuleId, Severity, Who};

pub(super) static RULE: Rule = Rule {
    id: RuleId::AccountUnknown,
    severity: Severity::Note,
    who: Who::User,
    docs: include_str!("pages/account-unknown.md"),
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    let response = facts.response()?;
    let asked = facts.context().requested.as_ref().is_some_and(|scopes| scopes.contains("openid"));
    let silent = response.id_token.is_none() && response.client_info.is_none();
    // The token itself may name the account.
    let named = facts.claims().is_some_and(|claims| claims.user_name().is_some());
    (asked && silent && !named && !facts.is_app_only()).then(|| {
        RULE.finding(
            "the response does not name the account: it has no `id_token` and no `client_info`",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::{finding_of, response};

    #[test]
    fn a_response_without_an_account_is_noted_where_openid_was_requested() {
        let body = r#"{"access_token":"x"}"#;
        assert!(finding_of(&RULE, &response(body, "openid Mail.Read")).is_some());
        assert_eq!(finding_of(&RULE, &response(body, "Mail.Read")), None);
        let named = r#"{"access_token":"x","client_info":"e30"}"#;
        assert_eq!(finding_of(&RULE, &response(named, "openid Mail.Read")), None);
    }
}
