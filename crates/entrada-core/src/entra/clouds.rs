//! The national clouds and their hosts. Registrations, consent and tokens are valid in one cloud only.

mod table;

use serde::{Deserialize, Serialize};
use strum::IntoEnumIterator as _;

use super::resources::{self, fits};
use table::{BLEU, CHINA, DELOS, DOD, GOVSG, PUBLIC, USGOV};

/// A national cloud of Microsoft.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    strum::EnumIter,
    strum::EnumMessage,
    strum::EnumString,
    strum::IntoStaticStr,
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Cloud {
    /// The worldwide cloud, GCC included
    #[default]
    Public,
    /// US Government, GCC High
    UsGov,
    /// US Department of Defense
    Dod,
    /// China, run by 21Vianet
    China,
    /// France, run by Bleu
    Bleu,
    /// Germany, run by Delos
    Delos,
    /// Singapore's government
    GovSg,
}

/// The hosts and URLs of a cloud's services. Hosts are bare; the other values are `https` origins without a trailing slash.
/// `None` stands for what is not public.
#[derive(Debug, PartialEq, Eq)]
pub struct CloudFacts {
    /// The host of the authority.
    pub authority_host: &'static str,
    /// Other hosts of the same authority.
    pub authority_aliases: &'static [&'static str],
    /// Microsoft Graph: the origin of its URLs, its audience, and the prefix of its scopes.
    pub graph: &'static str,
    /// Exchange: its audience, and the prefix of its scopes.
    pub exchange: Option<&'static str>,
    /// The host of IMAP, POP, EWS and ActiveSync. Those of Bleu and Delos are assumed from the audience.
    pub exchange_host: Option<&'static str>,
    /// The host for mail submission (SMTP). Only the worldwide one is from Microsoft's documentation; the others are not
    /// verified.
    pub smtp_host: Option<&'static str>,
    /// Azure Resource Manager.
    pub arm: Option<&'static str>,
    /// The portal for registrations and consent.
    pub portal: Option<&'static str>,
    /// The audience of external tokens for workload identity federation.
    pub federation_audience: &'static str,
    /// `iss` of v1 tokens; `{tenantid}` stands for the tenant. Outside China, it does not identify the cloud.
    pub issuer_v1: Option<&'static str>,
    /// `iss` of v2.0 tokens; `{tenantid}` stands for the tenant.
    pub issuer_v2: &'static str,
    /// Hosts in audiences that no other cloud has; `*` for any text.
    audience_hosts: &'static [&'static str],
}

impl Cloud {
    /// The cloud whose tokens come from `host`, a bare host name. Dod is reported as [`Self::UsGov`]: they share the host.
    ///
    /// ```
    /// use entrada_core::entra::clouds::Cloud;
    ///
    /// assert_eq!(Cloud::of_authority_host("login.microsoftonline.us"), Some(Cloud::UsGov));
    /// ```
    pub fn of_authority_host(host: &str) -> Option<Self> {
        Self::iter().find(|cloud| cloud.has_authority_host(host))
    }

    /// The cloud that an `iss` claim identifies. `sts.windows.net` serves several clouds and identifies none. Dod is
    /// reported as [`Self::UsGov`].
    pub fn of_issuer(iss: &str) -> Option<Self> {
        match host(iss)? {
            host if host.eq_ignore_ascii_case("sts.windows.net") => None,
            host if host.eq_ignore_ascii_case("sts.chinacloudapi.cn") => Some(Self::China),
            host => Self::of_authority_host(host),
        }
    }

    /// The cloud that an `aud` claim identifies. Ids, unknown APIs and names used in every cloud identify none.
    pub fn of_audience(aud: &str) -> Option<Self> {
        let aud = resources::normalise(aud);
        let host = host(&aud)?;
        let sovereign = Self::iter()
            .find(|cloud| cloud.facts().audience_hosts.iter().any(|pattern| fits(pattern, host)));
        let everywhere = ["storage.azure.com", "onedrive.cloud.microsoft"].contains(&host)
            || fits("*.sharepoint.de", host);
        sovereign.or_else(|| {
            (!everywhere && resources::of_audience(&aud).is_some()).then_some(Self::Public)
        })
    }

    /// Whether both clouds get their tokens from the same host, so that an issuer does not distinguish them.
    pub fn shares_authority(self, other: Self) -> bool {
        self.facts().authority_host == other.facts().authority_host
    }

    /// The hosts and URLs of this cloud's services.
    pub fn facts(self) -> &'static CloudFacts {
        match self {
            Self::Public => &PUBLIC,
            Self::UsGov => &USGOV,
            Self::Dod => &DOD,
            Self::China => &CHINA,
            Self::Bleu => &BLEU,
            Self::Delos => &DELOS,
            Self::GovSg => &GOVSG,
        }
    }

    /// The spelling in flags, configuration and JSON.
    pub fn id(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::UsGov => "usgov",
            Self::Dod => "dod",
            Self::China => "china",
            Self::Bleu => "bleu",
            Self::Delos => "delos",
            Self::GovSg => "govsg",
        }
    }

    /// Whether `host` is one of this cloud's authority hosts, or a regional or mutual-TLS form of one, as MSAL knows them:
    /// `westeurope.login.microsoft.com`, `mtlsauth.microsoft.com`.
    fn has_authority_host(self, host: &str) -> bool {
        let facts = self.facts();
        let is_own = |host: &str| {
            std::iter::once(&facts.authority_host)
                .chain(facts.authority_aliases)
                .any(|own| own.eq_ignore_ascii_case(host))
        };
        let is_own_or_mtls = |host: &str| {
            let rest = host.get(..9).filter(|start| start.eq_ignore_ascii_case("mtlsauth."));
            is_own(host) || rest.is_some_and(|start| is_own(&host.replacen(start, "login.", 1)))
        };
        let is_region = |label: &str| {
            !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        };
        is_own_or_mtls(host)
            || host
                .split_once('.')
                .is_some_and(|(region, rest)| is_region(region) && is_own_or_mtls(rest))
    }
}

/// Whether an `iss` claim has a host of Entra, newer clouds and External ID included.
pub fn is_entra_issuer(iss: &str) -> bool {
    let Some(host) = host(iss) else { return false };
    Cloud::of_authority_host(host).is_some() || {
        let host = host.to_ascii_lowercase();
        OTHER_ISSUER_HOSTS.iter().any(|pattern| fits(pattern, &host))
    }
}

/// Hosts that issue tokens in addition to those of [`Cloud`]: B2C and External ID, closed clouds, and Microsoft's test cloud.
const OTHER_ISSUER_HOSTS: [&str; 12] = [
    "sts.chinacloudapi.cn",
    "login.microsoftonline.de",
    "login.microsoftonline.eaglex.ic.gov",
    "login.microsoftonline.microsoft.scloud",
    "login.windows-ppe.net",
    "sts.windows-ppe.net",
    "login.microsoft-ppe.com",
    "*.ciamlogin.com",
    "*.b2clogin.com",
    "*.b2clogin.cn",
    "*.b2clogin.us",
    "*.b2clogin.de",
];

fn host(url: &str) -> Option<&str> {
    let rest = url.strip_prefix("https://")?;
    rest.split(['/', ':', '?', '#']).next().filter(|host| !host.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_and_json_spell_every_cloud_alike() {
        for cloud in Cloud::iter() {
            assert_eq!(<&str>::from(cloud), cloud.id());
            assert_eq!(serde_json::to_value(cloud).unwrap(), cloud.id());
        }
    }

    #[test]
    fn hosts_and_their_other_names_belong_to_one_cloud() {
        for (host, cloud) in [
            ("login.microsoftonline.com", Some(Cloud::Public)),
            ("Login.Windows.Net", Some(Cloud::Public)),
            ("login.microsoftonline.us", Some(Cloud::UsGov)),
            ("login.chinacloudapi.cn", Some(Cloud::China)),
            ("login-us.microsoftonline.com", Some(Cloud::UsGov)),
            ("login.sovcloud-identity.fr", Some(Cloud::Bleu)),
            ("login.sovcloud-identity.de", Some(Cloud::Delos)),
            ("login.sovcloud-identity.sg", Some(Cloud::GovSg)),
            ("westeurope.login.microsoft.com", Some(Cloud::Public)),
            ("usdodcentral.login.microsoftonline.us", Some(Cloud::UsGov)),
            ("mtlsauth.microsoft.com", Some(Cloud::Public)),
            ("francecentral.mtlsauth.sovcloud-identity.fr", Some(Cloud::Bleu)),
            ("login.example.com", None),
            ("login.microsoftonline.com.example.com", None),
            ("a.b.login.microsoft.com", None),
            (".login.microsoft.com", None),
        ] {
            assert_eq!(Cloud::of_authority_host(host), cloud, "{host}");
        }
    }

    #[test]
    fn a_v1_issuer_does_not_identify_the_cloud() {
        assert_eq!(Cloud::of_issuer("https://sts.windows.net/tid/"), None);
        assert_eq!(Cloud::of_issuer("https://sts.chinacloudapi.cn/tid/"), Some(Cloud::China));
        assert_eq!(
            Cloud::of_issuer("https://login.microsoftonline.us/tid/v2.0"),
            Some(Cloud::UsGov)
        );
        assert_eq!(Cloud::of_issuer("not a url"), None);
        assert!(Cloud::UsGov.shares_authority(Cloud::Dod));
        assert!(!Cloud::UsGov.shares_authority(Cloud::Public));
    }

    #[test]
    fn audiences_identify_their_cloud_and_ids_do_not() {
        for (aud, cloud) in [
            ("https://graph.microsoft.com/", Some(Cloud::Public)),
            ("https://outlook.office365.com:443/", Some(Cloud::Public)),
            ("https://graph.microsoft.us", Some(Cloud::UsGov)),
            ("https://DOD-graph.microsoft.us/", Some(Cloud::Dod)),
            ("https://contoso.sharepoint.us", Some(Cloud::UsGov)),
            ("https://management.core.chinacloudapi.cn/", Some(Cloud::China)),
            ("https://graph.svc.sovcloud.fr", Some(Cloud::Bleu)),
            ("https://outlook.sovcloud.de", Some(Cloud::Delos)),
            ("https://management.core.sovcloud-api.fr/", Some(Cloud::Bleu)),
            ("https://graph.svc.sovcloud.sg", Some(Cloud::GovSg)),
            ("https://storage.azure.com", None),
            ("00000003-0000-0000-c000-000000000000", None),
            ("https://api.example.com", None),
        ] {
            assert_eq!(Cloud::of_audience(aud), cloud, "{aud}");
        }
    }

    #[test]
    fn each_cloud_contains_its_own_services() {
        for cloud in Cloud::iter() {
            let facts = cloud.facts();
            assert_eq!(Cloud::of_audience(facts.graph), Some(cloud));
            for audience in [facts.exchange, facts.arm].into_iter().flatten() {
                let found = Cloud::of_audience(audience);
                let shares = found.is_some_and(|own| own.facts().arm == facts.arm);
                assert!(found == Some(cloud) || shares, "{audience}");
                assert!(resources::of_audience(audience).is_some(), "{audience}");
            }
            assert!(resources::GRAPH.accepts(facts.graph), "{}", facts.graph);
            assert!(
                Cloud::of_issuer(facts.issuer_v2).is_some_and(|own| own.shares_authority(cloud))
            );
            assert!(is_entra_issuer(facts.issuer_v2));
            assert!(facts.issuer_v1.is_none_or(is_entra_issuer));
        }
    }

    #[test]
    fn other_hosts_are_not_entra() {
        assert!(is_entra_issuer("https://tid.ciamlogin.com/tid/v2.0"));
        for iss in ["https://accounts.google.com", "http://login.microsoftonline.com/x", ""] {
            assert!(!is_entra_issuer(iss), "{iss}");
        }
    }
}
