use crate::{Facts, Finding, Rule, RuleId, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: RuleId::ClientSecretExpired,
    severity: Severity::Error,
    who: Who::Developer,
    docs: "\
## What it means

The application's client secret has expired.

## Why it happens

Client secrets are valid for two years at the most.

## What to do

Create a new secret or, better, use a certificate or a federated credential. Then replace the old secret
everywhere.
",
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    refusal::explain(facts, &RULE, "the client secret has expired")
}
