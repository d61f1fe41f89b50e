use crate::{Facts, Finding, Rule, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: "app-not-found-in-tenant",
    severity: Severity::Error,
    order: 120,
    who: Who::Developer,
    docs: "\
## What it means

No application with this client id exists in the tenant that was asked.

## Why it happens

A slip in the client id, the wrong tenant or cloud, or an application of another tenant that nobody has
consented to here.

## What to do

Compare the client id with *Application (client) ID* on the registration's overview page, and the tenant with
*Directory (tenant) ID*. A multi-tenant application appears in a tenant when somebody there consents for the
first time.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    refusal::explain(facts, &RULE, "the tenant does not know this application")
        .or_else(|| refusal::may_be(facts, &RULE, "there may be no application of this client id"))
}
