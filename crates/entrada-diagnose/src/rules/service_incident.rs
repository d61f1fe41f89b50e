use crate::{Facts, Finding, Rule, RuleId, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: RuleId::ServiceIncident,
    severity: Severity::Error,
    who: Who::Microsoft,
    docs: "\
## What it means

The service has a fault. The same request may succeed later.

## Why it happens

A server was overloaded or down, or a service that it depends on did not answer.

## What to do

Try again later. The stored tokens are unchanged. If the fault lasts, give the correlation id to Microsoft's
support.
",
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    const MESSAGE: &str = "the authority could not answer because of a fault on its side";
    let finding = refusal::explain(facts, &RULE, MESSAGE)
        .or_else(|| refusal::by_status(facts, &RULE, 500..=599, MESSAGE))?;
    Some(refusal::try_again(facts, finding))
}
