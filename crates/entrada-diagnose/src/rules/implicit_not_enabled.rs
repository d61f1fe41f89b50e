use crate::{Facts, Finding, Rule, RuleId, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: RuleId::ImplicitNotEnabled,
    severity: Severity::Error,
    who: Who::Developer,
    docs: "\
## What it means

The request asked the sign-in page for a token (`response_type=token` or `id_token`), and the registration does not
allow this implicit flow.

## Why it happens

An older library uses the implicit flow.

## What to do

Use `response_type=code` with PKCE. Do not enable *Implicit grant* for a new application.
",
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    refusal::explain(
        facts,
        &RULE,
        "a token was requested from the sign-in page itself, which the registration does not allow",
    )
}
