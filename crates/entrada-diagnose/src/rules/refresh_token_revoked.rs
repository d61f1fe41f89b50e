use crate::{Confidence, Facts, Finding, Rule, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: "refresh-token-revoked",
    severity: Severity::Error,
    order: 108,
    who: Who::User,
    docs: "\
## What it means

The authority knows the refresh token and does not honour it any more.

## Why it happens

The password was changed or reset, an administrator or the user revoked the sessions, or an authority that
rotates refresh tokens saw an old one again. An authority that says `invalid_grant` and no more may also mean that the
token has run out or belongs to another application; the finding is then only likely.

## What to do

Sign in again.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    let is_told = facts.refusal_cause()?.confidence == Confidence::Certain;
    let finding = refusal::explain(
        facts,
        &RULE,
        if is_told {
            "the refresh token has been revoked"
        } else {
            "the refresh token is not accepted any more: revoked, run out, or used before; the authority does not say which"
        },
    )?;
    let finding = refusal::sign_in_again(facts, finding);
    Some(finding)
}
