//! Reads the address of an authority.

use url::Url;

use super::entra::clouds::Cloud;
use super::{Authority, AuthorityError, AuthorityKind, Tenant, TenantError, clean};

/// The text is not the address of an authority.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// It is not the URL of an authority.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// The tenant, in the address or given separately, is not valid.
    #[error(transparent)]
    Tenant(#[from] TenantError),
    /// The path of an Entra address holds more than a tenant. Holds the address.
    #[error(
        "`{0}` is not an authority of Entra ID: expected the host, followed by at most a tenant"
    )]
    Path(String),
    /// The address names one tenant, and the caller another. Holds both, in this order.
    #[error("the authority names the tenant `{0}`, and the tenant is given as `{1}`")]
    TwoTenants(String, String),
}

impl Authority {
    /// The authority at `address`, which may be the host alone, the host with a tenant, the same with `/v2.0`, or the
    /// address of a discovery document.
    ///
    /// `tenant` is the tenant that the caller names in addition to the address. An address of a Microsoft cloud without a tenant
    /// means [`Tenant::COMMON`].
    ///
    /// ```
    /// use entrada_core::Authority;
    ///
    /// let authority = Authority::at("https://login.microsoftonline.com/contoso.com/v2.0", None)?;
    /// assert_eq!(authority.tenant().unwrap().as_str(), "contoso.com");
    ///
    /// let keycloak = Authority::at("https://idp.example/realms/one", None)?;
    /// assert!(keycloak.tenant().is_none());
    /// # Ok::<(), entrada_core::AddressError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`AddressError`] names the invalid part of the address.
    pub fn at(address: &str, tenant: Option<&str>) -> Result<Self, AddressError> {
        named(address, tenant.map(str::to_owned))
    }
}

fn named(text: &str, tenant: Option<String>) -> Result<Authority, AddressError> {
    const DOCUMENT: &str = "/.well-known/openid-configuration";
    let text = text.strip_suffix(DOCUMENT).unwrap_or(text);
    let Ok(mut url) = Url::parse(text) else { return Ok(Authority::parse(text, None)?) };
    let host = url.host_str().unwrap_or_default().to_owned();
    let words: Vec<String> =
        url.path().split('/').filter(|word| !word.is_empty()).map(str::to_owned).collect();
    let default = match AuthorityKind::of(&url) {
        // These name their endpoints themselves, and their tenants have another place.
        AuthorityKind::Adfs => return Ok(Authority::parse(text, None)?),
        AuthorityKind::B2c => {
            if words.len() == 2 {
                url.set_path(&format!("/{}/v2.0", words.join("/")));
            }
            return Ok(Authority::parse(url.as_str(), None)?);
        }
        AuthorityKind::ExternalId => {
            let name = host.split('.').next().unwrap_or_default();
            if name.len() == 36 { name.to_owned() } else { format!("{name}.onmicrosoft.com") }
        }
        AuthorityKind::Other if Cloud::of_authority_host(&host).is_some() => {
            Tenant::COMMON.to_owned()
        }
        AuthorityKind::Other => {
            let tenant = tenant.map(|tenant| Tenant::parse(&tenant)).transpose()?;
            return Ok(Authority::parse(text, tenant)?);
        }
    };
    // Entra's shape: the path is at most the tenant, and a version that we know anyway.
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] | [_] | [_, "v2.0"] => url.set_path(""),
        _ => return Err(AddressError::Path(clean(text).chars().take(200).collect())),
    }
    let in_path = words.into_iter().next();
    if let (Some(one), Some(other)) = (&in_path, &tenant)
        && !one.eq_ignore_ascii_case(other)
    {
        let shown = |text: &str| clean(text).chars().take(80).collect();
        return Err(AddressError::TwoTenants(shown(one), shown(other)));
    }
    let tenant = Tenant::parse(&tenant.or(in_path).unwrap_or(default))?;
    Ok(Authority::parse(url.as_str(), Some(tenant))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_means_the_same_however_much_of_it_was_copied() {
        const ENTRA: &str = "https://login.microsoftonline.com";
        const B2C: &str = "https://contoso.b2clogin.com/contoso.onmicrosoft.com/B2C_1_in/v2.0";
        const GUID: &str = "0c0ffee0-1111-4222-8333-444455556666";
        for (address, tenant, expected) in [
            ("http://localhost:3000", None, "http://localhost:3000"),
            ("http://localhost:8400", Some("t"), "http://localhost:8400/t"),
            ("https://idp.example/realms/one", None, "https://idp.example/realms/one"),
            (
                "https://idp.example/realms/one/.well-known/openid-configuration",
                None,
                "https://idp.example/realms/one",
            ),
            ("https://login.microsoftonline.us", None, "https://login.microsoftonline.us/common"),
            (ENTRA, Some("contoso.example"), "https://login.microsoftonline.com/contoso.example"),
            (
                "https://login.microsoftonline.com/contoso.example/v2.0/.well-known/openid-configuration",
                None,
                "https://login.microsoftonline.com/contoso.example",
            ),
            (
                "https://login.microsoftonline.com/contoso.example/",
                Some("Contoso.example"),
                "https://login.microsoftonline.com/contoso.example",
            ),
            (
                "https://contoso.ciamlogin.com",
                None,
                "https://contoso.ciamlogin.com/contoso.onmicrosoft.com",
            ),
            (
                &format!("https://{GUID}.ciamlogin.com/{GUID}/v2.0"),
                None,
                &format!("https://{GUID}.ciamlogin.com/{GUID}"),
            ),
            (
                &format!("https://{GUID}.ciamlogin.com"),
                None,
                &format!("https://{GUID}.ciamlogin.com/{GUID}"),
            ),
            (B2C, None, B2C),
            (B2C, Some("organizations"), B2C),
            (B2C.trim_end_matches("/v2.0"), None, B2C),
            (
                "https://adfs.contoso.example/adfs",
                Some("organizations"),
                "https://adfs.contoso.example/adfs",
            ),
        ] {
            let found = named(address, tenant.map(str::to_owned)).map(|found| found.to_string());
            assert_eq!(found.unwrap(), expected, "{address}");
        }
        for (address, tenant) in [
            ("https://login.microsoftonline.com/a/b/c", None),
            ("https://login.microsoftonline.com/contoso.example", Some("fabrikam.example")),
            ("http://login.microsoftonline.com", None),
            ("https://login.microsoftonline.com?x=y", None),
        ] {
            assert!(named(address, tenant.map(str::to_owned)).is_err(), "{address}");
        }
    }
}
