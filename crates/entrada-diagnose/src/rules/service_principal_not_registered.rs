use crate::{Facts, Finding, Rule, RuleId, Severity, Who};

pub(super) static RULE: Rule = Rule {
    id: RuleId::ServicePrincipalNotRegistered,
    severity: Severity::Error,
    who: Who::TenantAdmin,
    docs: "\
## What it means

The token acts for an application. Exchange accepts it for IMAP, POP and SMTP only if the application's service
principal is registered in Exchange and has a right on the mailbox.

## Why it happens

`New-ServicePrincipal` was not run in Exchange, or it was run with the wrong object id. It needs the object id
of the *enterprise application*, not that of the app registration. Both are called object id.

## What to do

An administrator runs `New-ServicePrincipal -AppId CLIENT_ID -ObjectId ENTERPRISE_APP_OBJECT_ID`, then
`Add-MailboxPermission -Identity MAILBOX -User SERVICE_PRINCIPAL -AccessRights FullAccess`.
",
    check: Rule::no_finding,
    advise,
};

fn advise(_facts: &Facts, finding: Finding) -> Finding {
    finding
            .help("an administrator runs `New-ServicePrincipal` with the object id of the enterprise application (not that of the app registration)")
            .help("then `Add-MailboxPermission -Identity MAILBOX -User SERVICE_PRINCIPAL -AccessRights FullAccess`")
}
