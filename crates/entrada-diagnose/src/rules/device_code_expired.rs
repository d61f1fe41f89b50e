use crate::{Facts, Finding, Rule, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: "device-code-expired",
    severity: Severity::Error,
    order: 110,
    who: Who::User,
    docs: "\
## What it means

The code shown on the screen lived its time (15 minutes with Entra) and nobody finished the sign-in with it.

## Why it happens

The page was opened too late, or the last step on it was not confirmed.

## What to do

Start again and enter the new code at once.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    let finding =
        refusal::explain(facts, &RULE, "the sign-in code expired before the sign-in was finished")?;
    let finding = refusal::sign_in_again(facts, finding);
    Some(finding)
}
