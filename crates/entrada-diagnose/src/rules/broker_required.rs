use crate::{Facts, Finding, Rule, RuleId, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: RuleId::BrokerRequired,
    severity: Severity::Error,
    who: Who::User,
    docs: "\
## What it means

A broker is a program that signs in for the other programs of a device, such as Company Portal or the Web Account
Manager. This grant or policy works with a broker only.

## Why it happens

- A refresh token that was issued to a broker was sent by another program.
- A policy requires a broker app on the device, and there is none.

## What to do

Sign in with your own client. If a policy requires the broker, use an application that supports it, or ask the
administrator for an exception.
",
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
