use crate::{Facts, Finding, Rule, Severity, Who};

pub(super) static RULE: Rule = Rule {
    id: "token-for-itself",
    severity: Severity::Note,
    order: 327,
    who: Who::User,
    docs: "\
## What it means

The token is for the very application that asked for it: its `aud` is its own client id.

## Why it happens

The request named no API, or the application's own (`api://CLIENT_ID`). A refresh without `scope` does that.

## What to do

Right for an application that is client and API in one. Else send the API's scope with every request.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    let claims = facts.claims()?;
    let (aud, client) = (claims.aud()?, claims.client_id()?);
    let bare = aud.strip_prefix("api://").unwrap_or(aud);
    bare.eq_ignore_ascii_case(client).then(|| {
        RULE.finding("the token is for the application that asked for it, and for no other API")
            .with_evidence("aud", aud)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::{finding_of, token};

    #[test]
    fn an_audience_that_is_the_client_is_told() {
        assert!(finding_of(&RULE, &token(r#"{"aud":"c","azp":"c","scp":"x"}"#)).is_some());
        assert!(finding_of(&RULE, &token(r#"{"aud":"api://c","appid":"C","scp":"x"}"#)).is_some());
        assert_eq!(finding_of(&RULE, &token(r#"{"aud":"a","azp":"c","scp":"x"}"#)), None);
        assert_eq!(finding_of(&RULE, &token(r#"{"aud":"a","scp":"x"}"#)), None);
    }
}
