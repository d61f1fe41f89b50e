use crate::{Facts, Finding, Rule, RuleId, Severity, Who};

pub(super) static RULE: Rule = Rule {
    id: RuleId::PopDisabled,
    severity: Severity::Error,
    who: Who::TenantAdmin,
    docs: "\
## What it means

POP is disabled for the mailbox. No token can open the mailbox over POP.

## Why it happens

An administrator, or a plan for new mailboxes, disabled it. (A personal account has its own setting, in
Outlook's settings.)

## What to do

An administrator enables it: `Set-CASMailbox -Identity USER -PopEnabled $true`. The change takes up to an hour.
Or read mail through Graph: `--job graph-mail-read`.
",
    check: Rule::no_finding,
    advise,
};

fn advise(_facts: &Facts, finding: Finding) -> Finding {
    finding.help("an administrator runs `Set-CASMailbox -Identity USER -PopEnabled $true`; the change takes up to an hour")
}
