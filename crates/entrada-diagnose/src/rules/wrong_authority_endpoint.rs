use crate::{Facts, Finding, Rule, Severity, Who, refusal};
use entrada_core::entra::known;
use entrada_core::entra::permissions;

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
    .or_else(|| before_asking(facts))
}

/// B18: scopes that personal accounts do not have, asked where only they sign in.
fn before_asking(facts: &Facts) -> Option<Finding> {
    let requested = facts.request()?;
    let tenant = facts.context().tenant.as_deref()?;
    let api = requested.api();
    let work_only = api.iter().find(|scope| {
        permissions::find(scope).and_then(|permission| permission.personal_accounts) == Some(false)
    });
    let scope = work_only.filter(|_| known::is_consumers(tenant))?;
    Some(
        RULE.finding(format!(
            "`{scope}` is for work and school accounts, and `{tenant}` is for personal ones"
        ))
        .with_evidence("tenant", tenant)
        .help("sign in at the organisation: `--tenant organizations`, or its domain"),
    )
}
