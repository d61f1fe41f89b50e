use crate::{Facts, Finding, Rule, RuleId, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: RuleId::RefreshTokenMalformed,
    severity: Severity::Error,
    who: Who::User,
    docs: "\
## What it means

The authority cannot read the refresh token.

## Why it happens

The token was truncated, or a shell changed characters such as `!` and `*` in a personal account's token, or the
token was sent without encoding.

## What to do

Send the token percent-encoded in a form body. If it is damaged, sign in again.
",
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    refusal::explain(facts, &RULE, "the refresh token is damaged")
}
