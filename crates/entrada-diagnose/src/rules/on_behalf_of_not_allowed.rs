use crate::{Facts, Finding, Rule, RuleId, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: RuleId::OnBehalfOfNotAllowed,
    severity: Severity::Error,
    who: Who::Developer,
    docs: "\
## What it means

The on-behalf-of grant exchanges a user's token for a token of a further API. This application may not use it.

## Why it happens

The application is not the audience of the token, is a public client, or is not registered as an API.

## What to do

Use a confidential client that is registered as the API whose token is exchanged.
",
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    refusal::explain(
        facts,
        &RULE,
        "the application may not exchange a user's token for another one",
    )
}
