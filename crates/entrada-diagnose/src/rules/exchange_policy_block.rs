use crate::{Facts, Finding, Rule, RuleId, Severity, Who};

pub(super) static RULE: Rule = Rule {
    id: RuleId::ExchangePolicyBlock,
    severity: Severity::Error,
    who: Who::TenantAdmin,
    docs: "\
## What it means

Exchange blocks the application, although the token is good. There are two possible reasons:

- EWS is disabled, or the application is not on the list of allowed applications.
- An application access policy (or RBAC for applications) does not cover the mailbox.

## Why it happens

EWS is being retired: since October 2026 an application must be on the tenant's list (`EwsAllowedAppIDs`), and
EWS ends in April 2027. Application access policies limit which mailboxes an application with roles may open.

## What to do

An administrator runs `Get-CASMailbox USER | fl EWS*`, `Get-OrganizationConfig | fl EWS*` and
`Test-ApplicationAccessPolicy -Identity MAILBOX -AppId CLIENT_ID`. Move applications from EWS to Graph.
",
    check: Rule::no_finding,
    advise,
};

fn advise(_facts: &Facts, finding: Finding) -> Finding {
    finding
            .help("an administrator runs `Test-ApplicationAccessPolicy -Identity MAILBOX -AppId CLIENT_ID` and checks the `Ews*` settings of the mailbox and the organisation")
            .help("move applications from EWS to Graph: EWS ends in April 2027")
}
