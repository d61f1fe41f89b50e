use crate::{Facts, Finding, Rule, RuleId, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: RuleId::AppNotFoundInTenant,
    severity: Severity::Error,
    who: Who::Developer,
    docs: "\
## What it means

The tenant has no application with this client id.

## Why it happens

- The client id has a typing error.
- The tenant or the cloud is wrong.
- The application belongs to another tenant, and neither a user nor an administrator of this tenant has
  consented to it yet.

## What to do

Compare the client id with *Application (client) ID* on the registration's overview page, and the tenant with
*Directory (tenant) ID*. A multi-tenant application appears in a tenant when the first user or administrator of
that tenant consents.
",
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    refusal::explain(facts, &RULE, "the tenant has no application with this client id").or_else(
        || refusal::may_be(facts, &RULE, "there may be no application with this client id"),
    )
}
