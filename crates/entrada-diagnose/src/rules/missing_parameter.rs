use crate::{Facts, Finding, Rule, RuleId, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: RuleId::MissingParameter,
    severity: Severity::Error,
    who: Who::Developer,
    docs: include_str!("pages/missing-parameter.md"),
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    let finding = refusal::explain(facts, &RULE, "the request lacks a parameter")?;
    let name = facts.refusal().and_then(|refusal| missing(refusal.error_description.as_deref()?));
    Some(match name {
        Some(name) => finding.with_evidence("parameter", name),
        None => finding,
    })
}

/// The parameter that the authority's text names: `must contain the following parameter: 'scope'`.
fn missing(description: &str) -> Option<&str> {
    let name = description.split('\'').nth(1)?;
    let is_name = |c: char| c.is_ascii_lowercase() || c == '_';
    (!name.is_empty() && name.len() < 40 && name.chars().all(is_name)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parameter_is_taken_from_the_text() {
        let text = "AADSTS900144: The request body must contain the following parameter: 'scope'.";
        assert_eq!(missing(text), Some("scope"));
        assert_eq!(missing("AADSTS90014: A required field is missing."), None);
        assert_eq!(missing("AADSTS90014: 'No such name' is missing."), None);
    }
}
