use crate::{Facts, Finding, Rule, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: "client-secret-wrong",
    severity: Severity::Error,
    order: 141,
    who: Who::Developer,
    docs: "\
## What it means

The authority does not know the secret that was sent.

## Why it happens

Often the secret's *id* was copied instead of its *value*, or a shell or a configuration file changed a
character.

## What to do

Copy the secret's *Value* anew (it is shown once, when it is made), and quote it.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    refusal::explain(facts, &RULE, "the client secret is wrong")
}
