use crate::diagnose::{Facts, Finding, Rule, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: "spa-refresh-token-lifetime",
    severity: Severity::Error,
    order: 109,
    who: Who::Developer,
    docs: "\
## What it means

Refresh tokens that were issued to a redirect URI of type *Single-page application* end after 24 hours, used
or not.

## Why it happens

The redirect URI is registered under the wrong platform.

## What to do

In the app registration, under Authentication, move the redirect URI to *Mobile and desktop applications*;
then sign in again.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    refusal::explain(
        facts,
        &RULE,
        "the refresh token was issued to a single-page application and lives 24 hours",
    )
}
