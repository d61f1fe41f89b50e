//! Azure's services: which one answered, and what its bare 401 or 403 points to.

mod missing_right;
mod table;

use self::table::{Rights, SERVICES};
use super::Hypothesis;
use crate::RuleId;
use entrada_core::entra::resources;

pub(in crate::service) use self::missing_right::around;
pub(crate) use self::missing_right::{MissingRight, missing_right};

/// Maximum number of bytes that are searched.
const TEXT_MAX: usize = 256 << 10;

/// A service whose data has rights of its own.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct AzureService {
    /// Its name for people.
    name: &'static str,
    /// Ends of its host names, in lower case; one without a point at its beginning is a whole name.
    hosts: &'static [&'static str],
    /// Parts of the names of its client libraries, which stand in exceptions and stack frames, in lower case.
    clients: &'static [&'static str],
    /// What people call it, in lower case.
    called: &'static [&'static str],
    /// The resource that its tokens are for. Empty where it is the host's own address.
    resource: &'static str,
    /// Where the rights of its data are assigned.
    rights: Rights,
    /// How to assign them.
    grant: &'static str,
    /// What else a call needs.
    check: &'static [&'static str],
}

impl AzureService {
    /// The service at `host`, which is in lower case.
    pub(crate) fn at(host: &str) -> Option<&'static Self> {
        SERVICES.iter().find(|service| service.hosts.iter().any(|end| is_at(host, end)))
    }

    /// The one service that `text` names by an address, a client library or in words. A text with several of them names none.
    pub(crate) fn in_text(text: &str) -> Option<&'static Self> {
        let mut end = text.len().min(TEXT_MAX);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let lower = text[..end].to_ascii_lowercase();
        one(|service| service.hosts.iter().any(|end| names_host(&lower, end)))
            .or_else(|| one(|service| service.clients.iter().any(|name| lower.contains(name))))
            .or_else(|| one(|service| service.called.iter().any(|name| lower.contains(name))))
    }

    /// What its host names end with.
    pub(super) fn host(&self) -> Option<&'static str> {
        self.hosts.first().map(|host| host.trim_start_matches('.'))
    }

    /// The rule for a caller without the right.
    fn cause(&self) -> RuleId {
        match self.rights {
            Rights::Azure => RuleId::AzureRoleMissing,
            Rights::Own => RuleId::NotAboutTheToken,
        }
    }

    /// The advice to request a token for the service at `host`.
    fn request(&self, host: Option<&str>) -> String {
        let resource = match (self.resource, host) {
            ("", Some(host)) => format!("https://{host}"),
            ("", None) => "https://HOST".to_owned(),
            (resource, _) => resource.to_owned(),
        };
        format!(
            "request a token for {}: the scope `{resource}/.default`, or `az account get-access-token --resource {resource}`",
            self.name
        )
    }

    /// The causes of a refusal that says which right the caller lacks at this service.
    pub(super) fn lacks_right(&self, right: &MissingRight, said: &str) -> Vec<Hypothesis> {
        let mut causes = self.forbidden();
        causes.truncate(1);
        if let Some(told) = causes.first_mut() {
            if let Some(action) = right.action.as_deref().filter(|_| self.rights == Rights::Azure) {
                let named = lacks_action(action);
                told.message = named.message;
                // The role that has the action, before the one that most calls need.
                if roles_with(action).is_some() {
                    told.help = named.help;
                }
            }
            told.evidence.push(("text", right.sentence(said)));
        }
        causes
    }

    /// The cause where a token with the audience `aud` of another known API was sent to this service at `host`.
    pub(super) fn foreign(&self, aud: &str, host: &str) -> Option<Hypothesis> {
        let other = resources::of_audience(aud)?;
        let own = [self.resource, &format!("https://{host}")];
        let is_own = own.contains(&aud.trim_end_matches('/')) || other.accepts(self.resource);
        if host.is_empty() || is_own {
            return None;
        }
        let told = Hypothesis::certain(
            RuleId::WrongAudience,
            format!("the token is for {}, but the call went to {}", other.name, self.name),
        );
        let mut told = told.with_evidence("aud", aud).help(self.request(Some(host)));
        told.is_complete = true;
        Some(told)
    }

    /// The causes of a refusal with the status 401 at this service.
    pub(super) fn unauthorised(&self, host: Option<&str>) -> Vec<Hypothesis> {
        let mut told = Hypothesis::possible(
            RuleId::WrongAudience,
            format!("{} did not accept the token, which may be for another service", self.name),
        )
        .help(self.request(host));
        for check in self.check {
            told = told.help(*check);
        }
        told = told.help("give the token as well, to narrow this down by its `aud`, `iss` and `exp`: `entrada diagnose ANSWER TOKEN`");
        told.is_complete = true;
        vec![
            told,
            Hypothesis::possible(RuleId::Expired, "the token may have expired"),
            Hypothesis::possible(
                RuleId::WrongTenant,
                "the token may come from another tenant than the service's",
            ),
        ]
    }

    /// The causes of a refusal with the status 403 at this service.
    pub(super) fn forbidden(&self) -> Vec<Hypothesis> {
        let mut told = Hypothesis::likely(
            self.cause(),
            format!("{} accepts the token, and the caller lacks a right there", self.name),
        )
        .help(self.granting());
        for check in self.check {
            told = told.help(*check);
        }
        told.is_complete = true;
        if self.rights == Rights::Own {
            return vec![told];
        }
        let network = Hypothesis::possible(
            RuleId::NotAboutTheToken,
            "the service's firewall may reject the address of the caller",
        );
        vec![told, network]
    }

    /// How to give the caller the right.
    fn granting(&self) -> String {
        match self.rights {
            Rights::Azure => format!(
                "{}: `az role assignment create --assignee OBJECT_ID --role ROLE --scope RESOURCE_ID`, and wait some minutes",
                self.grant
            ),
            Rights::Own => self.grant.to_owned(),
        }
    }
}

/// Beginnings of actions, in lower case, and the roles that include them. Source: Microsoft's list of built-in roles.
const ROLES: [(&str, &str); 9] = [
    (
        "microsoft.authorization/roleassignments/",
        "`Role Based Access Control Administrator`, `User Access Administrator` or `Owner` (`Contributor` does not include it)",
    ),
    ("microsoft.network/dnszones/", "`DNS Zone Contributor`"),
    ("microsoft.network/privatednszones/", "`Private DNS Zone Contributor`"),
    ("microsoft.resources/deployments/", "`Contributor`, on the scope that the deployment is for"),
    ("microsoft.cognitiveservices/accounts/aiservices/", "`Azure AI User`"),
    ("microsoft.cognitiveservices/accounts/openai/", "`Cognitive Services OpenAI User`"),
    ("microsoft.machinelearningservices/workspaces/", "`AzureML Data Scientist`"),
    (
        "microsoft.keyvault/vaults/secrets/",
        "`Key Vault Secrets User` (to write, `Key Vault Secrets Officer`)",
    ),
    (
        "microsoft.storage/storageaccounts/blobservices/",
        "`Storage Blob Data Contributor` (to read, `Storage Blob Data Reader`)",
    ),
];

/// The roles that include `action`, if they are known.
pub(crate) fn roles_with(action: &str) -> Option<&'static str> {
    let lower = action.to_ascii_lowercase();
    ROLES.iter().find(|(start, _)| lower.starts_with(start)).map(|(_, roles)| *roles)
}

/// The cause where the caller may not do `action`, at a service that is not known.
pub(super) fn lacks_action(action: &str) -> Hypothesis {
    let which = match roles_with(action) {
        Some(roles) => format!("assign {roles}"),
        None => "assign a role that includes it (Azure portal, *Access control (IAM)*, *Roles*, search for the action)".to_owned(),
    };
    let mut told = Hypothesis::likely(
        RuleId::AzureRoleMissing,
        format!("the caller has no role that includes the action `{action}`"),
    )
    .help(format!("{which}, and wait some minutes: `az role assignment create --assignee OBJECT_ID --role ROLE --scope SCOPE`"));
    told.is_complete = true;
    told
}

/// The only service for which `is_named` is true.
fn one(is_named: impl Fn(&AzureService) -> bool) -> Option<&'static AzureService> {
    let mut named = SERVICES.iter().filter(|service| is_named(service));
    let first = named.next()?;
    named.next().is_none().then_some(first)
}

/// Whether `host` is `end`, or ends with it if that begins with a point.
fn is_at(host: &str, end: &str) -> bool {
    host == end || (end.starts_with('.') && host.ends_with(end))
}

/// Whether `text`, in lower case, has a host name that is `end` or ends with it.
fn names_host(text: &str, end: &str) -> bool {
    let is_of_host = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    text.match_indices(end).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + end.len()..]);
        let begins = if end.starts_with('.') {
            before.ends_with(|c: char| c.is_ascii_alphanumeric() || "*_-)}]>".contains(c))
        } else {
            !before.ends_with(is_of_host)
        };
        let rest = after.strip_prefix('.').unwrap_or(after);
        begins && !rest.starts_with(is_of_host)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_known_by_its_host() {
        for (host, name) in [
            ("atlas.microsoft.com", "Azure Maps"),
            ("onelake.dfs.fabric.microsoft.com", "OneLake"),
            ("twins.api.weu.digitaltwins.azure.net", "Azure Digital Twins"),
            ("contoso.blob.core.windows.net", "Azure Storage"),
        ] {
            assert_eq!(AzureService::at(host).map(|service| service.name), Some(name), "{host}");
        }
        for host in ["graph.microsoft.com", "evilatlas.microsoft.com", "azconfig.io.example", ""] {
            assert_eq!(AzureService::at(host), None, "{host}");
        }
    }

    #[test]
    fn a_text_names_one_service_by_its_address_or_its_client() {
        let name = |text: &str| AzureService::in_text(text).map(|service| service.name);
        assert_eq!(name("GET https://orders.azconfig.io/kv"), Some("App Configuration"));
        assert_eq!(
            name("sasl_ssl://x.servicebus.windows.net:9093"),
            Some("Event Hubs or Service Bus")
        );
        assert_eq!(name("at <account>.blob.core.windows.net."), Some("Azure Storage"));
        assert_eq!(
            name("File \"/venv/azure/search/documents/_paging.py\", line 54"),
            Some("Azure AI Search")
        );
        assert_eq!(name("a.azconfig.io and b.vault.azure.net"), None);
        assert_eq!(name("x.azconfig.io.example"), None);
        assert_eq!(name("we talk about azure storage here"), None);
    }

    #[test]
    fn hosts_and_clients_are_in_lower_case_and_belong_to_one_service() {
        let all = || {
            SERVICES
                .iter()
                .flat_map(|service| service.hosts.iter().map(move |host| (service, host)))
        };
        for (service, host) in all() {
            assert_eq!(*host, host.to_ascii_lowercase());
            let sample = format!("x{host}");
            let sample = if host.starts_with('.') { &sample } else { *host };
            assert_eq!(
                AzureService::at(sample).map(|found| found.name),
                Some(service.name),
                "{host}"
            );
        }
        for name in SERVICES.iter().flat_map(|service| service.clients) {
            assert_eq!(*name, name.to_ascii_lowercase());
        }
    }
}
