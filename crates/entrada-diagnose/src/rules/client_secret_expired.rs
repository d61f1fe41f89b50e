use crate::{Facts, Finding, Rule, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: "client-secret-expired",
    severity: Severity::Error,
    order: 142,
    who: Who::Developer,
    docs: "\
## What it means

The application's secret has expired.

## Why it happens

Secrets live two years at the most.

## What to do

Make a new secret or, better, use a certificate or a federated credential; then replace it everywhere.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    refusal::explain(facts, &RULE, "the client secret is past its end date")
}
