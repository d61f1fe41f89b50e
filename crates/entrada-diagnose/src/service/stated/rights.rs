//! Sentences that say that the caller lacks a right.

use super::value;
use crate::RuleId;
use crate::service::Hypothesis;
use crate::service::azure::{AzureService, roles_with};

/// Nouns that show that the right is one of Azure's roles, in lower case.
const OF_AZURE: [&str; 12] = [
    "azure rbac",
    "resource group",
    "role assignment",
    "subscription",
    "management group",
    "/subscriptions/",
    "access control (iam)",
    "contributor",
    "data action",
    "rbac",
    "microsoft.",
    "/providers/microsoft.",
];

/// Words that show that the token has to have the right, in lower case.
const OF_TOKEN: [&str; 6] = [
    "application role",
    "app role",
    "api required roles",
    "delegated permission",
    "application permission",
    "scope claim",
];

/// The causes, most important first.
pub(super) fn causes(
    text: &str,
    from: usize,
    to: usize,
    azure: Option<&'static AzureService>,
) -> Vec<Hypothesis> {
    let right = value::right(text, from, to);
    let named = |said: &str| match &right {
        Some(right) => format!("{said}: `{right}`"),
        None => said.to_owned(),
    };
    if let Some(service) = azure {
        let mut causes = service.forbidden();
        causes.truncate(1);
        if let (Some(told), Some(right)) = (causes.first_mut(), &right) {
            told.message = format!("{}: `{right}`", told.message);
        }
        return causes;
    }
    let near: String = text[from..].chars().take(400).collect();
    let near = near.to_ascii_lowercase();
    let is_azure = OF_AZURE.iter().any(|word| near.contains(word));
    let is_of_token = OF_TOKEN.iter().any(|word| near.contains(word));
    let roles = right.as_deref().and_then(|right| roles_with(&format!("{right}/")));
    let mut told = if is_of_token {
        Hypothesis::likely(
            RuleId::MissingAppRole,
            named("the API says that the token lacks a role or a permission of it"),
        )
        .help("for an application: an administrator grants the application permission that the text names (*API permissions*, type *Application*, then the consent) and gets a new token; for a managed identity `New-MgServicePrincipalAppRoleAssignment`")
        .help("for a user: request the delegated permission of that name")
    } else if let Some(roles) = roles.filter(|_| is_azure) {
        Hypothesis::likely(
            RuleId::AzureRoleMissing,
            named("the text says that the caller has no role of Azure that allows this"),
        )
        .help(format!("assign {roles} at the resource, its group or the subscription, and wait some minutes: `az role assignment create --assignee OBJECT_ID --role ROLE --scope SCOPE`"))
    } else if is_azure {
        Hypothesis::likely(
            RuleId::AzureRoleMissing,
            named("the text says that the caller has no role of Azure that allows this"),
        )
        .help("assign a role that allows it at the resource, its group or the subscription, and wait some minutes: `az role assignment create --assignee OBJECT_ID --role ROLE --scope SCOPE`")
    } else {
        Hypothesis::likely(
            RuleId::NotAboutTheToken,
            named("the service knows the caller, and says that it lacks a right there"),
        )
        .help("an administrator of that service gives the caller the right that the sentence names: a role or a membership in the service itself, which no new token replaces")
        .help("if the right is a scope or an app role of the API, it has to be in the token: give the token as well, `entrada diagnose ANSWER TOKEN`")
    };
    told.is_complete = true;
    vec![told]
}
