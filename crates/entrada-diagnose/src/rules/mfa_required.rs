use crate::{Facts, Finding, Rule, RuleId, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: RuleId::MfaRequired,
    severity: Severity::Error,
    who: Who::User,
    docs: "\
## What it means

The user must take another step in a browser, such as a second factor, before a token is issued.

## Why it happens

- The tenant's policy requires it.
- The last proof of identity is too old.
- The user has not registered a method yet.

A silent refresh cannot show a page to the user.

## What to do

Sign in again and complete the steps on the page. entrada sends the authority's `claims` with the request, so
that the new sign-in satisfies the policy.
",
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    let finding = refusal::explain(facts, &RULE, "the user must sign in interactively")?;
    let finding = refusal::sign_in_again(facts, finding);
    Some(finding)
}
