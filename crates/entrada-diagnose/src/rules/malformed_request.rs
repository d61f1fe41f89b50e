use crate::{Facts, Finding, Rule, RuleId, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: RuleId::MalformedRequest,
    severity: Severity::Error,
    who: Who::Developer,
    docs: "\
## What it means

The authority could not use the request. The authority's text often names the parameter.

## Why it happens

- The body is JSON, or the parameters are in the address: the token endpoint accepts only a form.
- A value is not percent-encoded, or a parameter occurs twice.
- Two parameters exclude each other.

## What to do

Send a `POST` with `Content-Type: application/x-www-form-urlencoded`, and each parameter once.
",
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    refusal::explain(facts, &RULE, "the request does not have the form that the endpoint accepts")
}
