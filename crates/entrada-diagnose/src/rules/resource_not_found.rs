use crate::{Facts, Finding, Rule, RuleId, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: RuleId::ResourceNotFound,
    severity: Severity::Error,
    who: Who::TenantAdmin,
    docs: "\
## What it means

The scope names an API that this tenant does not have. The part of the scope before the permission is the API.

## Why it happens

- The prefix has a typing error.
- The cloud is wrong.
- The tenant has no licence for the service.

## What to do

Check the prefix of the scope. If it is right, an administrator must add the service to the tenant.
",
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    refusal::explain(facts, &RULE, "the tenant does not have the API that the scopes name")
}
