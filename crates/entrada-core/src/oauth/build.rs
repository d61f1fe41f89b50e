//! Builds requests with the `oauth2` crate.
//!
//! The crate sends requests through a function of the caller. The function here captures the request and sends nothing, so
//! that one pure step builds the request and another reads the response.

use std::borrow::Cow;
use std::cell::RefCell;

use oauth2::basic::BasicClient;
use oauth2::{
    AuthUrl, AuthorizationCode, ClientId, CsrfToken, DeviceAuthorizationUrl,
    EmptyExtraDeviceAuthorizationFields, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl,
    RefreshToken, Scope, StandardDeviceAuthorizationResponse, TokenUrl,
};
use url::Url;

use super::HttpRequest;
use super::authorization::AuthorizationRequest;
use super::code::Redemption;
use crate::{ScopeSet, Secret};

/// The function that the crate calls in place of an HTTP client.
#[derive(Default)]
struct Capture(RefCell<Option<HttpRequest>>);

/// The error that tells the crate that there is no response.
#[derive(Debug, thiserror::Error)]
#[error("the request was captured")]
struct Taken;

impl Capture {
    fn take(&self) -> impl Fn(oauth2::HttpRequest) -> Result<oauth2::HttpResponse, Taken> + '_ {
        |request| {
            self.0.replace(Some(request));
            Err(Taken)
        }
    }

    fn request(self) -> HttpRequest {
        self.0.into_inner().unwrap_or_default()
    }
}

/// The URL of the authorization request (RFC 6749 §4.1.1). `extra` has further parameters.
pub(super) fn authorization(request: &AuthorizationRequest<'_>, extra: &[(&str, &str)]) -> Url {
    let client = BasicClient::new(ClientId::new(request.client_id.to_owned()))
        .set_auth_uri(AuthUrl::from_url(request.endpoint.clone()));
    let verifier = PkceCodeVerifier::new(request.request_state.verifier.expose().to_owned());
    let mut page = client
        .authorize_url(|| CsrfToken::new(request.request_state.state.expose().to_owned()))
        .add_scopes(crate_scopes(request.scopes))
        .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
    if let Ok(redirect) = RedirectUrl::new(request.redirect_uri.to_owned()) {
        page = page.set_redirect_uri(Cow::Owned(redirect));
    }
    for (name, value) in extra {
        page = page.add_extra_param((*name).to_owned(), (*value).to_owned());
    }
    page.url().0
}

/// The token request that redeems a code (RFC 6749 §4.1.3).
pub(super) fn code(redemption: Redemption<'_>) -> HttpRequest {
    let capture = Capture::default();
    let client = BasicClient::new(ClientId::new(redemption.client_id.to_owned()))
        .set_token_uri(TokenUrl::from_url(redemption.token_endpoint.clone()));
    let code = AuthorizationCode::new(redemption.code.expose().to_owned());
    let mut request = client
        .exchange_code(code)
        .set_pkce_verifier(PkceCodeVerifier::new(redemption.verifier.expose().to_owned()))
        .add_extra_param("client_info", "1");
    if let Ok(redirect) = RedirectUrl::new(redemption.redirect_uri.to_owned()) {
        request = request.set_redirect_uri(Cow::Owned(redirect));
    }
    if let Some(scopes) = redemption.scopes {
        request = request.add_extra_param("scope", scopes.to_string());
    }
    if let Some(claims) = redemption.claims {
        request = request.add_extra_param("claims", claims.to_owned());
    }
    let _ = request.request(&capture.take());
    capture.request()
}

/// The refresh request (RFC 6749 §6). `extra` has further form members.
pub(super) fn refresh(
    token_endpoint: &Url,
    client_id: &str,
    refresh_token: &Secret,
    scopes: &ScopeSet,
    extra: &[(&str, &str)],
) -> HttpRequest {
    let capture = Capture::default();
    let client = BasicClient::new(ClientId::new(client_id.to_owned()))
        .set_token_uri(TokenUrl::from_url(token_endpoint.clone()));
    let token = RefreshToken::new(refresh_token.expose().to_owned());
    let mut request = client.exchange_refresh_token(&token).add_scopes(crate_scopes(scopes));
    for (name, value) in extra {
        request = request.add_extra_param((*name).to_owned(), (*value).to_owned());
    }
    let _ = request.request(&capture.take());
    capture.request()
}

/// The device authorization request (RFC 8628 §3.1).
pub(super) fn device_authorization(
    endpoint: &Url,
    client_id: &str,
    scopes: &ScopeSet,
    extra: &[(&str, &str)],
) -> HttpRequest {
    let capture = Capture::default();
    let client = BasicClient::new(ClientId::new(client_id.to_owned()))
        .set_device_authorization_url(DeviceAuthorizationUrl::from_url(endpoint.clone()));
    let mut request = client.exchange_device_code().add_scopes(crate_scopes(scopes));
    for (name, value) in extra {
        request = request.add_extra_param((*name).to_owned(), (*value).to_owned());
    }
    let _: Result<StandardDeviceAuthorizationResponse, _> =
        request.request::<_, EmptyExtraDeviceAuthorizationFields>(&capture.take());
    capture.request()
}

fn crate_scopes(scopes: &ScopeSet) -> impl Iterator<Item = Scope> + '_ {
    scopes.iter().map(|scope| Scope::new(scope.to_owned()))
}
