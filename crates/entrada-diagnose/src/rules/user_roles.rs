use crate::{Facts, Finding, Rule, RuleId, Severity, Who};

pub(super) static RULE: Rule = Rule {
    id: RuleId::UserRoles,
    severity: Severity::Note,
    who: Who::User,
    docs: include_str!("pages/user-roles.md"),
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    let claims = facts.claims().filter(|claims| claims.has_scp() && !facts.is_app_only())?;
    let roles = claims.roles().filter(|roles| !roles.is_empty())?;
    Some(
        RULE.finding("`roles` are the user's own roles: the permissions are in `scp`")
            .with_evidence("roles", roles.join(" ")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::{finding_of, token};

    #[test]
    fn roles_in_a_users_token_are_noted() {
        assert!(finding_of(&RULE, &token(r#"{"aud":"x","scp":"a","roles":["Admin"]}"#)).is_some());
        assert_eq!(finding_of(&RULE, &token(r#"{"aud":"x","scp":"a"}"#)), None);
        assert_eq!(finding_of(&RULE, &token(r#"{"aud":"x","roles":["Admin"]}"#)), None);
    }
}
