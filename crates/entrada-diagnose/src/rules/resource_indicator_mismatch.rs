use crate::{Facts, Finding, Rule, RuleId, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: RuleId::ResourceIndicatorMismatch,
    severity: Severity::Error,
    who: Who::Developer,
    docs: "\
## What it means

The request contains `resource`, and its value is not the API that the scopes belong to.

## Why it happens

Clients that follow RFC 8707, such as clients of the Model Context Protocol, add `resource` with the address of the
server. Entra's v2.0 endpoints take the API from the scopes.

## What to do

Remove `resource`, or set it to the API's Application ID URI: the part of the scope before its last slash. The
owner of the API can also set the Application ID URI to the address that the clients send.
",
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    refusal::explain(facts, &RULE, "`resource` names an API other than that of the scopes")
}
