//! What a tenant holds for an application: its service principal, and the permissions that it was granted.

use super::RegistrationError;
use super::application::Accounts;
use super::document::{Member, Members, objects};

/// Whether the tenant has a service principal for the application.
#[derive(Clone, Debug, Default)]
pub(super) enum Presence {
    /// No file was given.
    #[default]
    Unknown,
    /// The tenant has none: the list is empty, or Microsoft Graph did not find it.
    Absent,
    /// The tenant has one.
    Present(Box<ServicePrincipal>),
}

/// The service principal of an application: its *enterprise application*.
#[derive(Clone, Debug, Default)]
pub(super) struct ServicePrincipal {
    pub(super) object_id: Option<Member<String>>,
    pub(super) client_id: Option<Member<String>>,
    pub(super) is_enabled: Option<Member<bool>>,
    pub(super) disabled_by_microsoft: Option<Member<String>>,
    pub(super) assignment_required: Option<Member<bool>>,
    /// The tenant of the registration.
    pub(super) owner: Option<Member<String>>,
    pub(super) accounts: Option<Member<Accounts>>,
    pub(super) kind: Option<Member<String>>,
}

impl ServicePrincipal {
    pub(super) fn read(members: Members) -> Self {
        Self {
            object_id: members.text("id").or_else(|| members.text("objectId")),
            client_id: members.text("appId"),
            // `null` is not "off" here.
            is_enabled: members
                .switch("accountEnabled")
                .filter(|_| members.get("accountEnabled").is_some_and(|value| !value.is_null())),
            disabled_by_microsoft: members.text("disabledByMicrosoftStatus"),
            assignment_required: members.switch("appRoleAssignmentRequired"),
            owner: members
                .text("appOwnerOrganizationId")
                .or_else(|| members.text("appOwnerTenantId")),
            accounts: members
                .text("signInAudience")
                .and_then(|text| Some(Member::new(text.path, Accounts::parse(&text.value)?))),
            kind: members.text("servicePrincipalType"),
        }
    }
}

/// A row of `oauth2PermissionGrants`: delegated permissions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DelegatedGrant {
    /// The object id of the client's service principal.
    pub(super) client: Option<String>,
    /// The user; `None` where the grant is for all users.
    pub(super) user: Option<String>,
    pub(super) scopes: Vec<String>,
}

/// A row of `appRoleAssignments`: one application permission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RoleAssignment {
    /// The object id of the client's service principal.
    pub(super) client: Option<String>,
    pub(super) role_id: String,
}

/// The permissions that were granted. A list that was not given is `None`.
#[derive(Clone, Debug, Default)]
pub(super) struct Grants {
    pub(super) delegated: Option<Vec<DelegatedGrant>>,
    pub(super) roles: Option<Vec<RoleAssignment>>,
}

impl Grants {
    /// Adds the rows in `text`. An empty list without the name of its kind counts for both kinds.
    pub(super) fn add(&mut self, text: &str) -> Result<(), RegistrationError> {
        let rows = objects(text)?;
        if rows.is_empty() {
            let is_of = |kind: &str| text.contains(kind);
            if !is_of("appRoleAssignments") {
                self.delegated.get_or_insert_default();
            }
            if !is_of("oauth2PermissionGrants") {
                self.roles.get_or_insert_default();
            }
            return Ok(());
        }
        for row in &rows {
            self.add_row(Members(row))?;
        }
        Ok(())
    }

    fn add_row(&mut self, row: Members) -> Result<(), RegistrationError> {
        let (delegated, roles) =
            (row.list("oauth2PermissionGrants"), row.list("appRoleAssignments"));
        if delegated.is_some() || roles.is_some() {
            // Both lists in one object.
            for (list, is_delegated) in [(delegated, true), (roles, false)] {
                let Some(list) = list else { continue };
                if is_delegated {
                    self.delegated.get_or_insert_default();
                } else {
                    self.roles.get_or_insert_default();
                }
                list.into_iter().try_for_each(|row| self.add_row(row))?;
            }
            return Ok(());
        }
        let text = |name| row.text(name).map(|text| text.value);
        if let Some(role_id) = text("appRoleId") {
            let assignment = RoleAssignment { client: text("principalId"), role_id };
            self.roles.get_or_insert_default().push(assignment);
            return Ok(());
        }
        let scopes = text("scope").filter(|_| row.has("clientId"));
        let Some(scopes) = scopes else { return Err(RegistrationError::NotGrants) };
        let is_for_all =
            text("consentType").is_some_and(|kind| kind.eq_ignore_ascii_case("AllPrincipals"));
        let user = (!is_for_all).then(|| text("principalId").unwrap_or_default());
        self.delegated.get_or_insert_default().push(DelegatedGrant {
            client: text("clientId"),
            user,
            scopes: scopes.split_whitespace().map(str::to_owned).collect(),
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_lists_of_grants_are_read_in_every_form() {
        let mut grants = Grants::default();
        grants
            .add(
                r#"{"value":[{"clientId":"c","consentType":"AllPrincipals","principalId":null,"resourceId":"r",
                    "scope":" Mail.Read  User.Read"}]}"#,
            )
            .unwrap();
        assert_eq!(grants.roles, None);
        grants.add(r#"[{"AppRoleId":"x","PrincipalId":"c"}]"#).unwrap();
        grants
            .add(r#"[{"clientId":"c","consentType":"Principal","principalId":"u","scope":"openid"}]"#)
            .unwrap();
        let delegated = grants.delegated.unwrap();
        assert_eq!(delegated[0].scopes, ["Mail.Read", "User.Read"]);
        assert_eq!((&delegated[0].user, delegated[1].user.as_deref()), (&None, Some("u")));
        assert_eq!(grants.roles.unwrap()[0].role_id, "x");
    }

    #[test]
    fn an_empty_list_shows_that_nothing_was_granted() {
        let of = |text: &str| {
            let mut grants = Grants::default();
            grants.add(text).unwrap();
            (grants.delegated.is_some(), grants.roles.is_some())
        };
        assert_eq!(of("[]"), (true, true));
        let context = |name: &str| {
            format!(
                r#"{{"@odata.context":"https://graph.microsoft.com/v1.0/$metadata#{name}","value":[]}}"#
            )
        };
        assert_eq!(of(&context("oauth2PermissionGrants")), (true, false));
        assert_eq!(of(&context("appRoleAssignments")), (false, true));
        assert_eq!(of(r#"{"id":"x","oauth2PermissionGrants":[]}"#), (true, false));
        assert_eq!(Grants::default().add(r#"{"appId":"x"}"#), Err(RegistrationError::NotGrants));
    }
}
