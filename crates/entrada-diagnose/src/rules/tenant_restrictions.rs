use crate::{Facts, Finding, Rule, RuleId, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: RuleId::TenantRestrictions,
    severity: Severity::Error,
    who: Who::TenantAdmin,
    docs: "\
## What it means

The network or the device sends a list of allowed tenants with each request, and this tenant is not on it.

## Why it happens

A proxy adds the header `Restrict-Access-To-Tenants` or `sec-Restrict-Tenant-Access-Policy`, or Windows sends it
because of a policy (tenant restrictions v2).

## What to do

Sign in from another network or device, or ask the network's administrator to allow the tenant.
",
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    refusal::explain(
        facts,
        &RULE,
        "the network or the device allows sign-ins to certain tenants only",
    )
}
