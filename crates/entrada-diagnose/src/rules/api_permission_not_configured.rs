use crate::{Facts, Finding, Rule, RuleId, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: RuleId::ApiPermissionNotConfigured,
    severity: Severity::Error,
    who: Who::Developer,
    docs: "\
## What it means

The application requests an API or a permission that its registration does not list.

## Why it happens

The permission was never added under *API permissions*, or it was removed.

## What to do

Add the delegated permission in the app registration under *API permissions*. Then sign in again.
",
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    refusal::explain(facts, &RULE, "the registration does not list the permission")
}
