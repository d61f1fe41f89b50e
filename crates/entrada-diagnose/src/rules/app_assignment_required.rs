use crate::{Rule, RuleId, Severity, Who, registration};

pub(super) static RULE: Rule = Rule {
    id: RuleId::AppAssignmentRequired,
    severity: Severity::Warning,
    who: Who::TenantAdmin,
    docs: "\
## What it means

Only users who are assigned to the application may sign in. Other users get AADSTS50105. Users cannot consent to the
application's permissions themselves, whatever the tenant's policy says.

## Why it happens

*Assignment required* is set on the enterprise application (`appRoleAssignmentRequired`).

## What to do

An administrator assigns the user, or a group of the user, under *Users and groups* of the enterprise application, and
consents to the permissions for the organisation. Or an administrator sets *Assignment required* to *No*.
",
    check: registration::found_in_registration,
    advise: Rule::as_it_is,
};
