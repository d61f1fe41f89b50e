use crate::{Facts, Finding, Rule, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: "client-assertion-invalid",
    severity: Severity::Error,
    order: 140,
    who: Who::Developer,
    docs: "\
## What it means

The application proved itself by a signed assertion or a federated credential, and the authority did not
accept it.

## Why it happens

The certificate is not registered, the audience, issuer or subject of the assertion is another than was
registered, or its times are off.

## What to do

Compare the certificate's thumbprint, or issuer, subject and audience of the federated credential, with the
app registration; check the clock.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    refusal::explain(facts, &RULE, "the client's signed assertion was not accepted")
}
