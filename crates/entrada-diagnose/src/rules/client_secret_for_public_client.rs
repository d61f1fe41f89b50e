use crate::{Facts, Finding, Rule, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: "client-secret-for-public-client",
    severity: Severity::Error,
    order: 124,
    who: Who::Developer,
    docs: "\
## What it means

The application is a public client; a secret or assertion in its requests is refused.

## Why it happens

A secret was configured where none belongs. entrada itself never sends one.

## What to do

Take the secret out of the request, also of refresh requests.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    refusal::explain(facts, &RULE, "a secret was sent for an application that has none")
}
