use crate::{Facts, Finding, Rule, RuleId, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: RuleId::ClientAssertionInvalid,
    severity: Severity::Error,
    who: Who::Developer,
    docs: "\
## What it means

The application authenticated with a signed assertion or a federated credential, and the authority did not
accept it.

## Why it happens

- The certificate is not registered.
- The audience, issuer or subject of the assertion differs from the registration.
- The times in the assertion are wrong.

## What to do

Compare the certificate's thumbprint, or the issuer, subject and audience of the federated credential, with the
app registration. Check the clock of this machine.
",
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    refusal::explain(facts, &RULE, "the client's signed assertion was not accepted")
}
