use crate::graph_call::{CallCheck, Sufficiency};
use crate::{Confidence, Facts, Finding, Rule, RuleId, Severity, Who};
use entrada_core::entra::exchange_rbac;
use entrada_core::{Job, TokenSubject};

pub(super) static RULE: Rule = Rule {
    id: RuleId::MissingAppRole,
    severity: Severity::Error,
    who: Who::TenantAdmin,
    docs: include_str!("pages/missing-app-role.md"),
    check,
    advise,
};

fn check(facts: &Facts) -> Option<Finding> {
    // If the job is for a user, an application role does not help.
    let user_is_meant = facts.context().subject == Some(TokenSubject::User);
    if user_is_meant
        || !facts.is_app_only()
        || facts.audience_fits() != Some(true)
        // Exchange also admits applications by RBAC, which a token does not show.
        || facts.is_served()
    {
        return None;
    }
    let roles = facts.claims()?.roles().unwrap_or_default();
    if let Some(check) = facts.call() {
        return for_the_call(facts, check, &roles);
    }
    if roles.is_empty() && facts.job == Job::Graph && facts.job_is_of_the_token() {
        let finding = RULE
            .finding("the token carries no application permission: it has no `roles`")
            .with_confidence(Confidence::Likely)
            .with_evidence("roles", "none")
            .help("ask an administrator to grant the application permission that the call needs");
        return Some(finding.help(
            "or let Exchange grant a role for mail, calendars or contacts (RBAC for Applications): the token then needs no \
             `roles`; `Test-ServicePrincipalAuthorization` shows what Exchange allows",
        ));
    }
    let needed = facts.needs.app_roles;
    if needed.is_empty() {
        return None;
    }
    if needed.iter().any(|need| roles.iter().any(|role| role.eq_ignore_ascii_case(need))) {
        return None;
    }
    let least = needed.first()?;
    let finding = RULE
        .finding(format!("the application permission `{least}` is missing for `{}`", facts.job))
        .with_evidence("roles", if roles.is_empty() { "none".to_owned() } else { roles.join(" ") })
        .help(format!("ask an administrator to grant the application permission `{least}`"));
    // Roles of Exchange are not in the token.
    let of_exchange = needed.iter().find_map(|need| exchange_rbac::role_for(need));
    Some(match of_exchange {
        Some(role) => finding.with_confidence(Confidence::Likely).help(format!(
            "or let Exchange grant it: with the role `{role}` (RBAC for Applications) the token needs no `roles`; \
             `Test-ServicePrincipalAuthorization` shows what Exchange allows"
        )),
        None => finding,
    })
}

fn advise(_facts: &Facts, finding: Finding) -> Finding {
    finding.help("an administrator grants the application permission and consents to it")
}

fn for_the_call(facts: &Facts, check: &CallCheck, roles: &[&str]) -> Option<Finding> {
    if check.sufficiency(facts) != Sufficiency::Insufficient || check.call().is_me() {
        // `/me` has no application permission: `app-only-token-for-delegated-job` reports it.
        return None;
    }
    let access = check.access()?;
    let least = check.least(facts)?;
    let mut finding = RULE
        .finding(format!("the application permission `{least}` is missing for `{}`", check.shown()))
        .with_evidence("roles", if roles.is_empty() { "none".to_owned() } else { roles.join(" ") })
        .with_confidence(check.confidence(facts))
        .help(format!("ask an administrator to grant the application permission `{least}`"));
    if access.is_of_mailbox() {
        finding = finding.help(
            "Exchange also admits applications by RBAC for Applications, which a token does not show",
        );
    } else if access.application.has_resource_specific() {
        finding = finding.help(
            "a team, chat or group can also allow the call to an application that is installed there, which a token does not show",
        );
    }
    Some(finding)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Confidence;
    use crate::rules::testing::{finding_of, token};

    fn app(roles: &str) -> Option<String> {
        let claims =
            format!(r#"{{"aud":"https://graph.microsoft.com","idtyp":"app","roles":[{roles}]}}"#);
        finding_of(&RULE, &token(&claims))
    }

    #[test]
    fn an_application_needs_the_role() {
        let mail = |roles: &str| {
            let claims = format!(
                r#"{{"aud":"https://graph.microsoft.com","idtyp":"app","roles":[{roles}]}}"#
            );
            let mut evidence = token(&claims);
            evidence.context.job = Some(Job::GraphMailRead);
            finding_of(&RULE, &evidence)
        };
        assert!(mail(r#""User.Read.All""#).unwrap().contains("`Mail.Read` is missing"));
        assert_eq!(mail(r#""Mail.ReadWrite""#), None);
        assert_eq!(app(r#""Group.Read.All""#), None, "nobody asked for mail");
        assert!(app("").unwrap().contains("no application permission"));
    }

    #[test]
    fn a_role_of_exchange_is_not_in_the_token() {
        let found = |claims: &str, job: Job| {
            let mut evidence = token(claims);
            evidence.context.job = Some(job);
            (RULE.check)(&Facts::new(&evidence)).unwrap()
        };
        let mail =
            found(r#"{"aud":"https://graph.microsoft.com","idtyp":"app"}"#, Job::GraphMailRead);
        assert_eq!(mail.confidence, Confidence::Likely);
        assert!(
            mail.help.iter().any(|help| help.contains("`Application Mail.Read`")),
            "{:?}",
            mail.help
        );
        let imap = found(r#"{"aud":"https://outlook.office365.com","idtyp":"app"}"#, Job::Imap);
        assert_eq!((imap.confidence, imap.help.len()), (Confidence::Certain, 1));
    }

    #[test]
    fn a_call_names_its_own_role() {
        let by = |call: &str, roles: &str| {
            let claims = format!(
                r#"{{"aud":"https://graph.microsoft.com","idtyp":"app","roles":[{roles}]}}"#
            );
            let mut evidence = token(&claims);
            evidence.context.call = Some(call.parse().unwrap());
            let finding = (RULE.check)(&Facts::new(&evidence))?;
            Some((finding.message.into_owned(), finding.confidence))
        };
        let (message, confidence) = by("GET /users", r#""Mail.Read""#).unwrap();
        assert!(message.contains("`User.ReadBasic.All` is missing for `GET /users`"), "{message}");
        assert_eq!(confidence, Confidence::Certain);
        let (message, confidence) = by("GET /users/a@b.c/messages", "").unwrap();
        assert!(message.contains("`Mail.ReadBasic.All` is missing"), "{message}");
        assert_eq!(confidence, Confidence::Possible, "RBAC for Applications");
        assert_eq!(by("GET /users/a@b.c/messages", r#""Mail.ReadWrite""#), None);
        assert_eq!(by("GET /me/messages", r#""Mail.ReadWrite""#), None);
        let (_, confidence) = by("GET /teams/1/channels", "").unwrap();
        assert_eq!(confidence, Confidence::Possible, "resource-specific consent");
    }

    #[test]
    fn a_users_token_needs_no_application_permission() {
        let claims = r#"{"aud":"https://graph.microsoft.com","scp":"Mail.Read","roles":["Boss"]}"#;
        assert_eq!(finding_of(&RULE, &token(claims)), None);
    }
}
