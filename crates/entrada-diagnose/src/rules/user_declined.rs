use crate::{Facts, Finding, Rule, RuleId, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: RuleId::UserDeclined,
    severity: Severity::Error,
    who: Who::User,
    docs: "\
## What it means

The user pressed *Cancel* on the sign-in page, or refused to consent.

## Why it happens

The user decided against it, used the wrong account, or found that the application asks for too many
permissions.

## What to do

Sign in again and accept, or request fewer scopes. If you did not start this sign-in, declining it was right.
",
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    let finding = refusal::explain(facts, &RULE, "the sign-in was declined in the browser")?;
    let finding = refusal::sign_in_again(facts, finding);
    Some(finding)
}
