use crate::{Facts, Finding, Rule, Severity, Who, service};

pub(super) static RULE: Rule = Rule {
    id: "mailbox-permission-missing",
    severity: Severity::Error,
    order: 268,
    who: Who::TenantAdmin,
    docs: "\
## What it means

The token is good, and its user may not open this mailbox: another's, a shared one, or one known under another name.
Permissions in a token are one thing, rights in Exchange another; both are needed.

## Why it happens

`user=` names a shared mailbox, an alias, or somebody else. Or the application acts for a mailbox without the right
to.

## What to do

Name the mailbox by its user principal name. For a shared mailbox, an administrator grants Full Access:
`Add-MailboxPermission -Identity MAILBOX -User USER -AccessRights FullAccess`; it takes up to an hour.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    let finding = service::finding(facts, &RULE)?;
    Some(
        finding
            .help("an administrator runs `Add-MailboxPermission -Identity MAILBOX -User USER -AccessRights FullAccess`")
            .help("or name the mailbox by its owner's user principal name, and sign in as its owner"),
    )
}
