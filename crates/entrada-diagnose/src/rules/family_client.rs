use crate::{Facts, Finding, Rule, Severity, Who};

pub(super) static RULE: Rule = Rule {
    id: "family-client",
    severity: Severity::Note,
    order: 323,
    who: Who::Developer,
    docs: "\
## What it means

The client is one of Microsoft's family: its refresh token works for other clients of Microsoft as well.

## Why it happens

A client id of Microsoft's own was used. Applications that somebody registers are never in the family.

## What to do

Register an application of your own: what a family client may do is not yours to decide.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    let foci = facts.response()?.foci.as_deref().filter(|foci| !foci.is_empty() && *foci != "0")?;
    Some(
        RULE.finding("the client is one of Microsoft's family (`foci`)")
            .with_evidence("foci", foci),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::{finding_of, response};

    #[test]
    fn the_member_foci_tells() {
        assert!(finding_of(&RULE, &response(r#"{"access_token":"x","foci":"1"}"#, "")).is_some());
        assert_eq!(finding_of(&RULE, &response(r#"{"access_token":"x"}"#, "")), None);
    }
}
