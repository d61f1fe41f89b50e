use crate::{Facts, Finding, Rule, Severity, Who};
use entrada_core::TokenSubject;

pub(super) static RULE: Rule = Rule {
    id: "delegated-token-for-app-only-job",
    severity: Severity::Error,
    order: 253,
    who: Who::Developer,
    docs: "\
## What it means

The job is done by the application itself, and the token acts for a signed-in user. Its `scp` holds delegated
permissions, which say nothing about what the application may do alone.

## Why it happens

A user signed in where a service should have used its own credential.

## What to do

Get the token with client credentials and `<resource>/.default`, after an administrator has granted the application
permissions; or do the job as the user, without `--as app`.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    if facts.context().subject != Some(TokenSubject::App) || facts.is_app_only() {
        return None;
    }
    facts.wanted_resource()?;
    let scp = facts.claims()?.scp()?;
    Some(
        RULE.finding("the token acts for a signed-in user, not for the application itself")
            .with_evidence("scp", scp)
            .help("get a token by client credentials with the scope `<resource>/.default`"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::{finding_of, token};

    #[test]
    fn a_users_token_is_not_the_applications() {
        let mut evidence = token(r#"{"aud":"https://graph.microsoft.com","scp":"User.Read"}"#);
        assert_eq!(finding_of(&RULE, &evidence), None, "nobody said that an application acts");
        evidence.context.subject = Some(TokenSubject::App);
        assert!(finding_of(&RULE, &evidence).is_some());
        let mut evidence = token(r#"{"aud":"https://graph.microsoft.com","roles":["Mail.Read"]}"#);
        evidence.context.subject = Some(TokenSubject::App);
        assert_eq!(finding_of(&RULE, &evidence), None);
    }
}
