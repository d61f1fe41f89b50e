use crate::{Facts, Finding, Rule, RuleId, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: RuleId::ClientSecretWrong,
    severity: Severity::Error,
    who: Who::Developer,
    docs: "\
## What it means

The authority does not recognise the client secret.

## Why it happens

Often the secret's *id* was copied instead of its *value*, or a shell or a configuration file changed a
character.

## What to do

Copy the secret's *Value* again and quote it. The portal shows the value only once, when the secret is created.
If it is lost, create a new secret.
",
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    refusal::explain(facts, &RULE, "the client secret is wrong")
}
