use crate::{Facts, Finding, Rule, RuleId, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: RuleId::PlatformTypeMismatch,
    severity: Severity::Error,
    who: Who::Developer,
    docs: "\
## What it means

The redirect URI is registered under a platform that a command-line tool cannot use.

## Why it happens

It is listed under *Single-page application* or *Web*.

## What to do

In the app registration, under Authentication, remove it there and add it under
*Mobile and desktop applications*.
",
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    refusal::explain(facts, &RULE, "the redirect URI is registered under the wrong platform")
}
