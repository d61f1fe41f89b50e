use crate::{Facts, Finding, Rule, RuleId, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: RuleId::AppDisabledInTenant,
    severity: Severity::Error,
    who: Who::TenantAdmin,
    docs: "\
## What it means

The application, or its entry in this tenant, is disabled.

## Why it happens

An administrator or the owner of the application disabled it, or Microsoft did after abuse.

## What to do

An administrator sets *Enabled for users to sign in* on the enterprise application. Or the owner of the
application enables the registration.
",
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    refusal::explain(facts, &RULE, "the application is disabled")
}
