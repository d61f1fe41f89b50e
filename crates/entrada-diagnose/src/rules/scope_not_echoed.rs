use crate::{Facts, Finding, Rule, Severity, Who};
use entrada_core::Claims;

pub(super) static RULE: Rule = Rule {
    id: "scope-not-echoed",
    severity: Severity::Note,
    order: 321,
    who: Who::User,
    docs: "\
## What it means

The token response does not list the granted scopes. By RFC 6749 §5.1 that means: exactly those that were asked for.

## Why it happens

Some flows leave the member out; a refresh with nothing but sign-in scopes gives an empty one.

## What to do

Nothing. Where the token is a JWT, its `scp` tells; else the requested scopes are assumed.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    let response = facts.response()?;
    if response.granted().is_some() {
        return None;
    }
    let read = facts.claims().and_then(Claims::scp).is_some();
    let finding = RULE.finding(if read {
        "the response names no scopes; the token's `scp` does"
    } else {
        "the response names no scopes: those that were asked for are assumed"
    });
    Some(finding.with_evidence("scope", if response.scope.is_some() { "empty" } else { "absent" }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::{finding_of, response};

    #[test]
    fn absent_and_empty_are_alike() {
        assert!(finding_of(&RULE, &response(r#"{"access_token":"a"}"#, "")).is_some());
        assert!(finding_of(&RULE, &response(r#"{"access_token":"a","scope":""}"#, "")).is_some());
        assert_eq!(finding_of(&RULE, &response(r#"{"access_token":"a","scope":"x"}"#, "")), None);
    }
}
