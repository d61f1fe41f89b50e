use crate::{Facts, Finding, Rule, RuleId, Severity, Who};

pub(super) static RULE: Rule = Rule {
    id: RuleId::AzureRoleMissing,
    severity: Severity::Error,
    who: Who::TenantAdmin,
    docs: "\
## What it means

Azure accepts the token and knows the caller. The caller has no Azure role (Azure RBAC) that allows this action
on this resource.

## Why it happens

Azure roles are assigned on subscriptions, resource groups and resources. They are not in the token, so no scope
and no new sign-in changes them. A role that was assigned a minute ago may not be effective yet.

## What to do

Ask an owner of the subscription or resource to assign the role:
`az role assignment create --assignee OBJECT_ID --role ROLE --scope SCOPE`. Then wait some minutes and sign in
again.
",
    check: Rule::no_finding,
    advise,
};

fn advise(_facts: &Facts, finding: Finding) -> Finding {
    finding.help("ask an owner of the resource to assign the caller a role that allows the action (`az role assignment create`)")
}
