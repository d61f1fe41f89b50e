use crate::{Facts, Finding, Rule, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: "refresh-token-malformed",
    severity: Severity::Error,
    order: 143,
    who: Who::User,
    docs: "\
## What it means

The authority cannot read the refresh token.

## Why it happens

It was cut, or characters such as `!` and `*` in a personal account's token were changed by a shell or sent
without encoding.

## What to do

Send it percent-encoded in a form body. If it is damaged, sign in again.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    refusal::explain(facts, &RULE, "the refresh token is garbled")
}
