use crate::{Facts, Finding, Rule, RuleId, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: RuleId::AuthCodeReused,
    severity: Severity::Error,
    who: Who::User,
    docs: "\
## What it means

An authorization code can be used once, within about one minute. This one was used before or is too old.

## Why it happens

- The page was reloaded.
- The answer to the first use was lost.
- The sign-in took too long.

## What to do

Start the sign-in again.
",
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    let finding =
        refusal::explain(facts, &RULE, "the authorization code was used before, or is too old")?;
    let finding = refusal::sign_in_again(facts, finding);
    Some(finding)
}
