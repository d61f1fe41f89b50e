use crate::{Facts, Finding, Rule, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: "refresh-token-expired",
    severity: Severity::Error,
    order: 107,
    who: Who::User,
    docs: "\
## What it means

The refresh token is too old, or was not used for too long.

## Why it happens

Entra lets a refresh token lie unused for 90 days; a sign-in frequency policy can be shorter. A token that is
used is replaced in time.

## What to do

Sign in again. Where it happens every few hours or days, ask the administrator about sign-in frequency.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    let finding = refusal::explain(facts, &RULE, "the refresh token has expired")?;
    let finding = refusal::sign_in_again(facts, finding);
    Some(finding)
}
