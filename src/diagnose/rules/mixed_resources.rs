use crate::diagnose::{Facts, Finding, Rule, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: "mixed-resources",
    severity: Severity::Error,
    order: 129,
    who: Who::User,
    docs: "\
## What it means

A token is for one API only, and the scopes of the request belong to more than one.

## Why it happens

Scopes for Graph and for Exchange, say, were asked for together.

## What to do

Ask once for each API. One sign-in is enough: `entrada token --job imap` uses the same refresh token.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    refusal::explain(facts, &RULE, "one request named scopes of several APIs")
}
