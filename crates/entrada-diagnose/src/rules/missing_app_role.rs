use crate::{Confidence, Facts, Finding, Rule, RuleId, Severity, Who};
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

For mail, calendars, contacts and mailbox settings, Exchange itself can grant the application a role for certain
mailboxes (RBAC for Applications). The token then has no `roles` and is right nevertheless.

## What to do

Add the *application* permission in the app registration under *API permissions*. Ask an administrator to grant
it. Then get a new token. With RBAC for Applications, an administrator checks the grant with
`Test-ServicePrincipalAuthorization -Identity APPLICATION -Resource MAILBOX`.
",
    check,
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
    let finding = RULE
        .finding(format!("the application permission `{least}` is missing for `{}`", facts.job))
        .with_evidence("roles", if roles.is_empty() { "none".to_owned() } else { roles.join(" ") })
        .help(format!("ask an administrator to grant the application permission `{least}`"));
    Some(if needed.iter().any(|role| is_granted_by_exchange(role)) {
        finding
            .with_confidence(Confidence::Likely)
            .help("with RBAC for Applications, Exchange grants it and the token does not show it: an administrator checks \
                   that with `Test-ServicePrincipalAuthorization -Identity APPLICATION -Resource MAILBOX`")
    } else {
        finding
    })
}

/// Whether Exchange can grant the permission by RBAC for Applications, without a trace in the token.
fn is_granted_by_exchange(role: &str) -> bool {
    ["Mail.", "MailboxSettings.", "Calendars.", "Contacts."]
        .iter()
        .any(|start| role.starts_with(start))
        || ["full_access_as_app", "SMTP.SendAsApp"].contains(&role)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::{finding_of, token};
    use entrada_core::Job;

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
    fn what_exchange_can_grant_is_likely_and_the_rest_is_certain() {
        for (aud, job, confidence) in [
            ("https://graph.microsoft.com", Job::GraphMailRead, Confidence::Likely),
            ("https://outlook.office365.com", Job::Ews, Confidence::Likely),
            ("https://outlook.office365.com", Job::Imap, Confidence::Certain),
        ] {
            let mut evidence = token(&format!(r#"{{"aud":"{aud}","idtyp":"app","oid":"o"}}"#));
            evidence.context.job = Some(job);
            let finding = check(&Facts::new(&evidence)).unwrap();
            assert_eq!(finding.confidence, confidence, "{job}");
            let names =
                finding.help.iter().any(|help| help.contains("Test-ServicePrincipalAuthorization"));
            assert_eq!(names, confidence == Confidence::Likely, "{job}");
        }
    }

    #[test]
    fn a_users_token_needs_no_application_permission() {
        let claims = r#"{"aud":"https://graph.microsoft.com","scp":"Mail.Read","roles":["Boss"]}"#;
        assert_eq!(finding_of(&RULE, &token(claims)), None);
    }
}
