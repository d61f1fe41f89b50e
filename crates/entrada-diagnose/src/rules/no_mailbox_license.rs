use crate::{Facts, Finding, Rule, Severity, Who, service};

pub(super) static RULE: Rule = Rule {
    id: "no-mailbox-license",
    severity: Severity::Error,
    order: 267,
    who: Who::TenantAdmin,
    docs: "\
## What it means

The user has no mailbox in Exchange Online: no licence, one that was removed, or a mailbox on premises. The token is
fine.

## Why it happens

Accounts without a licence, with a soft-deleted mailbox, or of a hybrid organisation are in the directory and have no
mailbox that Graph, IMAP or EWS could open. A tenant that never had Exchange has none at all.

## What to do

An administrator assigns a licence with Exchange Online, and waits until the mailbox is there. For a mailbox on
premises, use that server's own address and sign-in.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    let finding = service::finding(facts, &RULE)?;
    Some(
        finding.help("an administrator assigns a licence with Exchange Online; for a mailbox on premises, use that server"),
    )
}
