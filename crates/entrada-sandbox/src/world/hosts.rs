//! Which hosts the emulator answers for.

use std::net::Ipv4Addr;

/// The endings of the hosts of Microsoft's services.
const MICROSOFT: [&str; 16] = [
    "microsoftonline.com",
    "microsoftonline.us",
    "microsoft.com",
    "microsoft.us",
    "microsoftazure.us",
    "windows.net",
    "azure.com",
    "azure.net",
    "azure.us",
    "office365.com",
    "office.com",
    "outlook.com",
    "live.com",
    "b2clogin.com",
    "ciamlogin.com",
    "partner.microsoftonline.cn",
];

/// The metadata service of Azure's virtual machines, by its address and in the header `Host`.
pub(crate) const INSTANCE_METADATA_ADDRESS: Ipv4Addr = Ipv4Addr::new(169, 254, 169, 254);
pub(super) const INSTANCE_METADATA: &str = "169.254.169.254";

/// Whether `host` belongs to Microsoft: the emulator answers its requests.
pub(super) fn is_microsoft(host: &str) -> bool {
    let is_below = |own: &&str| {
        host.strip_suffix(*own).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    MICROSOFT.iter().any(is_below)
}

/// Whether `host` names this machine.
pub(super) fn is_local(host: &str) -> bool {
    matches!(host, "localhost" | "127.0.0.1" | "[::1]" | "::1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_microsoft_are_told_by_their_endings() {
        for host in ["login.microsoftonline.com", "graph.microsoft.com", "outlook.office365.com"] {
            assert!(is_microsoft(host), "{host}");
        }
        for host in
            ["dc.services.visualstudio.com", "evilmicrosoft.com", "example.com", "localhost"]
        {
            assert!(!is_microsoft(host), "{host}");
        }
    }
}
