use crate::{Facts, Finding, Rule, RuleId, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: RuleId::PublicClientFlowsDisabled,
    severity: Severity::Error,
    who: Who::Developer,
    docs: "\
## What it means

Entra treats the application as one that keeps a secret, and requires that secret. The user's sign-in may have
succeeded. The registration is wrong, not the sign-in.

## Why it happens

*Allow public client flows* is off, or the redirect URI is registered under *Web*.

## What to do

In the app registration, under Authentication, set *Allow public client flows* to *Yes*, and keep
`http://localhost` under *Mobile and desktop applications*. Then sign in again.
",
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    refusal::explain(facts, &RULE, "the registration does not allow public client flows")
}
