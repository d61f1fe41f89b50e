use crate::{Facts, Finding, Rule, RuleId, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: RuleId::UserCredentials,
    severity: Severity::Error,
    who: Who::User,
    docs: "\
## What it means

The authority did not accept what the user signed in with: a password, a one-time code, a passkey, a Temporary
Access Pass or a certificate.

## Why it happens

- The password or the code was mistyped, has expired, or must be changed first.
- The tenant does not allow this sign-in method for the account.

## What to do

Sign in again on the page with the right credential, or with another method. The administrator decides which
methods an account may use.
",
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    let finding = refusal::explain(
        facts,
        &RULE,
        "the password, code, passkey or certificate of the user was not accepted",
    )?;
    Some(refusal::sign_in_again(facts, finding))
}
