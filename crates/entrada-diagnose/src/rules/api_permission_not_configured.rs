use crate::{Facts, Finding, Rule, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: "api-permission-not-configured",
    severity: Severity::Error,
    order: 131,
    who: Who::Developer,
    docs: "\
## What it means

The application asks for an API or a permission that its registration does not list.

## Why it happens

The permission was never added under *API permissions*, or was removed.

## What to do

Add the delegated permission in the app registration under *API permissions*, then sign in again.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    refusal::explain(facts, &RULE, "the permission is not among those of the registration")
}
