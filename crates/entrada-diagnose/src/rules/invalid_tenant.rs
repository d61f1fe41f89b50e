use crate::{Facts, Finding, Rule, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: "invalid-tenant",
    severity: Severity::Error,
    order: 126,
    who: Who::User,
    docs: "\
## What it means

The tenant in the address is unknown to this cloud.

## Why it happens

A slip in the domain or GUID, or a tenant of another national cloud.

## What to do

Give `--tenant` the directory's GUID or a verified domain, and `--cloud` if it is not the public one.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    refusal::explain(facts, &RULE, "there is no such tenant")
}
