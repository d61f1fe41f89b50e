use crate::{Facts, Finding, Rule, RuleId, Severity, Who};
use entrada_core::TokenSubject;

pub(super) static RULE: Rule = Rule {
    id: RuleId::MissingAppRole,
    severity: Severity::Error,
    who: Who::TenantAdmin,
    docs: "\
## What it means

The token acts for the application itself, and its `roles` lack the application permission that the job needs.

## Why it happens

The application permission was not added to the registration, or no administrator has granted it. Delegated
permissions with the same name do not apply to an application.

## What to do

Add the *application* permission in the app registration under *API permissions*. Ask an administrator to grant
it. Then get a new token.
",
    check,
    advise,
};

fn check(facts: &Facts) -> Option<Finding> {
    // If the job is for a user, an application role does not help.
    let user_is_meant = facts.context().subject == Some(TokenSubject::User);
    if user_is_meant
        || !facts.is_app_only()
        || facts.audience_fits() != Some(true)
        || facts.needs.app_roles.is_empty()
        // Exchange also admits applications by RBAC, which a token does not show.
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
        .help(format!("ask an administrator to grant the application permission `{least}`")),
    )
}

fn advise(_facts: &Facts, finding: Finding) -> Finding {
    finding.help("an administrator grants the application permission and consents to it")
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
    fn a_users_token_needs_no_application_permission() {
        let claims = r#"{"aud":"https://graph.microsoft.com","scp":"Mail.Read","roles":["Boss"]}"#;
        assert_eq!(finding_of(&RULE, &token(claims)), None);
    }
}
