use crate::{Facts, Finding, Rule, RuleId, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: RuleId::DevicePollingLoop,
    severity: Severity::Error,
    who: Who::Developer,
    docs: "\
## What it means

Entra received the same request so often that it treats it as a loop.

## Why it happens

- A program polls without waiting.
- A program refreshes at every call because it does not store its tokens.
- Many processes refresh at the same time.

## What to do

Stop, wait some minutes, then sign in once. Store the tokens and let one process refresh them. `entrada token`
does both.
",
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    refusal::explain(facts, &RULE, "the authority stopped a request that was repeated too often")
}
