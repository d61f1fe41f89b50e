use crate::{Facts, Finding, Rule, RuleId, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: RuleId::PkceMismatch,
    severity: Severity::Error,
    who: Who::Developer,
    docs: "\
## What it means

PKCE (RFC 7636) ties the token request to the sign-in request. The two values of this sign-in do not belong together.

## Why it happens

- Two sign-ins ran at the same time, and the verifier of the other one was sent.
- One of the values is missing, too short, or encoded in another way.

## What to do

Create a new verifier of 43 to 128 characters for each sign-in, send its `S256` challenge, and start again.
",
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    let finding = refusal::explain(
        facts,
        &RULE,
        "`code_verifier` and `code_challenge` do not match, or one of them is missing",
    )?;
    Some(refusal::sign_in_again(facts, finding))
}
