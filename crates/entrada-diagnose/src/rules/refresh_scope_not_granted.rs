use crate::{Facts, Finding, Rule, RuleId, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: RuleId::RefreshScopeNotGranted,
    severity: Severity::Error,
    who: Who::User,
    docs: "\
## What it means

The refresh token is good, but the refresh requested scopes that were not granted with it. Personal accounts are
strict about this.

## Why it happens

The refresh names another API or a new permission that the user never consented to.

## What to do

Sign in once with the new scopes, or refresh with the old ones. Keep the refresh token.
",
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    let finding = refusal::explain(
        facts,
        &RULE,
        "the refresh requested scopes that the sign-in did not grant",
    )?;
    let finding = refusal::sign_in_again(facts, finding);
    Some(finding)
}
