use crate::{Facts, Finding, Rule, RuleId, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: RuleId::RedirectUriMismatch,
    severity: Severity::Error,
    who: Who::Developer,
    docs: "\
## What it means

The redirect URI of the request is not one of those in the registration.

## Why it happens

It differs in scheme, host or path. Only the port of `http://localhost` is ignored. The error appears on the
page in the browser and never reaches the program.

## What to do

Add `http://localhost` under *Mobile and desktop applications* in the app registration.
",
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    refusal::explain(facts, &RULE, "the redirect URI is not registered")
}
