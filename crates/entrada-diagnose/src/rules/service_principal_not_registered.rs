use crate::{Facts, Finding, Rule, Severity, Who, service};

pub(super) static RULE: Rule = Rule {
    id: "service-principal-not-registered",
    severity: Severity::Error,
    order: 269,
    who: Who::TenantAdmin,
    docs: "\
## What it means

The token acts for an application. Exchange lets it into IMAP, POP and SMTP only when the application's service principal
is known there and has a right on the mailbox.

## Why it happens

`New-ServicePrincipal` was not run in Exchange, or with the wrong object id: it wants the one of the *enterprise
application*, not of the app registration, although both are called object id.

## What to do

`New-ServicePrincipal -AppId CLIENT_ID -ObjectId ENTERPRISE_APP_OBJECT_ID`, then `Add-MailboxPermission -Identity
MAILBOX -User SERVICE_PRINCIPAL -AccessRights FullAccess`.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    let finding = service::finding(facts, &RULE)?;
    Some(
        finding
            .help("an administrator runs `New-ServicePrincipal` with the object id of the enterprise application (not that of the registration)")
            .help("then `Add-MailboxPermission -Identity MAILBOX -User SERVICE_PRINCIPAL -AccessRights FullAccess`"),
    )
}
