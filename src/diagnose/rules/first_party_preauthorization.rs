use crate::diagnose::{Facts, Finding, Rule, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: "first-party-preauthorization",
    severity: Severity::Error,
    order: 132,
    who: Who::Developer,
    docs: "\
## What it means

Client ids of Microsoft's own applications have a fixed list of permissions, and this one is not on it.

## Why it happens

The client id was borrowed from a Microsoft product such as the Azure CLI.

## What to do

Register an application of your own and use its client id.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    refusal::explain(facts, &RULE, "this client of Microsoft may not ask for that API")
}
