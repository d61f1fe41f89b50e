use crate::{Facts, Finding, Rule, RuleId, Severity, Who};

pub(super) static RULE: Rule = Rule {
    id: RuleId::NoMailboxLicense,
    severity: Severity::Error,
    who: Who::TenantAdmin,
    docs: "\
## What it means

The user has no mailbox in Exchange Online. The licence is missing or was removed, or the mailbox is on
premises. The token is good.

## Why it happens

Some accounts are in the directory without a mailbox that Graph, IMAP or EWS could open: accounts without a
licence, with a soft-deleted mailbox, or of a hybrid organisation. A tenant that never had Exchange has no
mailboxes.

## What to do

An administrator assigns a licence with Exchange Online and waits until the mailbox exists. For a mailbox on
premises, use that server's own address and sign-in.
",
    check: Rule::no_finding,
    advise,
};

fn advise(_facts: &Facts, finding: Finding) -> Finding {
    finding.help("ask an administrator to assign a licence with Exchange Online; for a mailbox on premises, use that server")
}
