use crate::{Facts, Finding, Rule, RuleId, Severity, Who};
use entrada_core::TokenSubject;

pub(super) static RULE: Rule = Rule {
    id: RuleId::DelegatedTokenForAppOnlyJob,
    severity: Severity::Error,
    who: Who::Developer,
    docs: include_str!("pages/delegated-token-for-app-only-job.md"),
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
