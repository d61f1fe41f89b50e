use crate::diagnose::{Facts, Finding, Rule, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: "scope-not-default-for-client-credentials",
    severity: Severity::Error,
    order: 145,
    who: Who::Developer,
    docs: "\
## What it means

With client credentials the only scope is `<resource>/.default`.

## Why it happens

Named delegated scopes were sent in a request that has no user.

## What to do

Ask for `https://graph.microsoft.com/.default`, or the `.default` of the API in question; what comes is what
an administrator granted.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    refusal::explain(facts, &RULE, "an application without a user asks for named scopes")
}
