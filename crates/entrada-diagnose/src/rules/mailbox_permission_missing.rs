use crate::{Facts, Finding, Rule, RuleId, Severity, Who};

pub(super) static RULE: Rule = Rule {
    id: RuleId::MailboxPermissionMissing,
    severity: Severity::Error,
    who: Who::TenantAdmin,
    docs: "\
## What it means

The token is good, but its user has no permission on this mailbox. Two things are needed: a permission in the
token, and a right on the mailbox in Exchange. The right is missing, or Exchange knows the mailbox under another
name.

## Why it happens

`user=` names a shared mailbox, an alias or another user, or the application has no right on the mailbox that it
acts for.

## What to do

Name the mailbox by its user principal name. For a shared mailbox, an administrator grants Full Access:
`Add-MailboxPermission -Identity MAILBOX -User USER -AccessRights FullAccess`. The change takes up to an hour.

Impersonation in Exchange Web Services (`ErrorImpersonateUserDenied`) needs a right of its own, which Full Access does
not include: `full_access_as_app`, or the role `Application EWS.AccessAsApp` (RBAC for Applications).
",
    check: Rule::no_finding,
    advise,
};

fn advise(_facts: &Facts, finding: Finding) -> Finding {
    finding
            .help("an administrator runs `Add-MailboxPermission -Identity MAILBOX -User USER -AccessRights FullAccess`")
            .help("or sign in as the owner of the mailbox, and name it by the owner's user principal name")
}
