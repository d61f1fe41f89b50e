use crate::{Facts, Finding, Rule, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: "throttled",
    severity: Severity::Error,
    order: 113,
    who: Who::User,
    docs: "\
## What it means

The request was one too many for now; it was not refused for good.

## Why it happens

Too many requests from this application, this user or this tenant in a short time.

## What to do

Wait as long as `Retry-After` says, or some minutes, and try again.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    const MESSAGE: &str = "the authority asks to be asked less often";
    let finding = refusal::explain(facts, &RULE, MESSAGE)
        .or_else(|| refusal::by_status(facts, &RULE, 429..=429, MESSAGE))?;
    Some(refusal::try_again(facts, finding))
}
