use crate::{Facts, Finding, Rule, RuleId, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: RuleId::AuthorizationPending,
    severity: Severity::Note,
    who: Who::User,
    docs: "\
## What it means

Nothing is wrong. The sign-in has started, and the user has not finished it in the browser yet.

## Why it happens

The authority gives this answer to every poll of a device code sign-in until the user has finished.

## What to do

Finish the sign-in on the page. The client waits for the interval (5 seconds unless the authority gave another
one) and polls again, until the code expires.
",
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    refusal::explain(facts, &RULE, "the user has not finished the sign-in yet")
}
