use crate::{Facts, Finding, Rule, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: "app-disabled-in-tenant",
    severity: Severity::Error,
    order: 121,
    who: Who::TenantAdmin,
    docs: "\
## What it means

The application, or its entry in this tenant, has been switched off.

## Why it happens

An administrator or its owner disabled it, or Microsoft did after abuse.

## What to do

An administrator sets *Enabled for users to sign in* on the enterprise application, or its owner enables the
registration.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    refusal::explain(facts, &RULE, "the application is disabled")
}
