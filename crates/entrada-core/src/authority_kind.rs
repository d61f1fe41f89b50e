//! The Microsoft product of an authority, as far as its URL shows. Each product deviates from the standard in its own way.
//!
//! The URLs of External ID, B2C and AD FS are general knowledge, not verified against the services.

use url::Url;

/// A kind of authority.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthorityKind {
    /// Entra External ID: `https://NAME.ciamlogin.com/TENANT`. Endpoints have Entra's layout. The issuer has the tenant's
    /// GUID in its host and in its path.
    ExternalId,
    /// Azure AD B2C: `https://NAME.b2clogin.com/TENANT/POLICY/v2.0`. The issuer is another URL on the same host.
    B2c,
    /// Active Directory Federation Services: `https://HOST/adfs`.
    Adfs,
    /// Any other address: Entra, an emulator, an OpenID provider.
    Other,
}

impl AuthorityKind {
    /// The kind of the authority at `url`.
    pub fn of(url: &Url) -> Self {
        let host = url.host_str().unwrap_or_default();
        if host.ends_with(".ciamlogin.com") {
            Self::ExternalId
        } else if host.ends_with(".b2clogin.com") {
            Self::B2c
        } else if url.path().trim_end_matches('/').eq_ignore_ascii_case("/adfs") {
            Self::Adfs
        } else {
            Self::Other
        }
    }

    /// Whether an authority of this kind at `url` may use `issuer`, which differs from `url`.
    pub(super) fn issuer_matches(self, url: &Url, issuer: &Url) -> bool {
        let (own, host) =
            (url.host_str().unwrap_or_default(), issuer.host_str().unwrap_or_default());
        issuer.scheme() == "https"
            && match self {
                Self::ExternalId => host.ends_with(".ciamlogin.com"),
                Self::B2c => host == own,
                Self::Adfs | Self::Other => false,
            }
    }
}
