use crate::{Facts, Finding, Rule, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: "public-client-flows-disabled",
    severity: Severity::Error,
    order: 122,
    who: Who::Developer,
    docs: "\
## What it means

Entra takes the application for one that keeps a secret, and waits for that secret. The user may have signed
in without trouble: the registration is wrong, not the sign-in.

## Why it happens

*Allow public client flows* is off, or the redirect URI is registered under *Web*.

## What to do

In the app registration, under Authentication, set *Allow public client flows* to *Yes*, and keep
`http://localhost` under *Mobile and desktop applications*. Then sign in again.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    refusal::explain(facts, &RULE, "the registration does not allow public client flows")
}
