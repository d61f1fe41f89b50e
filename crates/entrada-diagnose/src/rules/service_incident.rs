use crate::{Facts, Finding, Rule, RuleId, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: RuleId::ServiceIncident,
    severity: Severity::Error,
    who: Who::Microsoft,
    docs: include_str!("pages/service-incident.md"),
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    const MESSAGE: &str = "the authority could not answer because of a fault on its side";
    let finding = refusal::explain(facts, &RULE, MESSAGE)
        .or_else(|| refusal::by_status(facts, &RULE, 500..=599, MESSAGE))?;
    Some(refusal::try_again(facts, finding))
}
