//! The permission of a call to the directory that a client library names instead of an address: `ApplicationsClient#Create`,
//! `UsersClient.BaseClient.Post()`, `az ad sp create`.

use super::Hypothesis;
use crate::RuleId;

/// Names of operations, in lower case, and the permission of an application that suffices. The first match counts.
const PERMISSIONS: [(&[&str], &str); 12] = [
    (
        &["approleassign", "app_role_assignment", "app role assignment"],
        "AppRoleAssignment.ReadWrite.All",
    ),
    (
        &[
            "delegatedpermissiongrant",
            "oauth2permissiongrant",
            "oauth2_permission_grant",
            "admin-consent",
        ],
        "DelegatedPermissionGrant.ReadWrite.All",
    ),
    (
        &["conditionalaccess", "conditional_access"],
        "Policy.ReadWrite.ConditionalAccess` and `Policy.Read.All",
    ),
    (
        &[
            "directoryrole",
            "directory_role",
            "rolemanagement",
            "roleeligib",
            "roledefinitionsclient",
        ],
        "RoleManagement.ReadWrite.Directory",
    ),
    (&["administrativeunit", "administrative_unit"], "AdministrativeUnit.ReadWrite.All"),
    (
        &["federatedidentity", "federated_identity"],
        "Application.ReadWrite.OwnedBy` as an owner, or `Application.ReadWrite.All",
    ),
    (
        &["serviceprincipalsclient", "service_principal", "az ad sp", "azadserviceprincipal"],
        "Application.ReadWrite.All",
    ),
    (
        &[
            "applicationsclient",
            "azuread_application",
            "az ad app",
            "azadapplication",
            "application_password",
        ],
        "Application.ReadWrite.All",
    ),
    (&["groupsclient", "azuread_group", "az ad group", "azadgroup"], "Group.ReadWrite.All"),
    (&["usersclient", "azuread_user", "az ad user", "azaduser"], "User.ReadWrite.All"),
    (&["domainsclient", "azuread_domains"], "Domain.Read.All"),
    (&["policiesclient", "_policy\""], "Policy.ReadWrite.ApplicationConfiguration"),
];

/// Words for an operation that reads, in lower case.
const READS: [&str; 10] = [
    "#get",
    "#list",
    ".get()",
    ".list()",
    "listing ",
    "reading ",
    "retrieving ",
    "finding ",
    "data.azuread",
    " list",
];

/// The permission of the operation that `lower`, a text in lower case, names where the directory refused it.
pub(crate) fn permission(lower: &str) -> Option<String> {
    let refuses = lower.contains("authorization_requestdenied")
        || lower.contains("insufficient privileges to complete the operation");
    let named = |(names, _): &&(&[&str], &str)| names.iter().any(|name| lower.contains(name));
    let (_, permission) = PERMISSIONS.iter().find(named).filter(|_| refuses)?;
    let reads = READS.iter().any(|word| lower.contains(word));
    Some(if reads {
        permission.replace("ReadWrite.All", "Read.All")
    } else {
        (*permission).to_owned()
    })
}

/// The cause where the directory refused an operation that needs `permission`.
pub(super) fn missing(permission: &str) -> Hypothesis {
    let mut told = Hypothesis::likely(
        RuleId::MissingAppRole,
        format!("the directory refuses the operation: the caller lacks the permission `{permission}`, or as a user a role in the directory"),
    )
    .help(format!("an administrator grants the application `{permission}` of Microsoft Graph (*API permissions*, type *Application*, then the consent) and gets a new token; a tool on the old Azure AD Graph has to be updated first"))
    .help("a user, or an application without that permission, needs a role instead: `Application Administrator` for applications, `Groups Administrator` for groups, `User Administrator` for users; roles on subscriptions do not count");
    told.is_complete = true;
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operation_decides_the_permission() {
        for (text, expected) in [
            (
                "graphrbac.applicationsclient#create: authorization_requestdenied",
                "Application.ReadWrite.All",
            ),
            ("usersclient.baseclient.post(): authorization_requestdenied", "User.ReadWrite.All"),
            (
                "authorization_requestdenied with azuread_app_role_assignment.a",
                "AppRoleAssignment.ReadWrite.All",
            ),
            ("listing groups: groupsclient: authorization_requestdenied", "Group.Read.All"),
        ] {
            assert_eq!(permission(text).as_deref(), Some(expected), "{text}");
        }
        assert!(permission("insufficient privileges to complete the operation.").is_none());
        assert!(permission("the usersclient is fine").is_none());
    }
}
