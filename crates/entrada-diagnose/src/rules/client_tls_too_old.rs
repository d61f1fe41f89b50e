use crate::{Facts, Finding, Rule, RuleId, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: RuleId::ClientTlsTooOld,
    severity: Severity::Error,
    who: Who::Developer,
    docs: "\
## What it means

Entra accepts connections with TLS 1.2 and later only.

## Why it happens

The operating system or the program's TLS library is old, or a proxy in between is.

## What to do

Update the TLS library or the proxy, and enable TLS 1.2 or 1.3.
",
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    refusal::explain(
        facts,
        &RULE,
        "the connection uses a version of TLS that Entra no longer accepts",
    )
}
