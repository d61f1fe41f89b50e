use crate::{Facts, Finding, Rule, RuleId, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: RuleId::BrokerRequired,
    severity: Severity::Error,
    who: Who::User,
    docs: include_str!("pages/broker-required.md"),
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    let finding = refusal::explain(
        facts,
        &RULE,
        "the grant belongs to a broker and cannot be redeemed without it, or a policy requires a broker",
    )?;
    // Another sign-in would meet the same policy.
    let by_policy = finding.who == Who::TenantAdmin;
    Some(if by_policy { finding } else { refusal::sign_in_again(facts, finding) })
}
