use crate::{Facts, Finding, Rule, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: "refresh-scope-not-granted",
    severity: Severity::Error,
    order: 104,
    who: Who::User,
    docs: "\
## What it means

The refresh token is fine; the scopes asked with it are not part of what was granted. Personal accounts are
strict about this.

## Why it happens

The refresh names another API or a new permission that the user never saw.

## What to do

Sign in once with the new scopes, or refresh with the old ones. Keep the refresh token.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    let finding = refusal::explain(
        facts,
        &RULE,
        "the refresh asked for scopes that the sign-in never granted",
    )?;
    let finding = refusal::sign_in_again(facts, finding);
    Some(finding)
}
