use crate::diagnose::{Facts, Finding, Rule, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: "refresh-token-revoked",
    severity: Severity::Error,
    order: 108,
    who: Who::User,
    docs: "\
## What it means

The authority knows the refresh token and does not honour it any more.

## Why it happens

The password was changed or reset, an administrator or the user revoked the sessions, or an authority that
rotates refresh tokens saw an old one again.

## What to do

Sign in again.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    let finding = refusal::explain(facts, &RULE, "the refresh token has been revoked")?;
    let finding = refusal::sign_in_again(facts, finding);
    Some(finding)
}
