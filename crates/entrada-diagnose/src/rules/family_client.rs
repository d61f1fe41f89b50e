use crate::{Facts, Finding, Rule, RuleId, Severity, Who};

pub(super) static RULE: Rule = Rule {
    id: RuleId::FamilyClient,
    severity: Severity::Note,
    who: Who::Developer,
    docs: include_str!("pages/family-client.md"),
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    let foci = facts.response()?.foci.as_deref().filter(|foci| !foci.is_empty() && *foci != "0")?;
    Some(
        RULE.finding("the client belongs to Microsoft's family of clients (`foci`)")
            .with_evidence("foci", foci),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::{finding_of, response};

    #[test]
    fn the_member_foci_shows_it() {
        assert!(finding_of(&RULE, &response(r#"{"access_token":"x","foci":"1"}"#, "")).is_some());
        assert_eq!(finding_of(&RULE, &response(r#"{"access_token":"x"}"#, "")), None);
    }
}
