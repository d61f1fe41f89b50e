use crate::{Facts, Finding, Rule, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: "auth-code-reused",
    severity: Severity::Error,
    order: 133,
    who: Who::User,
    docs: "\
## What it means

An authorization code works once, for about ten minutes.

## Why it happens

The page was reloaded, the answer to the first use got lost, or it took too long.

## What to do

Start the sign-in again.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    let finding =
        refusal::explain(facts, &RULE, "the authorization code was used before, or is too old")?;
    let finding = refusal::sign_in_again(facts, finding);
    Some(finding)
}
