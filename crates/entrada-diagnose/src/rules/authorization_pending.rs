use crate::{Facts, Finding, Rule, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: "authorization-pending",
    severity: Severity::Note,
    order: 100,
    who: Who::User,
    docs: "\
## What it means

Nothing is wrong: the sign-in has begun, and the user has not finished it in the browser yet.

## Why it happens

Every poll of a device-code sign-in is answered so until the user is done.

## What to do

Finish on the page. Whoever polls waits the interval (5 seconds unless told otherwise) and asks again, until the
code expires.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    refusal::explain(facts, &RULE, "the sign-in is still going on: the user has not finished")
}
