//! The hosts that the emulator answers for, and the service of each.

use entrada_core::entra::clouds::Cloud;
use entrada_core::entra::resources::{self, ARM, EXCHANGE, GRAPH};
use entrada_core::{AuthorityKind, NamedHost};
use url::Url;

/// The address of Azure's instance metadata service, which answers inside virtual machines.
pub(super) const INSTANCE_METADATA: &str = "169.254.169.254";

/// Which hosts an emulator answers for, besides its own address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HostNames {
    /// `localhost`, the loopback addresses and [`EmulatorOptions::hosts`](crate::EmulatorOptions::hosts).
    #[default]
    Own,
    /// Also Microsoft's, in every cloud: `login.microsoftonline.com`, `graph.microsoft.com`, `management.azure.com`,
    /// `outlook.office365.com`, and the metadata service of virtual machines.
    Microsoft,
    /// Every host. Those without a service of the emulator answer 404, and are in the log.
    Every,
}

/// The service behind a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Service {
    /// The emulator's own address: every service, told apart by their paths.
    Every,
    /// The endpoints of Entra, External ID and Azure AD B2C.
    Authority(Cloud),
    /// Microsoft Graph.
    Graph,
    /// Azure Resource Manager.
    ResourceManager,
    /// Exchange's web services.
    Exchange,
    /// The metadata service of virtual machines.
    InstanceMetadata,
    /// None of these.
    None,
}

impl Service {
    /// The service at `host`. `own` says whether the emulator itself has this name.
    pub(super) fn at(host: Option<&NamedHost>, own: impl Fn(&NamedHost) -> bool) -> Self {
        let Some(host) = host else { return Self::Every };
        Self::of_microsoft(host.name()).unwrap_or_else(|| {
            if host.is_loopback() || own(host) { Self::Every } else { Self::None }
        })
    }

    /// The service at a host of Microsoft.
    pub(super) fn of_microsoft(name: &str) -> Option<Self> {
        if name == INSTANCE_METADATA {
            return Some(Self::InstanceMetadata);
        }
        // The pages for device codes, at their old and new addresses.
        if ["microsoft.com", "www.microsoft.com", "aka.ms"].contains(&name) {
            return Some(Self::Authority(Cloud::Public));
        }
        let url = Url::parse(&format!("https://{name}")).ok()?;
        if matches!(AuthorityKind::of(&url), AuthorityKind::B2c | AuthorityKind::ExternalId) {
            return Some(Self::Authority(Cloud::Public));
        }
        if let Some(cloud) = Cloud::of_authority_host(name) {
            return Some(Self::Authority(cloud));
        }
        let resource = resources::of_audience(&format!("https://{name}"))?;
        Some(match resource {
            _ if *resource == GRAPH => Self::Graph,
            _ if *resource == ARM => Self::ResourceManager,
            _ if *resource == EXCHANGE => Self::Exchange,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cloud_has_its_services_at_its_own_hosts() {
        for (host, service) in [
            ("login.microsoftonline.com", Some(Service::Authority(Cloud::Public))),
            ("login.windows.net", Some(Service::Authority(Cloud::Public))),
            ("login.microsoftonline.us", Some(Service::Authority(Cloud::UsGov))),
            ("login.partner.microsoftonline.cn", Some(Service::Authority(Cloud::China))),
            ("graph.microsoft.com", Some(Service::Graph)),
            ("microsoftgraph.chinacloudapi.cn", Some(Service::Graph)),
            ("management.azure.com", Some(Service::ResourceManager)),
            ("outlook.office365.com", Some(Service::Exchange)),
            ("microsoft.com", Some(Service::Authority(Cloud::Public))),
            ("contoso.ciamlogin.com", Some(Service::Authority(Cloud::Public))),
            ("contoso.b2clogin.com", Some(Service::Authority(Cloud::Public))),
            ("169.254.169.254", Some(Service::InstanceMetadata)),
            ("login.microsoftonline.com.evil.example", None),
            ("dc.services.visualstudio.com", None),
        ] {
            assert_eq!(Service::of_microsoft(host), service, "{host}");
        }
    }
}
