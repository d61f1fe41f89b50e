use crate::{Facts, Finding, Rule, RuleId, Severity, Who};
use entrada_core::Claims;

pub(super) static RULE: Rule = Rule {
    id: RuleId::ScopeNotEchoed,
    severity: Severity::Note,
    who: Who::User,
    docs: include_str!("pages/scope-not-echoed.md"),
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    let response = facts.response()?;
    if response.granted().is_some() {
        return None;
    }
    let read = facts.claims().and_then(Claims::scp).is_some();
    let finding = RULE.finding(if read {
        "the response does not list the scopes, but the token's `scp` does"
    } else {
        "the response does not list the scopes: the requested ones are assumed"
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
