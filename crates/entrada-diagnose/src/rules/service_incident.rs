use crate::{Facts, Finding, Rule, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: "service-incident",
    severity: Severity::Error,
    order: 114,
    who: Who::Microsoft,
    docs: "\
## What it means

The fault is on the service's side; the same request may succeed later.

## Why it happens

A server was overloaded or down, or a service behind it did not answer.

## What to do

Try again in a while. Nothing stored was changed. If it lasts, the correlation id helps Microsoft's support.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    const MESSAGE: &str = "the authority could not answer for reasons of its own";
    let finding = refusal::explain(facts, &RULE, MESSAGE)
        .or_else(|| refusal::by_status(facts, &RULE, 500..=599, MESSAGE))?;
    Some(refusal::try_again(facts, finding))
}
