use crate::{Confidence, Facts, Finding, Rule, RuleId, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: RuleId::RefreshTokenRevoked,
    severity: Severity::Error,
    who: Who::User,
    docs: "\
## What it means

The authority no longer accepts the refresh token.

## Why it happens

- The password was changed or reset. That ends the tokens of a sign-in with that password; those of a sign-in
  with a passkey, a certificate or Windows Hello stay, unless an administrator reset the password in the Entra or
  Microsoft 365 admin center. A password that only expired ends nothing.
- An administrator or the user revoked the sessions. For a guest, only the home tenant can do that.
- An authority that rotates refresh tokens received an old one again.

An authority that answers only `invalid_grant` may also mean that the token has expired or belongs to another
application. In that case the finding is marked `likely`.

## What to do

Sign in again.
",
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    let is_certain = facts.refusal_cause()?.confidence == Confidence::Certain;
    let finding = refusal::explain(
        facts,
        &RULE,
        if is_certain {
            "the refresh token has been revoked"
        } else {
            "the authority no longer accepts the refresh token: it was revoked, has expired, or was used before; the answer does not say which"
        },
    )?;
    let finding = refusal::sign_in_again(facts, finding);
    Some(finding)
}
