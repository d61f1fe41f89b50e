use crate::{Facts, Finding, Rule, Severity, Who};

pub(super) static RULE: Rule = Rule {
    id: "not-a-bearer-token",
    severity: Severity::Error,
    order: 206,
    who: Who::Developer,
    docs: "\
## What it means

The token is bound to a key (proof of possession): whoever shows it has to prove that they hold the key. Sent as
`Bearer`, or by XOAUTH2, it is refused.

## Why it happens

The request had `req_cnf`, or the client library was set to proof of possession.

## What to do

Ask without `req_cnf`. Mail protocols and plain HTTP calls take bearer tokens alone.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    let kind = facts.response()?.token_type.as_deref()?;
    (!kind.eq_ignore_ascii_case("bearer")).then(|| {
        RULE.finding(format!("the token is of type `{kind}`, not Bearer"))
            .with_evidence("token_type", kind)
            .help("ask for a bearer token: leave `req_cnf` out of the request")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::{finding_of, response};

    #[test]
    fn only_bearer_tokens_are_shown_as_they_are() {
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
