use crate::{Facts, Finding, Rule, Severity, Who, service};

pub(super) static RULE: Rule = Rule {
    id: "azure-role-missing",
    severity: Severity::Error,
    order: 274,
    who: Who::TenantAdmin,
    docs: "\
## What it means

Azure knows who calls and takes the token. Whoever it is has no role (Azure RBAC) that allows this action on this
resource.

## Why it happens

Roles are given on subscriptions, resource groups and resources, not in the token: no scope and no sign-in changes
them. A role that was given a minute ago may not have arrived yet.

## What to do

Have an owner of the subscription or resource give the role: `az role assignment create --assignee OBJECT_ID --role ROLE
--scope SCOPE`. Then wait some minutes and sign in again.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    let finding = service::finding(facts, &RULE)?;
    Some(finding.help("have an owner of the resource give the caller a role that allows the action (`az role assignment create`)"))
}
