//! Sentences that say that the caller lacks a right.

use super::{Family, Meaning, value};
use crate::RuleId;
use crate::service::Hypothesis;
use crate::service::azure::{AzureService, roles_with};

/// The family of all sentences about a missing right.
pub(super) static RIGHTS: &[Family] =
    &[Family { sentences: SENTENCES, unless: UNLESS, bare: false, meaning: Meaning::MissingRight }];

macro_rules! callers {
    () => {
        "user|users|account|principal|caller|client|identity|application|app|you|member|credentials|credential|service account|connector|spn|service principal|managed identity|token|role|appid*|objectid*|object id"
    };
}

macro_rules! rights {
    () => {
        "permission*|privilege*|right|rights|role|roles|authorization|authorisation|access|entitlement*|action*|claim|claims|scope|scopes"
    };
}

const SENTENCES: &[&str] = &[
    concat!(
        callers!(),
        " .. does not have|doesn't have|do not have|don't have|did not have|has no|have no|lacks|lack|lacking|is missing|are missing|misses|is not granted|not been granted|was not granted|not assigned .. ",
        rights!()
    ),
    concat!(
        callers!(),
        " .. not authorized|not authorised|not allowed|not permitted|not entitled|cannot|can not|isn't allowed|isn't authorized|aren't allowed|unauthorized .. to access|to perform|to read|to write|to create|to delete|to manage|to use|to view|to execute|to query|to list|to get|to call|to sign|to assign|to deploy|to push|to pull|to run|to open|to download|to upload|to update|perform|for this|access this|read the|create the|list resource|get resource"
    ),
    concat!(
        "insufficient|not enough|inadequate|not sufficient|no sufficient|missing|lacks|lacking .. ",
        rights!()
    ),
    "permission|permissions|privilege|privileges|claims|claim|claim(s)|rights|role|access .. is required|are required|required|is needed|needed|is missing|missing|was denied|is denied|not granted|is not assigned .. to|for|on|in|by",
    "requires|require|need|needs|must have|must be assigned|needs to have|required to have .. permission*|privilege*|role|roles|rights|right|access",
    "permissiondenied|permission_denied|insufficientprivileges|insufficientpermissions|insufficientaccess*|accessdenied|accessdeniedexception|privilege_not_held|nopermission|authorization_denied",
    "access .. to|on|for .. denied|is denied|was denied|forbidden|refused",
    "you|user|caller .. no access|without access",
    "message\": \"no access|message: no access",
    "authorization failed|authorization failure|not authorized .. for|on|to .. resource|template resource|scope|operation|action",
    "missing|lacks|lack|without|no|required|requires .. application role*|app role*|api required roles|required roles|delegated permission*|application permission*",
    "not allowed|denied|forbidden|rejected|blocked .. by .. rbac|role-based access*|access control list|acl|authorization policy",
];

const UNLESS: &[&str] = &[
    "arn:aws",
    "googleapis",
    "aws",
    "publickey",
    "aadsts",
    "mfa",
    "multi-factor",
    "multifactor",
    "user declined",
    "access_denied",
    "admin consent",
    "root cause",
    "[errno 13]",
    "eacces",
    "keychain",
    "access token",
    "this directory or page",
    "no access to the internet",
];

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
