use crate::{Facts, Finding, Rule, Severity, Who, service};

pub(super) static RULE: Rule = Rule {
    id: "exchange-policy-block",
    severity: Severity::Error,
    order: 272,
    who: Who::TenantAdmin,
    docs: "\
## What it means

Exchange keeps the application out, although the token is good: EWS is switched off or the application is not on the
list, or an application access policy (or RBAC for applications) does not cover the mailbox.

## Why it happens

EWS is being retired: since October 2026 an application has to be on the tenant's list (`EwsAllowedAppIDs`), and in April
2027 it ends. Application access policies limit which mailboxes an application with roles may open.

## What to do

An administrator looks at `Get-CASMailbox USER | fl EWS*`, `Get-OrganizationConfig | fl EWS*` and
`Test-ApplicationAccessPolicy -Identity MAILBOX -AppId CLIENT_ID`. Applications on EWS have to move to Graph.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    let finding = service::finding(facts, &RULE)?;
    Some(
        finding
            .help("an administrator looks at `Test-ApplicationAccessPolicy -Identity MAILBOX -AppId CLIENT_ID` and at the `Ews*` settings of mailbox and organisation")
            .help("applications on EWS have to move to Graph: it ends in April 2027"),
    )
}
