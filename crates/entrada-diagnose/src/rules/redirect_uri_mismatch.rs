use crate::{Facts, Finding, Rule, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: "redirect-uri-mismatch",
    severity: Severity::Error,
    order: 125,
    who: Who::Developer,
    docs: "\
## What it means

The redirect URI of the request is not among those of the registration.

## Why it happens

It differs in scheme, host or path; only the port of `http://localhost` is ignored. The error stands on the
page in the browser and never reaches the program.

## What to do

Add `http://localhost` under *Mobile and desktop applications* in the app registration.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    refusal::explain(facts, &RULE, "the redirect URI is not registered")
}
