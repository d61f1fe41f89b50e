//! Issuers of external tokens that Entra cannot reach: it fetches their metadata and keys over the internet.

use url::{Host, Url};

/// Where the address of an issuer leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A name inside a Kubernetes cluster.
    Cluster,
    /// The machine itself.
    Loopback,
    /// A private network.
    PrivateNetwork,
}

/// An issuer that is not on the internet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unreachable<'a> {
    /// The issuer, as the text has it.
    pub(super) issuer: &'a str,
    pub(super) place: Place,
}

/// Ends of host names that only a private network knows (RFC 6762, RFC 8375, RFC 2606, ICANN's `internal`).
const PRIVATE: [&str; 8] =
    [".local", ".internal", ".lan", ".intranet", ".corp", ".home", ".home.arpa", ".test"];

/// Maximum number of addresses that are read.
const ADDRESSES_MAX: usize = 40;

/// Maximum length of an address, in bytes: longer ones are not read.
const ADDRESS_MAX: usize = 500;

/// Bytes before an address that may name it.
const NEAR: usize = 60;

impl Place {
    /// What it is, after "is".
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Cluster => "a name inside the cluster",
            Self::Loopback => "an address of the machine itself",
            Self::PrivateNetwork => "an address in a private network",
        }
    }

    /// The place of `host`; `None` if it may be public.
    fn of(host: &Host<&str>) -> Option<Self> {
        match host {
            Host::Domain(name) => {
                let name = name.trim_end_matches('.').to_ascii_lowercase();
                let is_of_cluster = name.starts_with("kubernetes.default")
                    || name.rsplit('.').next() == Some("svc")
                    || name.contains(".svc.")
                    || name.ends_with(".cluster.local");
                if is_of_cluster {
                    Some(Self::Cluster)
                } else if name == "localhost" || name.ends_with(".localhost") {
                    Some(Self::Loopback)
                } else {
                    let is_private = PRIVATE.iter().any(|end| name.ends_with(end));
                    (is_private || !name.contains('.')).then_some(Self::PrivateNetwork)
                }
            }
            Host::Ipv4(ip) if ip.is_loopback() || ip.is_unspecified() => Some(Self::Loopback),
            Host::Ipv4(ip) => {
                let [first, second, ..] = ip.octets();
                // RFC 6598: between a provider and its customers.
                let is_shared = first == 100 && (64..128).contains(&second);
                (ip.is_private() || ip.is_link_local() || is_shared).then_some(Self::PrivateNetwork)
            }
            Host::Ipv6(ip) if ip.is_loopback() || ip.is_unspecified() => Some(Self::Loopback),
            Host::Ipv6(ip) => {
                (ip.is_unique_local() || ip.is_unicast_link_local()).then_some(Self::PrivateNetwork)
            }
        }
    }
}

/// `issuer`, if it is an address that is not on the internet.
pub(super) fn check(issuer: &str) -> Option<Unreachable<'_>> {
    let with_scheme = issuer.contains("://");
    let parsed =
        if with_scheme { Url::parse(issuer) } else { Url::parse(&format!("https://{issuer}")) };
    let url = parsed.ok()?;
    Some(Unreachable { issuer, place: Place::of(&url.host()?)? })
}

/// The issuer in `text`, an authority's error about an external token, if it is not on the internet.
pub(super) fn unreachable(text: &str) -> Option<Unreachable<'_>> {
    let ends = |c: char| c.is_whitespace() || "'\"<>,;()[]{}`\\".contains(c);
    let addresses = text.match_indices("://").take(ADDRESSES_MAX);
    let mut found = addresses.filter_map(|(at, _)| {
        let scheme = ["https", "http"].iter().find(|scheme| text[..at].ends_with(**scheme))?;
        let start = at - scheme.len();
        let near = text.get(start..start + ADDRESS_MAX).unwrap_or(&text[start..]);
        let address = near.split(ends).next().filter(|address| address.len() < ADDRESS_MAX)?;
        let address = address.trim_end_matches(['.', ':']);
        let mut near = start.saturating_sub(NEAR);
        while !text.is_char_boundary(near) {
            near += 1;
        }
        // What stands before an earlier address names that one.
        let before = text[near..start]
            .rsplit_once("://")
            .map_or(&text[near..start], |(_, rest)| rest.find(ends).map_or("", |end| &rest[end..]));
        let before = before.to_ascii_lowercase();
        ["issuer", "iss", "endpoint", "oidc", "authority"]
            .iter()
            .any(|word| before.contains(word))
            .then_some(address)
    });
    let by_address = found.find_map(check);
    // Kubernetes' old issuer has no scheme: `kubernetes/serviceaccount`.
    by_address.or_else(|| {
        let at = text.find("issuer 'kubernetes").map(|at| at + "issuer '".len())?;
        let issuer = text[at..].split('\'').next()?;
        Some(Unreachable { issuer, place: Place::Cluster })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_that_is_not_on_the_internet_is_found() {
        use Place::{Cluster, Loopback, PrivateNetwork};
        for (issuer, place) in [
            ("https://kubernetes.default.svc.cluster.local", Some(Cluster)),
            ("https://kubernetes.default.svc", Some(Cluster)),
            ("https://oidc.auth.svc.cluster.local/realms/x", Some(Cluster)),
            ("http://localhost:8080/realms/x", Some(Loopback)),
            ("https://127.0.0.1:6443", Some(Loopback)),
            ("https://[::1]/", Some(Loopback)),
            ("https://10.0.0.1:6443", Some(PrivateNetwork)),
            ("https://172.20.1.4", Some(PrivateNetwork)),
            ("https://192.168.49.2:8443", Some(PrivateNetwork)),
            ("https://100.100.1.1", Some(PrivateNetwork)),
            ("https://[fd00::1]/", Some(PrivateNetwork)),
            ("https://gitlab.corp.internal", Some(PrivateNetwork)),
            ("https://gitlab", Some(PrivateNetwork)),
            ("https://token.actions.githubusercontent.com", None),
            ("https://westeurope.oic.prod-aks.azure.com/t/x/", None),
            ("https://172.32.0.1", None),
            ("https://localhost.example.com", None),
            ("https://svc.example.com", None),
        ] {
            assert_eq!(check(issuer).map(|found| found.place), place, "{issuer}");
        }
    }

    #[test]
    fn only_an_address_that_is_named_as_the_issuer_counts() {
        let found = |text| unreachable(text).map(|found| found.issuer);
        assert_eq!(
            found(
                "presented assertion issuer 'https://kubernetes.default.svc.cluster.local'. Please"
            ),
            Some("https://kubernetes.default.svc.cluster.local")
        );
        assert_eq!(found("OIDC endpoint https://10.1.2.3:6443. "), Some("https://10.1.2.3:6443"));
        assert_eq!(
            found("issuer 'https://gitlab.example.com'. Redirect: http://localhost:8400"),
            None
        );
    }
}
