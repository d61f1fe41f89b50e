use crate::{Facts, Finding, Rule, RuleId, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: RuleId::ClientSecretForPublicClient,
    severity: Severity::Error,
    who: Who::Developer,
    docs: "\
## What it means

The application is a public client: a program on a user's device, which cannot keep a secret. The authority
refuses a secret or an assertion in its requests.

## Why it happens

A secret was configured for an application that must not send one. entrada itself never sends one.

## What to do

Remove the secret from the request, and from refresh requests too.
",
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    refusal::explain(
        facts,
        &RULE,
        "the request contains a secret, but the application is a public client",
    )
}
