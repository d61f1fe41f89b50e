use crate::{Facts, Finding, Rule, RuleId, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: RuleId::RefreshTokenExpired,
    severity: Severity::Error,
    who: Who::User,
    docs: "\
## What it means

The refresh token has expired: it is too old, or it was not used for too long.

## Why it happens

- With Entra, a refresh token expires after 90 days without use. A token that is used is replaced in time.
- A sign-in frequency policy ends it earlier. If the policy is for one API (AADSTS70043), the token may still serve
  others. If it is for all (AADSTS70045), the token never works again.
- A guest who signs in with codes by e-mail has to sign in every 24 hours.

## What to do

Sign in again. If this happens every few hours or days, ask the administrator about sign-in frequency.
",
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    let finding = refusal::explain(facts, &RULE, "the refresh token has expired")?;
    let finding = refusal::sign_in_again(facts, finding);
    Some(finding)
}
