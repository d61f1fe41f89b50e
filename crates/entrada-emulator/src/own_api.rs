//! APIs of one's own: those that a tenant's developers register, `api://…`.

use std::str::FromStr;

use super::scope::EmulatedResource;
use entrada_core::entra::resources::{self, Resource};

/// An API of one's own, in addition to those of Microsoft: the emulator issues tokens for it.
///
/// ```
/// use entrada_emulator::{Emulator, EmulatedApi};
///
/// let orders: EmulatedApi = "api://orders=Orders.Read,Orders.Write".parse()?;
/// let entra = Emulator::builder().api(orders).start()?;
/// // A program may now sign in with the scope `api://orders/Orders.Read`, or `api://orders/.default`.
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EmulatedApi {
    /// Its Application ID URI, which becomes the `aud` of its tokens: `api://orders`.
    pub audience: String,
    /// The delegated permissions that it publishes: `Orders.Read`.
    pub permissions: Vec<String>,
}

/// The text does not describe an API.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ApiError {
    /// There is no `=` with permissions behind it.
    #[error("expected the API and its permissions: `api://NAME=PERMISSION,PERMISSION`")]
    Shape,
    /// The API is not named by an Application ID URI.
    #[error(
        "the API is named by its Application ID URI, which begins with `api://`, such as `api://orders`"
    )]
    Audience,
    /// A permission has a character that no scope can have.
    #[error("a permission has letters, digits, `.`, `-` and `_`, such as `Orders.Read`")]
    Permission,
}

impl EmulatedApi {
    /// The API `audience` with the delegated `permissions`.
    ///
    /// # Errors
    ///
    /// [`ApiError`] if no scope could name the API or a permission.
    pub fn new<S: Into<String>>(
        audience: &str,
        permissions: impl IntoIterator<Item = S>,
    ) -> Result<Self, ApiError> {
        let audience = audience.trim_end_matches('/');
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._~/".contains(c);
        let is_uri = |name: &str| {
            !name.is_empty()
                && name.chars().all(plain)
                && name.split('/').all(|part| !part.is_empty())
        };
        if !audience.strip_prefix("api://").is_some_and(is_uri) {
            return Err(ApiError::Audience);
        }
        let permissions: Vec<String> = permissions.into_iter().map(Into::into).collect();
        if permissions.is_empty() {
            return Err(ApiError::Shape);
        }
        let is_permission = |name: &String| {
            let plain = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
            !name.is_empty() && name.chars().all(plain) && !name.eq_ignore_ascii_case(".default")
        };
        if !permissions.iter().all(is_permission) {
            return Err(ApiError::Permission);
        }
        Ok(Self { audience: audience.to_owned(), permissions })
    }

    /// The API as the emulator's endpoints use it. The text lives as long as the process: it has the size of the options.
    pub(super) fn resource(&self) -> &'static EmulatedResource {
        let keep = |text: &str| -> &'static str { text.to_owned().leak() };
        let permissions: Vec<&'static str> =
            self.permissions.iter().map(|permission| keep(permission)).collect();
        let audience = keep(&resources::normalise(&self.audience));
        // `api://GUID` is what the portal suggests; the GUID then names the API too.
        let last = audience.rsplit('/').next().unwrap_or_default();
        let app_id = if uuid::Uuid::try_parse(last).is_ok() { last } else { audience };
        let facts = Resource {
            name: keep(&self.audience),
            app_id,
            audiences: Box::leak(Box::new([audience])),
            wildcards: &[],
            scope_prefixes: &[],
            note: None,
        };
        Box::leak(Box::new(EmulatedResource::with(
            Box::leak(Box::new(facts)),
            Box::leak(permissions.into_boxed_slice()),
        )))
    }
}

/// An API that nobody registered, if `audience` has the form of an identifier. It lives as long as the process.
pub(super) fn unregistered_api(
    audience: &str,
    permission: &str,
) -> Option<&'static EmulatedResource> {
    let is_guid = uuid::Uuid::try_parse(audience).is_ok();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~/:".contains(c);
    let is_uri = ["api://", "https://", "http://", "urn:"].iter().any(|scheme| {
        audience
            .strip_prefix(scheme)
            .is_some_and(|rest| !rest.is_empty() && rest.chars().all(plain))
    });
    let usable = (is_guid || is_uri) && audience.len() <= 200;
    let api =
        EmulatedApi { audience: audience.to_owned(), permissions: vec![permission.to_owned()] };
    usable.then(|| api.resource())
}

impl FromStr for EmulatedApi {
    type Err = ApiError;

    fn from_str(text: &str) -> Result<Self, ApiError> {
        let (audience, permissions) = text.split_once('=').ok_or(ApiError::Shape)?;
        Self::new(audience, permissions.split(',').map(str::trim))
    }
}

/// The API of the scenario `own-api`, and of the example in `config.example.toml`.
pub(super) static ORDERS: EmulatedResource = EmulatedResource::with(
    &Resource {
        name: "api://11111111-1111-1111-1111-111111111111",
        app_id: "11111111-1111-1111-1111-111111111111",
        audiences: &["api://11111111-1111-1111-1111-111111111111"],
        wildcards: &[],
        scope_prefixes: &[],
        note: None,
    },
    &["Orders.Read", "Orders.ReadWrite"],
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scope::{SeveralApis, parse};

    #[test]
    fn an_api_is_named_with_its_permissions() {
        let api: EmulatedApi = "api://orders=Orders.Read, Orders.Write".parse().unwrap();
        assert_eq!(
            api,
            EmulatedApi::new("api://orders/", ["Orders.Read", "Orders.Write"]).unwrap()
        );
        for (text, expected) in [
            ("api://orders", ApiError::Shape),
            ("api://orders=", ApiError::Permission),
            ("api://orders=.default", ApiError::Permission),
            ("api://orders=a b", ApiError::Permission),
            ("api://=a", ApiError::Audience),
            ("api://a//b=a", ApiError::Audience),
            ("api://a b=a", ApiError::Audience),
            ("https://orders.example=a", ApiError::Audience),
        ] {
            assert_eq!(text.parse::<EmulatedApi>(), Err(expected), "{text}");
        }
    }

    #[test]
    fn its_scopes_are_known_where_it_is_registered() {
        let api = EmulatedApi::new(
            "api://contoso.example/22222222-2222-4222-8222-222222222222",
            ["Orders.Read", "Orders.Write"],
        );
        let own = [api.unwrap().resource()];
        let names = |scope: &str| {
            let wanted = parse(scope, SeveralApis::Refused, &own)?;
            Ok::<_, crate::refusal::EntraError>((wanted.audience(), wanted.api_scopes()))
        };
        let uri = "api://contoso.example/22222222-2222-4222-8222-222222222222";
        let (audience, scopes) = names(&format!("{uri}/orders.read")).unwrap();
        assert_eq!((audience.as_str(), &scopes[..]), (uri, &["Orders.Read"][..]));
        let (audience, scopes) = names("22222222-2222-4222-8222-222222222222/.default").unwrap();
        assert_eq!(audience, "22222222-2222-4222-8222-222222222222");
        assert_eq!(scopes, ["Orders.Read", "Orders.Write"]);
        assert_eq!(names(&format!("{uri}/Orders.Delete")).unwrap_err().code, 650_053);
        assert_eq!(names("api://another/Orders.Read").unwrap_err().code, 500_011);
        let both = format!("{uri}/Orders.Read https://graph.microsoft.com/Mail.Read");
        assert_eq!(names(&both).unwrap_err().code, 28_000);
    }
}
