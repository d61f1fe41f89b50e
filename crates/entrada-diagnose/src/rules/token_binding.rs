use crate::{Facts, Finding, Rule, RuleId, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: RuleId::TokenBinding,
    severity: Severity::Error,
    who: Who::User,
    docs: "\
## What it means

The API, the policy or the token itself requires proof of a key: the token is bound to a device or a certificate.

## Why it happens

- A policy requires token protection, which this client does not support.
- A bound refresh token was copied to another program or device.
- The API accepts only tokens that are bound to a certificate (mutual TLS).

## What to do

Redeem a bound token in the client that it was issued to, or sign in again for an ordinary token. If a policy
requires token protection, use a client that supports it, or ask the administrator for an exception.
",
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
