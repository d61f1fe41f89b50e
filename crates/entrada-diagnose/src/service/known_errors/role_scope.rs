//! The scope at which the caller has no Azure role, in the refusal of Azure Resource Manager.

use super::Hypothesis;
use crate::RuleId;
use crate::service::azure::{missing_right, roles_with};

/// Maximum length of a scope in bytes.
const SCOPE_MAX: usize = 400;

/// Adds what the scope in `text` shows: the root of the tenant is above all subscriptions and management groups, and needs a role of
/// its own.
pub(in super::super) fn refine(text: &str, told: &mut Hypothesis) {
    let Some(scope) = scope_in(text).filter(|_| told.id == RuleId::AzureRoleMissing) else {
        return;
    };
    if is_tenant_root(scope) {
        "the caller has no role at the root of the tenant (`/`), above all subscriptions and management groups; a role on a subscription does not suffice"
            .clone_into(&mut told.message);
        told.help = vec![
            "a global administrator elevates the own access (Entra admin center, *Properties*, *Access management for Azure resources*)".to_owned(),
            "then assigns the role there: `az role assignment create --assignee OBJECT_ID --role ROLE --scope /`; remove the elevated access afterwards".to_owned(),
            "or deploy to a management group or a subscription, if the deployment need not be one of the tenant".to_owned(),
        ];
        told.is_complete = true;
    } else if told.help.is_empty()
        && let Some(roles) = missing_right(text)
            .and_then(|right| right.action)
            .and_then(|action| roles_with(&action))
    {
        told.help.push(format!("the action is part of {roles}"));
    }
}

/// The scope that the refusal names: `over scope '/subscriptions/…'`.
fn scope_in(text: &str) -> Option<&str> {
    const BEFORE: [&str; 4] = ["over scope '", "over scope \\'", "over scope \"", "over scope `"];
    let (at, before) = BEFORE.iter().find_map(|before| Some((text.find(before)?, before)))?;
    let rest = text.get(at + before.len()..)?;
    let scope = rest.split(['\'', '"', '`', '\\', '\n']).next()?;
    (scope.starts_with('/') && scope.len() <= SCOPE_MAX).then_some(scope)
}

/// Whether `scope` is the root of a tenant, or a provider directly below it.
fn is_tenant_root(scope: &str) -> bool {
    let lower = scope.to_ascii_lowercase();
    lower == "/"
        || (lower.starts_with("/providers/")
            && !lower.starts_with("/providers/microsoft.management/managementgroups/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_root_of_the_tenant_needs_elevated_access() {
        for (scope, is_root) in [
            ("/", true),
            ("/providers/Microsoft.Resources/deployments/alz", true),
            ("/providers/Microsoft.Management/managementGroups/corp", false),
            ("/subscriptions/1/resourceGroups/a", false),
        ] {
            let text = format!(
                "does not have authorization to perform action 'a' over scope '{scope}' or"
            );
            let mut told = Hypothesis::certain(RuleId::AzureRoleMissing, "x");
            refine(&text, &mut told);
            assert_eq!(told.message != "x", is_root, "{scope}");
        }
    }
}
