//! Who signed in, by an ID token that was checked.

use url::Url;

use super::{AcquireError, Prompt, TokenRequest, endpoints};
use crate::entra::clouds::Cloud;
use crate::model::{Account, Authority, Endpoints, Family, Secret};
use crate::oauth::id_token::{self, Expected, Keys};
use crate::oauth::{TokenResponse, account_of};
use crate::sys::Sys;

/// The account that `response` is about. An ID token in it is validated first (OIDC Core §3.1.3.7); `nonce` is what was
/// sent. Access tokens are the API's to judge, and are not looked at.
pub(super) fn identify(
    sys: &Sys<'_>,
    endpoints: &Endpoints,
    request: &TokenRequest,
    response: &TokenResponse,
    nonce: Option<&Secret>,
    prompt: &mut dyn Prompt,
) -> Result<Account, AcquireError> {
    let Some(token) = &response.id_token else { return Ok(account_of(response)) };
    let issuer = issuer(sys, &request.authority, endpoints)?;
    let keys = match keys(sys, endpoints) {
        Ok(keys) => keys,
        Err(error @ AcquireError::Interrupted(_)) => return Err(error),
        // The code is spent and the tokens are here. They came over TLS from the token endpoint itself, which OIDC Core
        // §3.1.3.7 (6) takes for a signature.
        Err(error) => {
            prompt.trouble(&format!("the ID token's signature was not checked: {error}"));
            None
        }
    };
    let expected = Expected {
        issuer: &issuer,
        client_id: &request.client_id,
        nonce,
        now: response.server_date.unwrap_or_else(|| sys.clock.now()),
    };
    id_token::check(token, keys.as_ref(), expected).map_err(AcquireError::IdToken)?;
    Ok(account_of(response))
}

fn keys(sys: &Sys<'_>, endpoints: &Endpoints) -> Result<Option<Keys>, AcquireError> {
    let Some(url) = &endpoints.keys else { return Ok(None) };
    let response = sys.http.send(id_token::keys_request(url))?;
    let answer = id_token::parse_keys(&response)?;
    answer.map(Some).map_err(|error| endpoints::refused(*error))
}

/// What `iss` has to be, with `{tenantid}` for the tenant.
fn issuer(
    sys: &Sys<'_>,
    authority: &Authority,
    endpoints: &Endpoints,
) -> Result<String, AcquireError> {
    if let Some(issuer) = &endpoints.issuer {
        return Ok(issuer.clone());
    }
    let Authority::Entra { host, .. } = authority else { return Ok(authority.base()) };
    let name = host.host_str().unwrap_or_default();
    if let Some(cloud) = Cloud::of_authority_host(name) {
        return Ok(cloud.facts().issuer_v2.to_owned());
    }
    if Family::of(host) == Family::ExternalId {
        return Ok("https://{tenantid}.ciamlogin.com/{tenantid}/v2.0".to_owned());
    }
    if is_loopback(host) {
        return Ok(format!("{}/{{tenantid}}/v2.0", authority.base()));
    }
    // A cloud that is younger than this program says itself what it is called.
    let found = endpoints::discover(sys, authority)?;
    Ok(found.issuer.unwrap_or_else(|| format!("{}/{{tenantid}}/v2.0", authority.base())))
}

/// An emulator on this machine.
fn is_loopback(url: &Url) -> bool {
    url.scheme() == "http" || url.host_str() == Some("localhost")
}
