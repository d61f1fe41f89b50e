use crate::{Facts, Finding, Rule, RuleId, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: RuleId::AppDisabledInTenant,
    severity: Severity::Error,
    who: Who::TenantAdmin,
    docs: "\
## What it means

The application, or its entry in this tenant, is disabled.

## Why it happens

- An administrator disabled the enterprise application in this tenant.
- The owner deactivated the registration, which ends it in all tenants at once.
- Microsoft disabled it because of abuse.

Tokens that were issued before stay valid until they expire.

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
