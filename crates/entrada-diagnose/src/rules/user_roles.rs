use crate::{Facts, Finding, Rule, Severity, Who};

pub(super) static RULE: Rule = Rule {
    id: "user-roles",
    severity: Severity::Note,
    order: 326,
    who: Who::User,
    docs: "\
## What it means

The token has roles beside its scopes. They are the user's roles in that application, and no permissions of the client.

## Why it happens

The user, or a group of the user's, is assigned to roles that the API defines.

## What to do

Nothing. What the token may do is in `scp`.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    let claims = facts.claims().filter(|claims| claims.has_scp() && !facts.is_app_only())?;
    let roles = claims.roles().filter(|roles| !roles.is_empty())?;
    Some(
        RULE.finding("`roles` beside `scp` are the user's own roles: permissions stand in `scp`")
            .with_evidence("roles", roles.join(" ")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::{finding_of, token};

    #[test]
    fn roles_beside_scopes_are_the_users() {
        assert!(finding_of(&RULE, &token(r#"{"aud":"x","scp":"a","roles":["Admin"]}"#)).is_some());
        assert_eq!(finding_of(&RULE, &token(r#"{"aud":"x","scp":"a"}"#)), None);
        assert_eq!(finding_of(&RULE, &token(r#"{"aud":"x","roles":["Admin"]}"#)), None);
    }
}
