use crate::{Facts, Finding, Rule, RuleId, Severity, Who};

pub(super) static RULE: Rule = Rule {
    id: RuleId::RefreshTokenStays,
    severity: Severity::Note,
    who: Who::User,
    docs: include_str!("pages/refresh-token-stays.md"),
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
