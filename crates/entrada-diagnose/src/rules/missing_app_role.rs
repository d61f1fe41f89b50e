use crate::{Facts, Finding, Rule, Severity, Who};
use entrada_core::TokenSubject;

pub(super) static RULE: Rule = Rule {
    id: "missing-app-role",
    severity: Severity::Error,
    order: 251,
    who: Who::TenantAdmin,
    docs: "\
## What it means

The token acts for the application itself, and its `roles` lack the application permission that the job needs.

## Why it happens

The application permission was not added to the registration, or no administrator has granted it. Delegated
permissions of the same name do not count for an application.

## What to do

Add the *application* permission in the app registration under *API permissions*, have an administrator grant it,
then get a new token.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    // Where a user is meant, no role would help.
    let user_is_meant = facts.context().subject == Some(TokenSubject::User);
    if user_is_meant
        || !facts.is_app_only()
        || facts.audience_fits() != Some(true)
        || facts.needs.app_roles.is_empty()
        // Exchange lets applications in by RBAC too, which no token shows.
        || facts.is_served()
    {
        return None;
    }
    let roles = facts.claims()?.roles().unwrap_or_default();
    let needed = facts.needs.app_roles;
    if needed.iter().any(|need| roles.iter().any(|role| role.eq_ignore_ascii_case(need))) {
        return None;
    }
    let least = needed.first()?;
    Some(
        RULE.finding(format!(
            "the application permission `{least}` is missing for `{}`",
            facts.job
        ))
        .with_evidence("roles", if roles.is_empty() { "none".to_owned() } else { roles.join(" ") })
        .help(format!("an administrator grants the application permission `{least}`")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::{finding_of, token};

    fn app(roles: &str) -> Option<String> {
        let claims =
            format!(r#"{{"aud":"https://graph.microsoft.com","idtyp":"app","roles":[{roles}]}}"#);
        finding_of(&RULE, &token(&claims))
    }

    #[test]
    fn an_application_needs_the_role() {
        assert!(app(r#""User.Read.All""#).unwrap().contains("`Mail.Read` is missing"));
        assert_eq!(app(r#""Mail.ReadWrite""#), None);
    }

    #[test]
    fn a_users_own_app_roles_are_no_api_permissions_and_none_are_missed() {
        let claims = r#"{"aud":"https://graph.microsoft.com","scp":"Mail.Read","roles":["Boss"]}"#;
        assert_eq!(finding_of(&RULE, &token(claims)), None);
    }
}
