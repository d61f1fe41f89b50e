use crate::{Facts, Finding, Rule, Severity, Who, service};

pub(super) static RULE: Rule = Rule {
    id: "pop-disabled",
    severity: Severity::Error,
    order: 266,
    who: Who::TenantAdmin,
    docs: "\
## What it means

The mailbox has POP switched off. No token opens it there.

## Why it happens

An administrator, or a plan for new mailboxes, switched it off. (A personal account has a switch of its own, in
Outlook's settings.)

## What to do

An administrator turns it on: `Set-CASMailbox -Identity USER -PopEnabled $true`. It takes up to an hour. Or read
through Graph: `--job graph-mail-read`.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    let finding = service::finding(facts, &RULE)?;
    Some(
        finding.help("an administrator runs `Set-CASMailbox -Identity USER -PopEnabled $true`, and waits up to an hour"),
    )
}
