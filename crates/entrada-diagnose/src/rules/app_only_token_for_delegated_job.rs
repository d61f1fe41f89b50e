use crate::{Facts, Finding, Rule, Severity, Who};
use entrada_core::{Job, TokenSubject};

pub(super) static RULE: Rule = Rule {
    id: "app-only-token-for-delegated-job",
    severity: Severity::Warning,
    order: 249,
    who: Who::Developer,
    docs: "\
## What it means

The token acts for the application itself; no user is in it. `/me` does not exist for it, and Exchange lets it
into a mailbox only where an administrator has said so.

## Why it happens

It was got with client credentials (a secret or certificate) instead of a sign-in.

## What to do

For a user's own mail, sign in as the user. For work on behalf of the application, call `/users/{id}` instead of
`/me`, judge it with `--as app`, and register the service principal in Exchange for IMAP, POP and SMTP.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    let said = facts.context().grant_type.as_deref() == Some("client_credentials");
    // ActiveSync and the retired Outlook API know no applications.
    let never =
        matches!(facts.job, Job::Eas | Job::OutlookRestV2) && facts.audience_fits() != Some(false);
    if !never && facts.context().subject.is_none() && (said || facts.job == Job::Arm) {
        // Meant so; or Azure, which asks for roles of its own and for no user.
        return None;
    }
    if !facts.is_app_only() || (facts.context().subject == Some(TokenSubject::App) && !never) {
        return None;
    }
    facts.wanted_resource()?;
    let claims = facts.claims()?;
    let mut finding = RULE.finding("the token acts for an application, not for a signed-in user");
    finding = match claims.text("idtyp") {
        Some(kind) => finding.with_evidence("idtyp", kind),
        None => finding.with_evidence("scp", "absent"),
    };
    if let Some(roles) = claims.roles() {
        finding = finding.with_evidence("roles", roles.join(" "));
    }
    // Said in so many words that a user is meant: then the job cannot be done.
    if facts.context().subject == Some(TokenSubject::User) || never {
        finding = finding.with_severity(Severity::Error);
    }
    if never {
        return Some(finding.help(format!("sign in as the user: {}", facts.login(""))));
    }
    Some(finding.help(format!("to act as a user, sign in: {}", facts.login(""))).help(
        match facts.job {
            Job::Imap | Job::Pop | Job::Smtp | Job::Ews => {
                "if the application itself is meant to act, judge with `--as app`"
            }
            _ => "to act as the application, call `/users/{id}` and judge with `--as app`",
        },
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::{finding_of, token};

    #[test]
    fn an_application_is_no_user() {
        for claims in [
            r#"{"aud":"https://graph.microsoft.com","idtyp":"app","roles":["Mail.Read"]}"#,
            r#"{"aud":"https://graph.microsoft.com","roles":["Mail.Read"]}"#,
        ] {
            assert!(finding_of(&RULE, &token(claims)).is_some(), "{claims}");
        }
    }

    #[test]
    fn a_user_with_app_roles_is_a_user() {
        let claims = r#"{"aud":"https://graph.microsoft.com","scp":"Mail.Read","roles":["Boss"]}"#;
        assert_eq!(finding_of(&RULE, &token(claims)), None);
        let claims = r#"{"aud":"https://graph.microsoft.com","idtyp":"user","scp":"Mail.Read"}"#;
        assert_eq!(finding_of(&RULE, &token(claims)), None);
    }

    #[test]
    fn acting_as_the_application_is_no_trouble() {
        let mut evidence = token(r#"{"aud":"https://graph.microsoft.com","idtyp":"app"}"#);
        evidence.context.subject = Some(TokenSubject::App);
        assert_eq!(finding_of(&RULE, &evidence), None);
    }
}
