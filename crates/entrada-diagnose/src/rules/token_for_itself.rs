use crate::{Facts, Finding, Rule, RuleId, Severity, Who};

pub(super) static RULE: Rule = Rule {
    id: RuleId::TokenForItself,
    severity: Severity::Note,
    who: Who::User,
    docs: include_str!("pages/token-for-itself.md"),
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    let claims = facts.claims()?;
    let (aud, client) = (claims.aud()?, claims.client_id()?);
    let bare = aud.strip_prefix("api://").unwrap_or(aud);
    bare.eq_ignore_ascii_case(client).then(|| {
        RULE.finding("the token is for the application that requested it, not for another API")
            .with_evidence("aud", aud)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::{finding_of, token};

    #[test]
    fn an_audience_that_is_the_client_is_noted() {
        assert!(finding_of(&RULE, &token(r#"{"aud":"c","azp":"c","scp":"x"}"#)).is_some());
        assert!(finding_of(&RULE, &token(r#"{"aud":"api://c","appid":"C","scp":"x"}"#)).is_some());
        assert_eq!(finding_of(&RULE, &token(r#"{"aud":"a","azp":"c","scp":"x"}"#)), None);
        assert_eq!(finding_of(&RULE, &token(r#"{"aud":"a","scp":"x"}"#)), None);
    }
}
