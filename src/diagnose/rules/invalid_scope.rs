use crate::diagnose::{Facts, Finding, Rule, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: "invalid-scope",
    severity: Severity::Error,
    order: 128,
    who: Who::User,
    docs: "\
## What it means

A scope does not exist, is misspelt, or cannot stand beside the others.

## Why it happens

Commas instead of spaces, a wrong prefix, `.default` mixed with named scopes, or `outlook.office365.com` with
a personal account.

## What to do

Ask for full names of one API, such as `https://outlook.office.com/IMAP.AccessAsUser.All`; `--job` writes them
for you.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    refusal::explain(facts, &RULE, "the authority does not accept the scopes")
}
