use crate::{Facts, Finding, Rule, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: "mfa-required",
    severity: Severity::Error,
    order: 106,
    who: Who::User,
    docs: "\
## What it means

A second factor, or another step that only a person in front of a browser can take, is needed before a token
is issued.

## Why it happens

The policy of the tenant asks for it, the last proof is too old, or the user has not registered a method yet.
A silent refresh cannot answer.

## What to do

Sign in again and finish what the page asks for. The authority's `claims` go back with the request, so that
the new sign-in satisfies the policy.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    let finding =
        refusal::explain(facts, &RULE, "the authority wants the user to sign in interactively")?;
    let finding = refusal::sign_in_again(facts, finding);
    Some(finding)
}
