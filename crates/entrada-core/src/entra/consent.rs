//! Microsoft's managed consent policy: which permissions a user of a work or school account can no longer consent to, and
//! what an administrator does about it.
//!
//! The policy applies to new tenants, and to older ones that never chose a rule of their own. Microsoft changes the list by
//! itself, so every statement says "by default" and has a date.

use super::clouds::Cloud;
use super::known;
use super::permissions;
use super::resources::{self, ResourceOfScope, short_name};
use crate::ScopeSet;

/// The month of the facts on this page.
pub const AS_OF: &str = "2026-07";

/// One step in which Microsoft extended the list.
#[derive(Debug, PartialEq, Eq)]
pub struct Wave {
    /// The announcement in the message center.
    pub message: &'static str,
    /// When it came into force.
    pub in_force: &'static str,
    /// Permissions of Microsoft Graph.
    pub graph: &'static [&'static str],
    /// Permissions of Exchange Online. Registrations list them under Microsoft Graph too.
    pub exchange: &'static [&'static str],
}

/// An application for which users may still consent to the listed permissions, if the administrator allows popular mail
/// clients. A registration of one's own never counts as one of them.
#[derive(Debug, PartialEq, Eq)]
pub struct MailClient {
    /// The name for people.
    pub name: &'static str,
    /// The client id.
    pub id: &'static str,
}

/// All waves, the oldest first.
pub static WAVES: [Wave; 3] = [
    Wave {
        message: "MC1097272",
        in_force: "2025-08",
        graph: &["Files.Read.All", "Files.ReadWrite.All", "Sites.Read.All", "Sites.ReadWrite.All"],
        exchange: &[],
    },
    Wave {
        message: "MC1163922",
        in_force: "2025-11",
        graph: &[
            "Mail.Read",
            "Mail.ReadWrite",
            "Mail.ReadBasic",
            "Mail.Read.Shared",
            "Mail.ReadBasic.Shared",
            "Mail.ReadWrite.Shared",
            "MailboxItem.Read",
            "Calendars.Read",
            "Calendars.ReadBasic",
            "Calendars.ReadWrite",
            "Calendars.Read.Shared",
            "Calendars.ReadWrite.Shared",
            "Chat.Read",
            "Chat.ReadWrite",
            "OnlineMeetings.Read",
            "OnlineMeetings.ReadWrite",
            "MailboxFolder.Read",
            "MailboxFolder.ReadWrite",
            "MailboxSettings.Read",
            "MailboxSettings.ReadWrite",
        ],
        exchange: &[
            "EAS.AccessAsUser.All",
            "EWS.AccessAsUser.All",
            "IMAP.AccessAsUser.All",
            "POP.AccessAsUser.All",
        ],
    },
    Wave {
        message: "MC1304287",
        in_force: "2026-07",
        graph: &[
            "Contacts.ReadWrite",
            "Contacts.Read.Shared",
            "Contacts.ReadWrite.Shared",
            "People.Read",
            "Tasks.Read",
            "Tasks.ReadWrite",
            "Tasks.Read.Shared",
            "Tasks.ReadWrite.Shared",
        ],
        exchange: &[],
    },
];

/// The mail clients that Microsoft exempts.
pub static MAIL_CLIENTS: [MailClient; 6] = [
    MailClient { name: "Apple Mail", id: "f8d98a96-0999-43f5-8af3-69971c7bb423" },
    MailClient { name: "Spark", id: "b50c1dbd-1855-4e54-b07c-d3c3029e93d3" },
    MailClient { name: "eM Client", id: "e9a7fea1-1cc0-4cd9-a31b-9137ca5deedd" },
    MailClient { name: "Samsung Email", id: "8acd33ea-7197-4a96-bc33-d7cc7101262f" },
    MailClient { name: "Android Mail", id: "2cee05de-2b8f-45a2-8289-2a06ca32c4c8" },
    MailClient { name: "Thunderbird", id: "9e5f94bc-e8a4-4e73-b8be-63364c29d753" },
];

/// The wave since which users cannot consent to `scope` by default; `None` if they can, or if an administrator was always
/// needed. `scope` is a name (`Mail.Read`) or a full scope of Microsoft Graph or Exchange, in any case.
///
/// ```
/// use entrada_core::entra::consent;
///
/// assert_eq!(consent::wave_of("Mail.Read").unwrap().in_force, "2025-11");
/// assert!(consent::wave_of("https://outlook.office.com/SMTP.Send").is_none());
/// ```
pub fn wave_of(scope: &str) -> Option<&'static Wave> {
    let resource = match resources::of_scope(scope) {
        ResourceOfScope::Graph => &resources::GRAPH,
        ResourceOfScope::Known(known) => known,
        ResourceOfScope::SignIn | ResourceOfScope::Other(_) => return None,
    };
    let name = short_name(scope);
    let has = |list: &[&str]| list.iter().any(|own| own.eq_ignore_ascii_case(name));
    // Exchange publishes the old names of mail and calendars too, and Graph those of the mail protocols.
    let counts = *resource == resources::GRAPH || *resource == resources::EXCHANGE;
    WAVES.iter().find(|wave| counts && (has(wave.graph) || has(wave.exchange)))
}

/// The exempt mail client with this id.
pub fn mail_client(client_id: &str) -> Option<&'static MailClient> {
    MAIL_CLIENTS.iter().find(|client| client.id.eq_ignore_ascii_case(client_id))
}

/// A request for consent: who asks for what, and where. Unknown parts are `None`.
#[derive(Clone, Copy, Debug, Default)]
pub struct ConsentRequest<'a> {
    /// The authority's origin, such as `https://login.microsoftonline.com`.
    pub authority: Option<&'a str>,
    /// The national cloud; without it, the one of `authority`.
    pub cloud: Option<Cloud>,
    /// The tenant: an id, a domain, `common`, `organizations` or `consumers`.
    pub tenant: Option<&'a str>,
    /// The application.
    pub client_id: Option<&'a str>,
    /// The scopes.
    pub scopes: Option<&'a ScopeSet>,
}

impl<'a> ConsentRequest<'a> {
    /// The requested scopes to which a user of a work or school account cannot consent by default: the permission needs an
    /// administrator, or it is on the list of the managed policy. Empty for personal accounts, which have no administrator,
    /// and without an authority of Entra.
    pub fn needing_administrator(&self) -> Vec<&'a str> {
        let Some(scopes) = self.scopes else { return Vec::new() };
        if self.tenant.is_some_and(known::is_consumers) || !self.is_entra() {
            return Vec::new();
        }
        let exempt = self.client_id.is_some_and(|id| mail_client(id).is_some());
        let always = |scope: &str| {
            let of_graph = matches!(resources::of_scope(scope).resource(), Some(own) if *own == resources::GRAPH);
            of_graph && permissions::find(scope).is_some_and(|own| own.admin_consent == Some(true))
        };
        let barred = |scope: &&str| always(scope) || (!exempt && wave_of(scope).is_some());
        scopes.iter().filter(barred).collect()
    }

    fn is_entra(&self) -> bool {
        let host = |origin: &str| Some(url::Url::parse(origin).ok()?.host_str()?.to_owned());
        self.authority.is_none_or(|origin| {
            host(origin).and_then(|host| Cloud::of_authority_host(&host)).is_some()
        })
    }

    /// The address at which an administrator consents for the whole organisation, with the known values filled in (Entra:
    /// `/v2.0/adminconsent`; without scopes the older `/adminconsent`, which takes what the registration lists).
    ///
    /// `common` and `consumers` are not accepted there (AADSTS9002328), so they become `organizations`.
    pub fn admin_link(&self) -> String {
        let tenant = self.tenant.filter(|tenant| {
            !["common", "organizations"].contains(tenant)
                && !known::is_consumers(tenant)
                && !tenant.is_empty()
        });
        let client_id = self.client_id.unwrap_or("CLIENT_ID");
        let host = self.authority.unwrap_or("https://login.microsoftonline.com");
        let by_host = || Cloud::of_authority_host(url::Url::parse(host).ok()?.host_str()?);
        let graph = self.cloud.or_else(by_host).unwrap_or_default().facts().graph;
        // In full: Entra does not document which API a bare name belongs to on this page.
        let full = |scope: &str| match resources::of_scope(scope) {
            ResourceOfScope::Graph => format!("{graph}/{scope}"),
            _ => scope.to_owned(),
        };
        let scopes = self.scopes.map(ScopeSet::api).map(|scopes| scopes.iter().map(full).collect());
        let scopes = scopes.map(|scopes: Vec<String>| scopes.join(" "));
        let scopes = scopes.filter(|scopes| !scopes.is_empty());
        let page = if scopes.is_some() { "v2.0/adminconsent" } else { "adminconsent" };
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("client_id", client_id);
        if let Some(scopes) = scopes {
            query.append_pair("scope", &scopes);
        }
        query.append_pair("redirect_uri", "http://localhost");
        format!("{host}/{}/{page}?{}", tenant.unwrap_or("organizations"), query.finish())
    }

    /// The same for the end of a sentence: where the application is not known, what belongs in the place of its id.
    pub fn admin_page(&self) -> String {
        let link = self.admin_link();
        match self.client_id {
            Some(_) => link,
            None => format!(
                "{link}, with the application's id in the place of `CLIENT_ID`: *Application (client) ID* on its *Overview* page in \
                 the Entra portal"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_has_36_permissions_and_each_once() {
        let names: Vec<&str> =
            WAVES.iter().flat_map(|wave| wave.graph.iter().chain(wave.exchange)).copied().collect();
        let different: std::collections::BTreeSet<&str> = names.iter().copied().collect();
        assert_eq!((names.len(), different.len()), (36, 36));
        for client in &MAIL_CLIENTS {
            assert!(uuid::Uuid::try_parse(client.id).is_ok(), "{}", client.name);
        }
    }

    #[test]
    fn only_scopes_of_graph_and_exchange_are_on_the_list() {
        for (scope, message) in [
            ("Mail.Read", Some("MC1163922")),
            ("https://graph.microsoft.com/mail.readwrite", Some("MC1163922")),
            ("https://outlook.office.com/IMAP.AccessAsUser.All", Some("MC1163922")),
            ("https://graph.microsoft.com/Sites.Read.All", Some("MC1097272")),
            ("Tasks.Read", Some("MC1304287")),
            ("https://outlook.office.com/SMTP.Send", None),
            ("Mail.Send", None),
            ("Contacts.Read", None),
            ("offline_access", None),
            ("api://contoso/Mail.Read", None),
            ("https://management.azure.com/user_impersonation", None),
        ] {
            assert_eq!(wave_of(scope).map(|wave| wave.message), message, "{scope}");
        }
    }

    fn barred(tenant: &str, client: &str, scopes: &str) -> String {
        let scopes = ScopeSet::parse(scopes);
        let request = ConsentRequest {
            tenant: Some(tenant),
            client_id: Some(client),
            scopes: Some(&scopes),
            ..ConsentRequest::default()
        };
        request.needing_administrator().join(" ")
    }

    #[test]
    fn personal_accounts_and_exempt_clients_are_not_concerned() {
        let imap = "offline_access https://outlook.office.com/IMAP.AccessAsUser.All";
        assert_eq!(
            barred("contoso.example", "own", imap),
            "https://outlook.office.com/IMAP.AccessAsUser.All"
        );
        assert_eq!(barred("consumers", "own", imap), "");
        assert_eq!(barred(known::CONSUMERS_TENANT, "own", imap), "");
        assert_eq!(barred("contoso.example", MAIL_CLIENTS[5].id, imap), "");
        // What always needs an administrator needs one for those clients too.
        assert_eq!(
            barred("contoso.example", MAIL_CLIENTS[5].id, "User.Read.All Mail.Read"),
            "User.Read.All"
        );
        assert_eq!(barred("organizations", "own", "Mail.Send User.Read"), "");
        let scopes = ScopeSet::parse("Mail.Read");
        let other = ConsentRequest {
            authority: Some("https://idp.example"),
            scopes: Some(&scopes),
            ..ConsentRequest::default()
        };
        assert!(other.needing_administrator().is_empty());
    }

    #[test]
    fn the_link_is_that_of_the_tenant_in_its_cloud_with_full_scopes() {
        let link = |authority: &str, tenant: &str, scopes: &str| {
            let scopes = ScopeSet::parse(scopes);
            let request = ConsentRequest {
                authority: Some(authority),
                tenant: Some(tenant),
                client_id: Some("client"),
                scopes: Some(&scopes),
                cloud: None,
            };
            request.admin_link()
        };
        assert_eq!(
            link("https://login.microsoftonline.com", "contoso.example", "openid Mail.Read"),
            "https://login.microsoftonline.com/contoso.example/v2.0/adminconsent?client_id=client&scope=\
             https%3A%2F%2Fgraph.microsoft.com%2FMail.Read&redirect_uri=http%3A%2F%2Flocalhost"
        );
        for tenant in ["common", "consumers"] {
            assert_eq!(
                link(
                    "https://login.microsoftonline.us",
                    tenant,
                    "Mail.Read https://outlook.office365.us/X"
                ),
                "https://login.microsoftonline.us/organizations/v2.0/adminconsent?client_id=client&scope=\
                 https%3A%2F%2Fgraph.microsoft.us%2FMail.Read+https%3A%2F%2Foutlook.office365.us%2FX\
                 &redirect_uri=http%3A%2F%2Flocalhost"
            );
        }
        assert_eq!(
            ConsentRequest::default().admin_link(),
            "https://login.microsoftonline.com/organizations/adminconsent?client_id=CLIENT_ID\
             &redirect_uri=http%3A%2F%2Flocalhost"
        );
        let unknown = ConsentRequest::default();
        assert!(unknown.admin_page().contains("in the place of `CLIENT_ID`"));
        let known = ConsentRequest { client_id: Some("client"), ..unknown };
        assert_eq!(known.admin_page(), known.admin_link());
    }
}
