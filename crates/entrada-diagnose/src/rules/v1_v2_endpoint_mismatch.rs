use crate::{Facts, Finding, Rule, RuleId, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: RuleId::V1V2EndpointMismatch,
    severity: Severity::Error,
    who: Who::Developer,
    docs: "\
## What it means

The request sends parameters of one version of the endpoint to the other version.

## Why it happens

`resource` belongs to v1.0, and `scope` to v2.0. Personal accounts support only v2.0.

## What to do

Use `/oauth2/v2.0/…` with `scope` in all requests.
",
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    refusal::explain(facts, &RULE, "the request mixes the v1.0 and v2.0 endpoints")
}
