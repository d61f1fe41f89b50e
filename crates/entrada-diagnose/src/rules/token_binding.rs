use crate::{Facts, Finding, Rule, RuleId, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: RuleId::TokenBinding,
    severity: Severity::Error,
    who: Who::User,
    docs: include_str!("pages/token-binding.md"),
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    let finding = refusal::explain(
        facts,
        &RULE,
        "the token has to be bound to a key, and the proof of the key is missing or wrong",
    )?;
    // Another sign-in would meet the same policy.
    let by_policy = finding.who == Who::TenantAdmin;
    Some(if by_policy { finding } else { refusal::sign_in_again(facts, finding) })
}
