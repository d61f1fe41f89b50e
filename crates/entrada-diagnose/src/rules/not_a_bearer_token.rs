use crate::{Facts, Finding, Rule, RuleId, Severity, Who};

pub(super) static RULE: Rule = Rule {
    id: RuleId::NotABearerToken,
    severity: Severity::Error,
    who: Who::Developer,
    docs: include_str!("pages/not-a-bearer-token.md"),
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    let kind = facts.response()?.token_type.as_deref()?;
    (!kind.eq_ignore_ascii_case("bearer")).then(|| {
        RULE.finding(format!("the token is of type `{kind}`, not Bearer"))
            .with_evidence("token_type", kind)
            .help("request a bearer token: remove `req_cnf` from the request")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::{finding_of, response};

    #[test]
    fn every_other_token_type_is_an_error() {
        let with = |kind: &str| {
            finding_of(
                &RULE,
                &response(&format!(r#"{{"access_token":"x","token_type":"{kind}"}}"#), ""),
            )
        };
        assert!(with("pop").is_some());
        assert_eq!(with("bearer"), None);
        assert_eq!(finding_of(&RULE, &response(r#"{"access_token":"x"}"#, "")), None);
    }
}
