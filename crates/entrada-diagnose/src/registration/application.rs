//! The registration of an application, in the form of Microsoft Graph or of the older Azure AD Graph.

use entrada_core::NumericDate;
use entrada_core::entra::permission_ids::{self, PermissionKind, PublishedPermission};
use entrada_core::entra::resources::{EXCHANGE, GRAPH, Resource};
use serde_json::Value;

use super::document::{Member, Members};

/// The platform that a redirect URI is registered under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Platform {
    /// *Mobile and desktop applications*.
    PublicClient,
    /// *Web*.
    Web,
    /// *Single-page application*.
    SinglePage,
}

impl Platform {
    pub(super) const ALL: [Self; 3] = [Self::PublicClient, Self::Web, Self::SinglePage];

    /// The name in the portal.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::PublicClient => "Mobile and desktop applications",
            Self::Web => "Web",
            Self::SinglePage => "Single-page application",
        }
    }

    /// The member of Microsoft Graph's form.
    fn path(self) -> &'static str {
        match self {
            Self::PublicClient => "publicClient.redirectUris",
            Self::Web => "web.redirectUris",
            Self::SinglePage => "spa.redirectUris",
        }
    }

    /// The `type` in the older form.
    fn old_type(self) -> &'static str {
        match self {
            Self::PublicClient => "InstalledClient",
            Self::Web => "Web",
            Self::SinglePage => "Spa",
        }
    }
}

/// Who may sign in: `signInAudience`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Accounts {
    /// Users of the tenant that owns the registration.
    OneTenant,
    /// Users of any tenant.
    ManyTenants,
    /// Users of any tenant, and personal accounts.
    ManyTenantsAndPersonal,
    /// Personal accounts.
    Personal,
}

impl Accounts {
    pub(super) fn parse(text: &str) -> Option<Self> {
        Some(match text.to_ascii_lowercase().as_str() {
            "azureadmyorg" => Self::OneTenant,
            "azureadmultipleorgs" => Self::ManyTenants,
            "azureadandpersonalmicrosoftaccount" => Self::ManyTenantsAndPersonal,
            "personalmicrosoftaccount" => Self::Personal,
            _ => return None,
        })
    }

    /// The value of `signInAudience`.
    pub(super) fn id(&self) -> &'static str {
        match self {
            Self::OneTenant => "AzureADMyOrg",
            Self::ManyTenants => "AzureADMultipleOrgs",
            Self::ManyTenantsAndPersonal => "AzureADandPersonalMicrosoftAccount",
            Self::Personal => "PersonalMicrosoftAccount",
        }
    }

    pub(super) fn has_personal(&self) -> bool {
        matches!(self, Self::ManyTenantsAndPersonal | Self::Personal)
    }
}

/// A permission that the registration lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ListedPermission {
    /// The client id of the API.
    pub(super) api_id: String,
    pub(super) id: String,
    pub(super) kind: PermissionKind,
}

impl ListedPermission {
    /// The API, if its permissions are on record.
    pub(super) fn api(&self) -> Option<&'static Resource> {
        [&GRAPH, &EXCHANGE].into_iter().find(|api| api.app_id.eq_ignore_ascii_case(&self.api_id))
    }

    /// The permission, if it is on record.
    pub(super) fn published(&self) -> Option<&'static PublishedPermission> {
        permission_ids::by_id(self.api()?, self.kind, &self.id)
    }
}

/// The kind of a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CredentialKind {
    Secret,
    Certificate,
}

/// A secret or certificate of the registration, without its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Credential {
    pub(super) kind: CredentialKind,
    pub(super) key_id: String,
    pub(super) name: Option<String>,
    pub(super) ends: Option<Member<NumericDate>>,
}

/// The registration of an application. A member that the document does not have is `None`.
#[derive(Clone, Debug, Default)]
pub(super) struct Application {
    pub(super) client_id: Option<Member<String>>,
    pub(super) object_id: Option<Member<String>>,
    pub(super) is_disabled: Option<Member<bool>>,
    pub(super) disabled_by_microsoft: Option<Member<String>>,
    pub(super) accounts: Option<Member<Accounts>>,
    /// *Allow public client flows*.
    pub(super) public_client: Option<Member<bool>>,
    redirect_uris: [Option<Member<Vec<String>>>; 3],
    pub(super) permissions: Option<Member<Vec<ListedPermission>>>,
    /// The version of the access tokens for this application as an API; 1 where it is not set.
    pub(super) token_version: Option<Member<u64>>,
    pub(super) identifier_uris: Option<Member<Vec<String>>>,
    /// The member by which the application is an API of its own: scopes or roles.
    pub(super) api_member: Option<&'static str>,
    pub(super) credentials: Option<Vec<Credential>>,
    /// Members that ask for further claims.
    pub(super) claims_members: Vec<&'static str>,
    pub(super) publisher_domain: Option<Member<String>>,
    /// Members whose contents PowerShell left out.
    pub(super) cut: Vec<&'static str>,
}

impl Application {
    pub(super) fn read(members: Members) -> Self {
        let is_old = ["replyUrlsWithType", "allowPublicClient", "replyUrls", "oauth2Permissions"]
            .iter()
            .any(|name| members.has(name));
        let mut application = Self {
            client_id: members.text("appId"),
            object_id: members.text("id").or_else(|| members.text("objectId")),
            is_disabled: members.switch("isDisabled"),
            disabled_by_microsoft: members.text("disabledByMicrosoftStatus"),
            accounts: accounts(members),
            permissions: permissions(members),
            identifier_uris: members.texts("identifierUris"),
            credentials: credentials(members),
            publisher_domain: members.text("publisherDomain"),
            ..Self::default()
        };
        application.claims_members = ["optionalClaims", "groupMembershipClaims"]
            .into_iter()
            .filter(|name| members.get(name).is_some_and(is_filled))
            .collect();
        if is_old {
            application.read_old(members);
        } else {
            application.read_graph(members);
        }
        application.cut = CUT_MEMBERS.into_iter().filter(|name| members.is_cut(name)).collect();
        let apis = members.list("requiredResourceAccess").unwrap_or_default();
        if apis.iter().any(|api| api.is_cut("resourceAccess")) {
            application.cut.push("requiredResourceAccess[].resourceAccess");
        }
        application
    }

    fn read_graph(&mut self, members: Members) {
        self.public_client = members.switch("isFallbackPublicClient");
        self.redirect_uris = Platform::ALL.map(|platform| members.texts(platform.path()));
        self.token_version = members.version("api.requestedAccessTokenVersion");
        self.api_member = api_member(members, "api.oauth2PermissionScopes");
    }

    fn read_old(&mut self, members: Members) {
        self.public_client =
            members.switch("allowPublicClient").or_else(|| members.switch("publicClient"));
        self.redirect_uris = old_redirect_uris(members, self.public_client.as_ref());
        self.token_version = members.version("accessTokenAcceptedVersion");
        self.api_member = api_member(members, "oauth2Permissions");
    }

    /// The redirect URIs of `platform`; `None` where the document does not have them.
    pub(super) fn redirect_uris(&self, platform: Platform) -> Option<&Member<Vec<String>>> {
        let index = Platform::ALL.iter().position(|one| *one == platform)?;
        self.redirect_uris.get(index)?.as_ref()
    }

    /// Whether the redirect URIs of each platform are known.
    pub(super) fn knows_redirect_uris(&self) -> bool {
        self.redirect_uris.iter().all(Option::is_some)
    }

    /// All redirect URIs with their platform and path.
    pub(super) fn all_redirect_uris(&self) -> impl Iterator<Item = (Platform, &'static str, &str)> {
        Platform::ALL.into_iter().zip(&self.redirect_uris).flat_map(|(platform, member)| {
            member.iter().flat_map(move |member| {
                member.value.iter().map(move |uri| (platform, member.path, uri.as_str()))
            })
        })
    }

    /// The permissions on record that the registration lists, of one kind and of the API, if one is named.
    pub(super) fn names(&self, kind: PermissionKind, api: Option<&Resource>) -> Vec<&'static str> {
        let all = self.permissions.iter().flat_map(|member| &member.value);
        all.filter(|listed| listed.kind == kind)
            .filter(|listed| api.is_none_or(|api| listed.api().is_some_and(|own| own == api)))
            .filter_map(|listed| Some(listed.published()?.name))
            .collect()
    }

    /// Whether this application is the API that `audience` names.
    pub(super) fn is_audience(&self, audience: &str) -> bool {
        let own = self.client_id.as_ref().map(|id| id.value.as_str());
        let bare = audience.strip_prefix("api://").unwrap_or(audience);
        let is_own_id = own.is_some_and(|own| own.eq_ignore_ascii_case(bare));
        let plain = |text: &str| text.trim_end_matches('/').to_ascii_lowercase();
        let mut uris = self.identifier_uris.iter().flat_map(|member| &member.value);
        is_own_id || uris.any(|uri| plain(uri) == plain(audience))
    }
}

/// Members whose contents decide a check.
const CUT_MEMBERS: [&str; 8] = [
    "publicClient",
    "web",
    "spa",
    "api",
    "requiredResourceAccess",
    "replyUrlsWithType",
    "passwordCredentials",
    "keyCredentials",
];

fn is_filled(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty() && text != "None",
        Value::Array(all) => !all.is_empty(),
        Value::Object(members) => members.values().any(is_filled),
        _ => true,
    }
}

fn accounts(members: Members) -> Option<Member<Accounts>> {
    if let Some(text) = members.text("signInAudience") {
        return Some(Member::new(text.path, Accounts::parse(&text.value)?));
    }
    let many = members.switch("availableToOtherTenants")?;
    let accounts = if many.value { Accounts::ManyTenants } else { Accounts::OneTenant };
    Some(Member::new(many.path, accounts))
}

fn api_member(members: Members, scopes: &'static str) -> Option<&'static str> {
    let is_listed = |path: &str| members.list(path).is_some_and(|all| !all.is_empty());
    [scopes, "appRoles"].into_iter().find(|path| is_listed(path))
}

fn old_redirect_uris(
    members: Members,
    public_client: Option<&Member<bool>>,
) -> [Option<Member<Vec<String>>>; 3] {
    if let Some(all) = members.list("replyUrlsWithType") {
        return Platform::ALL.map(|platform| {
            let own = |entry: &&Members| {
                let kind = entry.text("type").map(|kind| kind.value).unwrap_or_default();
                kind.eq_ignore_ascii_case(platform.old_type())
            };
            let uris = all.iter().filter(own).filter_map(|entry| Some(entry.text("url")?.value));
            Some(Member::new("replyUrlsWithType", uris.collect()))
        });
    }
    // The oldest form has one list, and the switch says what it is for.
    let Some(all) = members.texts("replyUrls") else { return [None, None, None] };
    let platform = match public_client {
        Some(Member { value: true, .. }) => Platform::PublicClient,
        _ => Platform::Web,
    };
    Platform::ALL.map(|one| {
        Some(if one == platform { all.clone() } else { Member::new(all.path, Vec::new()) })
    })
}

fn permissions(members: Members) -> Option<Member<Vec<ListedPermission>>> {
    let mut listed = Vec::new();
    for api in members.list("requiredResourceAccess")? {
        let api_id = api.text("resourceAppId")?.value;
        for one in api.list("resourceAccess")? {
            let kind = match one.text("type")?.value.to_ascii_lowercase().as_str() {
                "scope" => PermissionKind::Delegated,
                "role" => PermissionKind::Application,
                _ => return None,
            };
            listed.push(ListedPermission {
                api_id: api_id.clone(),
                id: one.text("id")?.value,
                kind,
            });
        }
    }
    Some(Member::new("requiredResourceAccess[].resourceAccess[]", listed))
}

fn credentials(members: Members) -> Option<Vec<Credential>> {
    let mut all = Vec::new();
    for (list, kind, end, old_end) in [
        (
            "passwordCredentials",
            CredentialKind::Secret,
            "passwordCredentials[].endDateTime",
            "passwordCredentials[].endDate",
        ),
        (
            "keyCredentials",
            CredentialKind::Certificate,
            "keyCredentials[].endDateTime",
            "keyCredentials[].endDate",
        ),
    ] {
        for entry in members.list(list)? {
            let time = |name, path| Some(Member::new(path, entry.time(name)?));
            all.push(Credential {
                kind,
                key_id: entry.text("keyId").map(|id| id.value).unwrap_or_default(),
                name: entry.text("displayName").map(|name| name.value),
                ends: time("endDateTime", end).or_else(|| time("endDate", old_end)),
            });
        }
    }
    Some(all)
}
