use crate::{Facts, Finding, Rule, RuleId, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: RuleId::Throttled,
    severity: Severity::Error,
    who: Who::User,
    docs: include_str!("pages/throttled.md"),
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    const MESSAGE: &str = "the authority received too many requests in a short time";
    let finding = refusal::explain(facts, &RULE, MESSAGE)
        .or_else(|| refusal::by_status(facts, &RULE, 429..=429, MESSAGE))?;
    Some(refusal::try_again(facts, finding))
}
