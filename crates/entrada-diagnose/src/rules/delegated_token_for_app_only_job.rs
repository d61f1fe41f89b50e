use crate::{Facts, Finding, Rule, RuleId, Severity, Who};
use entrada_core::TokenSubject;

pub(super) static RULE: Rule = Rule {
    id: RuleId::DelegatedTokenForAppOnlyJob,
    severity: Severity::Error,
    who: Who::Developer,
    docs: "\
## What it means

The job needs a token of the application itself, and this token acts for a signed-in user. Its `scp` holds
delegated permissions. They do not show what the application may do without a user.

## Why it happens

A user signed in where a service should have used its own credential.

## What to do

Ask an administrator to grant the application permissions. Then get the token with client credentials and the
scope `<resource>/.default`. Or run the job as the user, without `--as app`.
",
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    let call = facts.call().filter(|check| {
        check.access().is_some_and(|access| access.work.is_empty() && access.personal.is_empty())
    });
    let is_stated = facts.context().subject == Some(TokenSubject::App);
    if !is_stated && call.is_none() || facts.is_app_only() {
        return None;
    }
    facts.wanted_resource()?;
    let scp = facts.claims()?.scp()?;
    let message = match call {
        Some(check) => {
            format!(
                "the token acts for a signed-in user, and `{}` needs an application",
                check.shown()
            )
        }
        None => "the token acts for a signed-in user, not for the application itself".to_owned(),
    };
    Some(
        RULE.finding(message)
            .with_evidence("scp", scp)
            .help("get a token with client credentials and the scope `<resource>/.default`"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::{finding_of, token};

    #[test]
    fn a_users_token_is_not_one_of_the_application() {
        let mut evidence = token(r#"{"aud":"https://graph.microsoft.com","scp":"User.Read"}"#);
        assert_eq!(finding_of(&RULE, &evidence), None, "the subject is not stated");
        evidence.context.subject = Some(TokenSubject::App);
        assert!(finding_of(&RULE, &evidence).is_some());
        let mut evidence = token(r#"{"aud":"https://graph.microsoft.com","roles":["Mail.Read"]}"#);
        evidence.context.subject = Some(TokenSubject::App);
        assert_eq!(finding_of(&RULE, &evidence), None);
    }
}
