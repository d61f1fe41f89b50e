use crate::{Facts, Finding, Rule, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: "v1-v2-endpoint-mismatch",
    severity: Severity::Error,
    order: 144,
    who: Who::Developer,
    docs: "\
## What it means

Parameters of the one endpoint were sent to the other.

## Why it happens

`resource` belongs to v1.0, `scope` to v2.0; personal accounts know only v2.0.

## What to do

Use `/oauth2/v2.0/…` with `scope` throughout.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    refusal::explain(facts, &RULE, "the request mixes the v1.0 and the v2.0 endpoint")
}
