use crate::{Facts, Finding, Rule, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: "platform-type-mismatch",
    severity: Severity::Error,
    order: 123,
    who: Who::Developer,
    docs: "\
## What it means

The platform under which the redirect URI stands does not fit a command-line tool.

## Why it happens

It stands under *Single-page application* or *Web*.

## What to do

In the app registration, under Authentication, remove it there and add it under *Mobile and desktop
applications*.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    refusal::explain(facts, &RULE, "the redirect URI is registered under the wrong platform")
}
