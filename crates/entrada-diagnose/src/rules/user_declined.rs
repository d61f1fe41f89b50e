use crate::{Facts, Finding, Rule, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: "user-declined",
    severity: Severity::Error,
    order: 111,
    who: Who::User,
    docs: "\
## What it means

Whoever had the sign-in page in front of them pressed *Cancel* or refused to consent.

## Why it happens

A change of mind, the wrong account, or permissions that looked like too much.

## What to do

Sign in again and accept, or ask for fewer scopes. If you did not start this sign-in, declining was right.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    let finding = refusal::explain(facts, &RULE, "the sign-in was declined in the browser")?;
    let finding = refusal::sign_in_again(facts, finding);
    Some(finding)
}
