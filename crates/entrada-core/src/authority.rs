//! Authorities: the issuers of tokens.

use std::fmt;

use serde::{Deserialize, Serialize};
use url::Url;

use super::AuthorityKind;

/// The tenant: a directory, or one of Entra's well-known groups of directories.
///
/// It is a GUID, a verified domain, `common`, `organizations` or `consumers`, in lower case.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tenant(String);

/// The text is not a tenant.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a tenant: expected a GUID, a domain, `common`, `organizations`, or `consumers`"
)]
pub struct TenantError(String);

impl Tenant {
    /// Any work, school or personal account: the tenant of an Entra authority when none is given.
    pub const COMMON: &'static str = "common";

    /// Parses `text`, once, at the edge. All other code can trust the value.
    ///
    /// ```
    /// use entrada_core::Tenant;
    ///
    /// assert_eq!(Tenant::parse("Contoso.OnMicrosoft.com")?.as_str(), "contoso.onmicrosoft.com");
    /// assert!(Tenant::parse("contoso/../common").is_err());
    /// # Ok::<(), entrada_core::TenantError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`TenantError`] if `text` is neither a name with dots nor a GUID.
    pub fn parse(text: &str) -> Result<Self, TenantError> {
        let label = |label: &str| {
            !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        };
        if text.len() <= 253 && text.split('.').all(label) {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(TenantError(super::clean(text).chars().take(80).collect()))
        }
    }

    /// The spelling in URLs.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the tenant is a GUID, which can be compared with the `tid` claim.
    pub fn is_guid(&self) -> bool {
        uuid::Uuid::try_parse(&self.0).is_ok()
    }
}

impl fmt::Display for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The issuer of tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Authority {
    /// Entra ID, or an authority with the same URL layout: `{host}/{tenant}` is the base of every endpoint.
    Entra {
        /// For example `https://login.microsoftonline.com/`.
        host: Url,
        /// The tenant that issues the token.
        tenant: Tenant,
    },
    /// Any other OpenID provider, described by its discovery document.
    Issuer {
        /// The issuer, which has `.well-known/openid-configuration` below it.
        url: Url,
    },
}

/// The URL that `text` seems to mean.
fn similar_url(text: &str) -> String {
    let with = |scheme: &str| {
        let lacks_it = !text.contains("://") && !text.contains(char::is_whitespace);
        Url::parse(&format!("{scheme}://{text}")).ok().filter(|_| lacks_it)
    };
    if with("http").is_some_and(|url| is_loopback(&url)) {
        return format!("for a server on this machine without TLS write `http://{text}`");
    }
    if with("https").is_some_and(|url| url.host_str().is_some_and(|host| host.contains('.'))) {
        return format!("write `https://{text}`");
    }
    "an authority looks like `https://login.microsoftonline.com`".to_owned()
}

/// The URL is not usable as an authority.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthorityError {
    /// The text is not a URL.
    #[error("`{text}` is not a URL; {similar}", text = .0, similar = similar_url(.0))]
    NotAUrl(String),
    /// The URL would send tokens without TLS.
    #[error(
        "`{0}` is not https; plain http is accepted for this machine only (127.0.0.1, ::1, localhost)"
    )]
    NotHttps(String),
    /// The URL has a user name, query or fragment.
    #[error(
        "the authority at `{0}` has a user name, query or fragment; only scheme, host and path are allowed"
    )]
    Extras(String),
}

/// The endpoints of the protocol (RFC 8414 §2; OIDC Discovery §3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoints {
    /// The issuer in the metadata. `None` for Entra, whose issuer is derived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// RFC 6749 §3.2.
    pub token: Url,
    /// RFC 8628 §3.1. Not every provider has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_authorization: Option<Url>,
    /// RFC 6749 §3.1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization: Option<Url>,
    /// The signing keys of ID tokens (RFC 7517 §5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys: Option<Url>,
    /// RFC 7009 §2. Entra has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revocation: Option<Url>,
    /// Whether every authorization response has an `iss` (RFC 9207 §3).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub iss_parameter_supported: bool,
}

impl Authority {
    /// Parses the URL of an authority. With a `tenant` it has Entra's layout; without one it is any OpenID issuer.
    ///
    /// ```
    /// use entrada_core::{Authority, Tenant};
    ///
    /// let tenant = Tenant::parse("organizations")?;
    /// let authority = Authority::parse("https://login.microsoftonline.com", Some(tenant))?;
    /// let endpoints = authority.endpoints().unwrap();
    /// assert_eq!(
    ///     endpoints.token.as_str(),
    ///     "https://login.microsoftonline.com/organizations/oauth2/v2.0/token"
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`AuthorityError`] if `url` is not a URL, or has a user name, query or fragment, or would send tokens in the clear.
    pub fn parse(url: &str, tenant: Option<Tenant>) -> Result<Self, AuthorityError> {
        let shown = || super::clean(url).chars().take(200).collect::<String>();
        let parsed = Url::parse(url).map_err(|_| AuthorityError::NotAUrl(shown()))?;
        if parsed.host_str().is_none_or(str::is_empty) {
            return Err(AuthorityError::NotAUrl(shown()));
        }
        let extras = !parsed.username().is_empty()
            || parsed.password().is_some()
            || parsed.query().is_some()
            || parsed.fragment().is_some();
        if extras {
            // The error does not quote the URL: a user name in it may come with a password.
            let host = parsed.host_str().unwrap_or_default();
            return Err(AuthorityError::Extras(super::clean(host).into_owned()));
        }
        check_transport(&parsed)?;
        Ok(match tenant {
            Some(tenant) => Self::Entra { host: parsed, tenant },
            None => Self::Issuer { url: parsed },
        })
    }

    /// Entra's endpoints, which follow from host and tenant; `None` for authorities that need discovery.
    pub fn endpoints(&self) -> Option<Endpoints> {
        let Self::Entra { host, tenant } = self else { return None };
        let endpoint = |path: &str| {
            let mut url = host.clone();
            url.set_path(&format!("{}/{tenant}/{path}", host.path().trim_end_matches('/')));
            url
        };
        Some(Endpoints {
            issuer: None,
            token: endpoint("oauth2/v2.0/token"),
            device_authorization: Some(endpoint("oauth2/v2.0/devicecode")),
            authorization: Some(endpoint("oauth2/v2.0/authorize")),
            keys: Some(endpoint("discovery/v2.0/keys")),
            revocation: None,
            iss_parameter_supported: false,
        })
    }

    /// The discovery document (OIDC Discovery §4; Entra: `{tenant}/v2.0/.well-known/openid-configuration`).
    pub fn discovery_url(&self) -> Url {
        let (base, path) = match self {
            Self::Entra { host, tenant } => (host, format!("/{tenant}/v2.0")),
            Self::Issuer { url } => (url, String::new()),
        };
        let mut url = base.clone();
        let above = base.path().trim_end_matches('/');
        url.set_path(&format!("{above}{path}/.well-known/openid-configuration"));
        url
    }

    /// Whether the authority is a Microsoft product, which all deviate from the standard. An emulator with Entra's URL
    /// layout counts as one.
    pub fn is_microsoft(&self) -> bool {
        match self {
            Self::Entra { .. } => true,
            Self::Issuer { url } => AuthorityKind::of(url) != AuthorityKind::Other,
        }
    }

    /// Whether a discovery document of this authority may name `issuer`. OIDC Discovery §4.3 requires the requested
    /// address. Microsoft's products use other addresses within their own hosts.
    pub fn accepts_issuer(&self, issuer: &str) -> bool {
        let url = match self {
            Self::Issuer { url } | Self::Entra { host: url, .. } => url,
        };
        let same = |text: &str| text.trim_end_matches('/') == url.as_str().trim_end_matches('/');
        let Ok(named) = Url::parse(issuer) else { return false };
        match self {
            Self::Entra { .. } if named.origin() == url.origin() => true,
            Self::Issuer { .. } if same(issuer) => true,
            _ => AuthorityKind::of(url).issuer_matches(url, &named),
        }
    }

    /// The tenant, if the authority has one.
    pub fn tenant(&self) -> Option<&Tenant> {
        match self {
            Self::Entra { tenant, .. } => Some(tenant),
            Self::Issuer { .. } => None,
        }
    }

    /// The base URL without a trailing slash: the first part of a store key.
    pub fn base(&self) -> String {
        let (Self::Entra { host: url, .. } | Self::Issuer { url }) = self;
        url.as_str().trim_end_matches('/').to_owned()
    }
}

/// `{host}/{tenant}` for Entra, the issuer's URL otherwise.
impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.base())?;
        self.tenant().map_or(Ok(()), |tenant| write!(f, "/{tenant}"))
    }
}

/// Whether `url` is on this machine: `localhost`, `127.0.0.0/8`, `[::1]`.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// Allows `https`, and `http` to this machine. Anything else would show tokens to the network.
///
/// # Errors
///
/// [`AuthorityError::NotHttps`] if the URL is plain http to another machine.
pub fn check_transport(url: &Url) -> Result<(), AuthorityError> {
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_loopback(url) => Ok(()),
        _ => Err(AuthorityError::NotHttps(super::clean(url.as_str()).into_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_tenants_are_refused_before_any_url_is_built() {
        for text in [
            "", ".", "..", "a/b", "a?b", "a#b", "a@b", "a b", "a\r\nb", "a\0", "a..b", "ａ",
            "a%2fb",
        ] {
            assert!(Tenant::parse(text).is_err(), "{text:?}");
        }
        for text in ["common", "Contoso.onmicrosoft.com", "9188040d-6c67-4c5b-b112-36a304b66dad"] {
            assert!(Tenant::parse(text).is_ok(), "{text:?}");
        }
    }

    #[test]
    fn entra_endpoints_follow_from_host_and_tenant() {
        let tenant = Tenant::parse("common").unwrap();
        let authority =
            Authority::parse("https://login.microsoftonline.com/", Some(tenant)).unwrap();
        let endpoints = authority.endpoints().unwrap();
        assert_eq!(
            endpoints.token.as_str(),
            "https://login.microsoftonline.com/common/oauth2/v2.0/token"
        );
        assert_eq!(
            authority.discovery_url().as_str(),
            "https://login.microsoftonline.com/common/v2.0/.well-known/openid-configuration"
        );
        assert_eq!(authority.to_string(), "https://login.microsoftonline.com/common");
    }

    #[test]
    fn an_issuer_keeps_its_path() {
        let authority = Authority::parse("https://idp.example/realms/one/", None).unwrap();
        assert_eq!(
            authority.discovery_url().as_str(),
            "https://idp.example/realms/one/.well-known/openid-configuration"
        );
        assert_eq!(authority.endpoints(), None);
    }

    #[test]
    fn plain_http_is_for_this_machine_only() {
        for url in ["http://127.0.0.1:1", "http://[::1]:1", "http://localhost:1", "https://x"] {
            assert!(Authority::parse(url, None).is_ok(), "{url}");
        }
        for url in [
            "http://example.com",
            "http://localhost.example.com",
            "http://10.0.0.1",
            "ftp://127.0.0.1",
            "https://user@x",
            "https://x?y",
            "javascript:alert(1)",
            "x",
        ] {
            assert!(Authority::parse(url, None).is_err(), "{url}");
        }
    }

    #[test]
    fn an_address_without_a_scheme_is_shown_with_one() {
        for (text, shown) in [
            ("localhost:8400", "`http://localhost:8400`"),
            ("127.0.0.1:8400", "`http://127.0.0.1:8400`"),
            ("[::1]:8400", "`http://[::1]:8400`"),
            ("login.microsoftonline.us", "`https://login.microsoftonline.us`"),
            ("contoso", "looks like `https://login.microsoftonline.com`"),
        ] {
            let error = Authority::parse(text, None).unwrap_err().to_string();
            assert!(error.contains(shown), "{error}");
        }
    }
}
