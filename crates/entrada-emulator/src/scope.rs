//! Parses the requested scopes and their API.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use super::account::EmulatedAccount;
use super::refusal::EntraError;
use entrada_core::OIDC_SCOPES;
use entrada_core::entra::permission_ids::PermissionKind;
use entrada_core::entra::resources::{self, Resource};
use entrada_core::entra::{graph, permission_ids, permissions};

/// An API that the emulator issues tokens for: core's facts about it, and what only an authority needs.
#[derive(Debug)]
pub(super) struct EmulatedResource {
    facts: &'static Resource,
    /// The number of the audience inside compact tokens of personal accounts; `None` if they get no token for this API.
    pub(super) site: Option<u32>,
    /// The delegated permissions that it publishes in addition to those of core's tables.
    permissions: &'static [&'static str],
    /// The scopes of `.default` before any consent.
    defaults: &'static [&'static str],
    /// The application permissions of a registration that has every one.
    every_role: Option<&'static [&'static str]>,
}

pub(super) static GRAPH: EmulatedResource = EmulatedResource {
    facts: &resources::GRAPH,
    site: Some(293_577),
    permissions: &[],
    defaults: &["User.Read", "Mail.Read"],
    every_role: None,
};
pub(super) static EXCHANGE: EmulatedResource = EmulatedResource {
    facts: &resources::EXCHANGE,
    site: Some(292_841),
    // Missing in the export of the service principal that core's table is from.
    permissions: &["EAS.AccessAsUser.All"],
    defaults: &[
        "IMAP.AccessAsUser.All",
        "POP.AccessAsUser.All",
        "SMTP.Send",
        "EWS.AccessAsUser.All",
    ],
    every_role: None,
};

/// What the Azure CLI and Azure PowerShell get of Graph: their scopes are fixed, without any of mail.
const AZURE_TOOLS: &[&str] = &[
    "AuditLog.Read.All",
    "Directory.AccessAsUser.All",
    "Group.ReadWrite.All",
    "User.ReadWrite.All",
];

/// Every API of core's table. Those without a table of permissions publish `user_impersonation`.
fn known_resources() -> &'static [&'static EmulatedResource] {
    static ALL: LazyLock<Vec<&'static EmulatedResource>> = LazyLock::new(|| {
        let emulated = |facts: &&'static Resource| -> &'static EmulatedResource {
            match *facts {
                facts if *facts == resources::GRAPH => &GRAPH,
                facts if *facts == resources::EXCHANGE => &EXCHANGE,
                facts => {
                    Box::leak(Box::new(EmulatedResource::with(facts, &["user_impersonation"])))
                }
            }
        };
        resources::ALL.iter().map(emulated).collect()
    });
    &ALL
}

impl EmulatedResource {
    /// An API for work accounts that publishes these permissions. `.default` stands for all of them.
    pub(super) const fn with(facts: &'static Resource, all: &'static [&'static str]) -> Self {
        Self { facts, site: None, permissions: all, defaults: all, every_role: None }
    }

    /// The same API with one more permission. It lives as long as the process.
    pub(super) fn and(&self, permission: &str) -> &'static Self {
        let name: &'static str = permission.to_owned().leak();
        let mut permissions = self.permissions.to_vec();
        permissions.push(name);
        Box::leak(Box::new(Self { permissions: permissions.leak(), ..*self }))
    }

    /// The same API for a registration that has every permission, which `.default` then stands for. `None` where the permissions
    /// are not on record, and where it is done. It lives as long as the process.
    pub(super) fn with_every_permission(&self) -> Option<&'static Self> {
        let published = permission_ids::of_api(self.facts)?;
        if self.every_role.is_some() {
            return None;
        }
        let mut delegated = self.defaults.to_vec();
        let mut roles = self.app_roles().to_vec();
        if *self.facts == resources::GRAPH {
            // All of them would make a token of 20 KiB. These suffice for each call.
            for call in graph::all() {
                delegated.extend(call.work.least().map(|least| least.name));
                roles.extend(call.application.least().map(|least| least.name));
            }
        } else {
            let named = |kind: PermissionKind| {
                published.iter().filter(move |one| one.id(kind).is_some()).map(|one| one.name)
            };
            delegated.extend(named(PermissionKind::Delegated));
            roles.extend(named(PermissionKind::Application));
        }
        let (defaults, roles) = (each_once(delegated), each_once(roles));
        Some(Box::leak(Box::new(Self { defaults, every_role: Some(roles), ..*self })))
    }

    /// The API whose tokens have this `aud`: one of `own`, or of Microsoft's.
    pub(super) fn of_audience(aud: &str, own: &[&'static Self]) -> Option<&'static Self> {
        if let Some(own) = own.iter().find(|resource| resource.is_audience(aud)) {
            return Some(own);
        }
        let facts = resources::of_audience(aud)?;
        known_resources().iter().copied().find(|resource| resource.facts == facts)
    }

    /// The application ID of the API.
    pub(super) fn app_id(&self) -> &'static str {
        self.facts.app_id
    }

    /// Its best-known name as `aud`.
    pub(super) fn audience(&self) -> &'static str {
        self.facts.audience()
    }

    /// Whether `aud` identifies this API.
    pub(super) fn is_audience(&self, aud: &str) -> bool {
        self.facts.accepts(aud)
    }

    /// Whether only the API itself can check the signature of its tokens, as with Graph, Exchange and SharePoint: their header
    /// has a `nonce` that the signature does not cover as it stands.
    pub(super) fn is_the_only_checker(&self) -> bool {
        [&GRAPH, &EXCHANGE].contains(&self)
    }

    /// The permission of this name, in Entra's spelling.
    pub(super) fn permission(&self, name: &str) -> Option<&'static str> {
        let of_graph = if *self.facts == resources::GRAPH { permissions::all() } else { &[] };
        let published = permission_ids::of_api(self.facts).unwrap_or_default();
        let published = published.iter().filter(|permission| permission.delegated_id.is_some());
        of_graph
            .iter()
            .map(|permission| permission.name)
            .chain(published.map(|permission| permission.name))
            .chain(self.permissions.iter().copied())
            .find(|own| own.eq_ignore_ascii_case(name))
    }

    /// The application permissions that an application has without a user.
    pub(super) fn app_roles(&self) -> &'static [&'static str] {
        if let Some(every) = self.every_role {
            return every;
        }
        match self.facts {
            facts if *facts == resources::GRAPH => {
                &["User.Read.All", "Mail.Read", "Organization.Read.All"]
            }
            facts if *facts == resources::EXCHANGE => {
                &["IMAP.AccessAsApp", "POP.AccessAsApp", "SMTP.SendAsApp", "full_access_as_app"]
            }
            _ => &[],
        }
    }
}

fn each_once(names: Vec<&'static str>) -> &'static [&'static str] {
    let mut seen = BTreeSet::new();
    names.into_iter().filter(|name| seen.insert(*name)).collect::<Vec<_>>().leak()
}

impl PartialEq for EmulatedResource {
    fn eq(&self, other: &Self) -> bool {
        self.facts == other.facts
    }
}

/// The parsed scopes of one token request.
#[derive(Clone, Debug)]
pub(super) struct RequestedScopes {
    pub(super) resource: &'static EmulatedResource,
    /// The API prefix in the request, with its trailing slash; empty for Graph's short names.
    pub(super) prefix: String,
    /// Short names, in Entra's spelling.
    pub(super) names: Vec<&'static str>,
    /// Whether `.default` was requested.
    pub(super) default: bool,
    /// The requested scopes of [`OIDC_SCOPES`].
    pub(super) oidc: Vec<&'static str>,
    /// What `.default` stands for.
    defaults: &'static [&'static str],
}

impl RequestedScopes {
    /// The `aud` claim: the API as the request named it. An identifier that ends in a slash keeps it.
    pub(super) fn audience(&self) -> String {
        if self.prefix.is_empty() {
            self.resource.app_id().to_owned()
        } else {
            self.prefix.strip_suffix('/').unwrap_or(&self.prefix).to_owned()
        }
    }

    /// Limits `.default` to the fixed scopes of the Azure CLI and Azure PowerShell.
    pub(super) fn limit_to_azure_tools(&mut self) {
        if self.resource == &GRAPH {
            self.defaults = AZURE_TOOLS;
        }
    }

    /// Whether this sign-in scope was requested.
    pub(super) fn has_oidc_scope(&self, scope: &str) -> bool {
        self.oidc.contains(&scope)
    }

    /// Whether only sign-in scopes were requested.
    pub(super) fn is_oidc_only(&self) -> bool {
        self.names.is_empty() && !self.default
    }

    /// The scopes of the API: those requested, or those that `.default` stands for.
    pub(super) fn api_scopes(&self) -> Vec<&'static str> {
        if self.default { self.defaults.to_vec() } else { self.names.clone() }
    }
}

/// How scopes of several APIs are handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SeveralApis {
    /// AADSTS28000, as in the redemption of a code.
    Refused,
    /// The first API counts, as in a refresh, and on the authorize page, which only collects consent.
    FirstCounts,
}

/// Reads a `scope` parameter, at an authority that has the APIs `own` in addition to Microsoft's.
pub(super) fn parse(
    scope: &str,
    several: SeveralApis,
    own: &[&'static EmulatedResource],
) -> Result<RequestedScopes, EntraError> {
    let mut wanted = RequestedScopes {
        resource: &GRAPH,
        prefix: String::new(),
        names: Vec::new(),
        default: false,
        oidc: Vec::new(),
        defaults: GRAPH.defaults,
    };
    let mut first: Option<&'static EmulatedResource> = None;
    for scope in scope.split(' ').filter(|scope| !scope.is_empty()) {
        if scope.contains([',', '\n', '\r', '\t', ';', '"', '\\']) {
            return Err(bad_scope(scope));
        }
        if let Some(oidc) = OIDC_SCOPES.iter().find(|oidc| oidc.eq_ignore_ascii_case(scope)) {
            wanted.oidc.push(oidc);
            continue;
        }
        let (resource, prefix, name) = split(scope, own)?;
        match first {
            None => {
                first = Some(resource);
                wanted.resource = resource;
                wanted.defaults = resource.defaults;
                prefix.clone_into(&mut wanted.prefix);
            }
            Some(first) if first == resource => (),
            Some(_) if several == SeveralApis::FirstCounts => continue,
            Some(_) => {
                let text = format!(
                    "Provided value for the input parameter scope is not valid because it contains more than \
                             one resource. Scope {scope} is not valid."
                );
                return Err(EntraError::with("invalid_request", 28_000, text));
            }
        }
        if name.eq_ignore_ascii_case(".default") {
            wanted.default = true;
        } else {
            let known = permission(resource, name)?;
            if !wanted.names.contains(&known) {
                wanted.names.push(known);
            }
        }
    }
    if wanted.default && !wanted.names.is_empty() {
        return Err(bad_scope(scope));
    }
    Ok(wanted)
}

/// The API, the prefix as written, and the short name.
fn split<'a>(
    scope: &'a str,
    own: &[&'static EmulatedResource],
) -> Result<(&'static EmulatedResource, &'a str, &'a str), EntraError> {
    let (prefix, audience, name) = parts(scope);
    if audience.is_empty() {
        let extended = own.iter().copied().find(|resource| **resource == GRAPH);
        return Ok((extended.unwrap_or(&GRAPH), "", scope));
    }
    let unknown = || {
        let text = format!(
            "The resource principal named {audience} was not found in the tenant named Contoso. This can happen if the \
             application has not been installed by the administrator of the tenant or consented to by any user in the \
             tenant. You might have sent your authentication request to the wrong tenant."
        );
        EntraError::with("invalid_resource", 500_011, text)
    };
    let resource = EmulatedResource::of_audience(audience, own).ok_or_else(unknown)?;
    Ok((resource, prefix, name))
}

/// The prefix as written, the API that it names, and the short name.
pub(super) fn parts(scope: &str) -> (&str, &str, &str) {
    let name = resources::short_name(scope);
    let prefix = scope.strip_suffix(name).unwrap_or_default();
    (prefix, prefix.trim_end_matches('/'), name)
}

/// The scopes that a request of version 1 stands for: everything of `resource`, and the sign-in.
pub(super) fn of_resource(resource: &str) -> String {
    format!("{resource}/.default openid profile offline_access")
}

fn permission(resource: &'static EmulatedResource, name: &str) -> Result<&'static str, EntraError> {
    resource.permission(name).ok_or_else(|| {
        let text = format!(
            "The application 'entrada' asked for scope '{name}' that doesn't exist on the resource '{}'. Contact the \
             app vendor.",
            resource.app_id()
        );
        EntraError::with("invalid_client", 650_053, text)
    })
}

fn bad_scope(scope: &str) -> EntraError {
    let text = format!(
        "The provided request must include a 'scope' input parameter. The provided value for the input parameter \
         'scope' is not valid. The scope {scope} is not valid."
    );
    EntraError::with("invalid_scope", 70_011, text)
}

/// Refuses scopes that personal accounts cannot have.
pub(super) fn check_account(
    account: &EmulatedAccount,
    wanted: &RequestedScopes,
) -> Result<(), EntraError> {
    if !account.is_personal() {
        return Ok(());
    }
    let exchange = wanted.resource == &EXCHANGE;
    if wanted.resource.site.is_none() || exchange && !wanted.prefix.contains("outlook.office.com") {
        return Err(EntraError::new(
            "invalid_scope",
            70_011,
            "The provided resource value for the input parameter 'scope' is not valid.",
        ));
    }
    if exchange && wanted.default {
        return Err(EntraError::with(
            "invalid_scope",
            70_011,
            format!(
                "The provided value for the input parameter 'scope' is not valid. The scope '{}.default' refers to a \
                 resource which is not listed in the client's Required Resource Access.",
                wanted.prefix
            ),
        ));
    }
    Ok(())
}

/// Whether a sign-in with the scopes `granted` requested everything in `wanted`.
pub(super) fn covers(
    granted: &str,
    wanted: &RequestedScopes,
    own: &[&'static EmulatedResource],
) -> bool {
    let granted: Vec<(&EmulatedResource, &str)> = granted
        .split(' ')
        .filter(|scope| !scope.is_empty())
        .filter_map(|scope| split(scope, own).ok())
        .map(|(resource, _, name)| (resource, name))
        .collect();
    let had = |name: &str| {
        granted
            .iter()
            .any(|(resource, own)| *resource == wanted.resource && own.eq_ignore_ascii_case(name))
    };
    had(".default") || !wanted.default && wanted.names.iter().all(|name| had(name))
}

/// Whether a token with `granted` has one of the scopes in `needed`.
pub(super) fn allows(granted: &[&str], needed: &[&str]) -> bool {
    granted.iter().any(|scope| needed.iter().any(|need| need.eq_ignore_ascii_case(scope)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_without_prefix_is_one_of_graph() {
        let wanted =
            parse("IMAP.AccessAsUser.All offline_access", SeveralApis::Refused, &[]).unwrap();
        assert_eq!(wanted.resource, &GRAPH);
        assert_eq!(wanted.audience(), GRAPH.app_id());
        assert!(wanted.has_oidc_scope("offline_access") && !wanted.has_oidc_scope("openid"));
    }

    #[test]
    fn graph_publishes_the_permissions_of_cores_table_and_more() {
        let names =
            |scope: &str| parse(scope, SeveralApis::Refused, &[]).map(|wanted| wanted.names);
        for permission in permissions::all() {
            let scope = format!("https://graph.microsoft.com/{}", permission.name);
            assert_eq!(names(&scope).unwrap(), [permission.name]);
        }
        assert_eq!(names("files.read").unwrap(), ["Files.Read"]);
        assert_eq!(names("user_impersonation").unwrap_err().code, 650_053);
        assert_eq!(names("https://outlook.office.com/Files.Read").unwrap_err().code, 650_053);
    }

    #[test]
    fn every_emulated_api_is_found_by_all_names_in_cores_table() {
        assert_eq!(known_resources().len(), resources::ALL.len());
        for resource in known_resources().iter().copied() {
            for name in resource.facts.audiences.iter().chain([&resource.facts.app_id]) {
                let wanted = parse(&format!("{name}/.default"), SeveralApis::Refused, &[]).unwrap();
                assert_eq!((wanted.resource, wanted.audience().as_str()), (resource, *name));
            }
        }
        for scope in [
            "https://contoso.sharepoint.com/.default",
            "https://my.vault.azure.net/user_impersonation",
        ] {
            assert!(parse(scope, SeveralApis::Refused, &[]).is_ok(), "{scope}");
        }
    }

    #[test]
    fn the_audience_is_as_named_in_the_request() {
        for (scope, aud) in [
            ("https://graph.microsoft.com/mail.read", "https://graph.microsoft.com"),
            ("https://outlook.office365.com/SMTP.Send", "https://outlook.office365.com"),
            (
                "https://management.core.windows.net//.default",
                "https://management.core.windows.net/",
            ),
        ] {
            assert_eq!(parse(scope, SeveralApis::Refused, &[]).unwrap().audience(), aud, "{scope}");
        }
    }

    #[test]
    fn scopes_that_entra_refuses_are_refused_with_its_number() {
        for (scope, code) in [
            ("Mail.Read,User.Read", 70_011),
            ("https://graph.microsoft.com/.default Mail.Read", 70_011),
            ("Mail.Raed", 650_053),
            ("api://unknown/x", 500_011),
            ("Mail.Read https://outlook.office.com/SMTP.Send", 28_000),
        ] {
            assert_eq!(parse(scope, SeveralApis::Refused, &[]).unwrap_err().code, code, "{scope}");
        }
        let first =
            parse("Mail.Read https://outlook.office.com/SMTP.Send", SeveralApis::FirstCounts, &[]);
        assert_eq!(first.unwrap().names, ["Mail.Read"]);
    }
}
