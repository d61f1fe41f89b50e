use crate::{Facts, Finding, Rule, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: "device-polling-loop",
    severity: Severity::Error,
    order: 112,
    who: Who::Developer,
    docs: "\
## What it means

Entra saw the same request so often that it takes it for a loop.

## Why it happens

A program polls without waiting, refreshes at every call because it does not keep its tokens, or many
processes refresh at once.

## What to do

Stop, wait some minutes, then sign in once. Keep tokens and let one process refresh them: `entrada token` does
both.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    refusal::explain(facts, &RULE, "the authority stopped a request that came too often")
}
