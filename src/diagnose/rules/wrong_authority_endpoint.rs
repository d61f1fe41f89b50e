use crate::diagnose::{Facts, Finding, Rule, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: "wrong-authority-endpoint",
    severity: Severity::Error,
    order: 127,
    who: Who::Developer,
    docs: "\
## What it means

`common`, `organizations`, `consumers` and a tenant's own address serve different accounts, and this one does
not serve this application.

## Why it happens

The registration admits only personal, only work, or only one tenant's accounts.

## What to do

Set `--tenant` to what the message names: `consumers` for personal accounts, `organizations` for work
accounts, the tenant's GUID for an application of one tenant.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    refusal::explain(
        facts,
        &RULE,
        "this kind of account or application needs another tenant segment",
    )
    .or_else(|| {
        let message = "the application may be registered for work accounts alone";
        refusal::may_be(facts, &RULE, message)
    })
}
