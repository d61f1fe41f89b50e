use crate::{Facts, Finding, Rule, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: "resource-not-found",
    severity: Severity::Error,
    order: 130,
    who: Who::TenantAdmin,
    docs: "\
## What it means

The part of the scope before the permission names an API that this tenant does not have.

## Why it happens

A slip in the prefix, the wrong cloud, or a service that the tenant has not licensed.

## What to do

Check the prefix of the scope. If it is right, an administrator has to add the service to the tenant.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    refusal::explain(facts, &RULE, "the tenant does not know the API that the scopes name")
}
