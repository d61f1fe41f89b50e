//! What the address of an authority means.

use url::Url;

use super::SettingsError;
use entrada_core::entra::clouds::Cloud;
use entrada_core::{Authority, Family, Tenant, clean};

/// The tenant of an authority of Entra's shape when none is given: any work, school or personal account.
pub(super) const TENANT_DEFAULT: &str = "common";

/// The authority that an address means, however much of it was copied: the host alone, with the tenant, with `/v2.0`, or
/// all of a discovery document's address.
pub(super) fn named(text: &str, tenant: Option<String>) -> Result<Authority, SettingsError> {
    const DOCUMENT: &str = "/.well-known/openid-configuration";
    let text = text.strip_suffix(DOCUMENT).unwrap_or(text);
    let Ok(mut url) = Url::parse(text) else { return Ok(Authority::parse(text, None)?) };
    let host = url.host_str().unwrap_or_default().to_owned();
    let words: Vec<String> =
        url.path().split('/').filter(|word| !word.is_empty()).map(str::to_owned).collect();
    let default = match Family::of(&url) {
        // These name their endpoints themselves, and their tenants have another place.
        Family::Adfs => return Ok(Authority::parse(text, None)?),
        Family::B2c => {
            if words.len() == 2 {
                url.set_path(&format!("/{}/v2.0", words.join("/")));
            }
            return Ok(Authority::parse(url.as_str(), None)?);
        }
        Family::ExternalId => {
            let name = host.split('.').next().unwrap_or_default();
            if name.len() == 36 { name.to_owned() } else { format!("{name}.onmicrosoft.com") }
        }
        Family::Other if Cloud::of_authority_host(&host).is_some() => TENANT_DEFAULT.to_owned(),
        Family::Other => {
            let tenant = tenant.map(|tenant| Tenant::parse(&tenant)).transpose()?;
            return Ok(Authority::parse(text, tenant)?);
        }
    };
    // Entra's shape: the path is at most the tenant, and a version that we know anyway.
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] | [_] | [_, "v2.0"] => url.set_path(""),
        _ => return Err(SettingsError::AuthorityPath(clean(text).chars().take(200).collect())),
    }
    let in_path = words.into_iter().next();
    if let (Some(one), Some(other)) = (&in_path, &tenant)
        && !one.eq_ignore_ascii_case(other)
    {
        let shown = |text: &str| clean(text).chars().take(80).collect();
        return Err(SettingsError::TwoTenants(shown(one), shown(other)));
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
