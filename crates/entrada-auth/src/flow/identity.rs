//! Finds out who signed in, and checks that a refresh is about the same user, from validated ID tokens.

use url::Url;

use super::account_check::check_account;
use super::{AcquireError, Prompt, TokenRequest, endpoints};
use crate::store::{Grant, Grants};
use crate::sys::Sys;
use entrada_core::entra::clouds::Cloud;
use entrada_core::oauth::id_token::{self, ExpectedIdToken, IdTokenError, Keys};
use entrada_core::oauth::{TokenResponse, account_in_id_token, home_account_id, signed_in_account};
use entrada_core::{Account, Authority, AuthorityKind, Endpoints, Secret};

/// The account that `response` is about. Validates an ID token in it first (OIDC Core §3.1.3.7); `nonce` is the value
/// that was sent. Access tokens are for the API to validate, and are not read.
pub(super) fn identify(
    sys: &Sys<'_>,
    grants: &Grants,
    endpoints: &Endpoints,
    request: &TokenRequest,
    response: &TokenResponse,
    nonce: Option<&Secret>,
    prompt: &mut dyn Prompt,
) -> Result<Account, AcquireError> {
    let Some(token) = &response.id_token else { return Ok(signed_in_account(response)) };
    let issuer = issuer(sys, &request.authority, endpoints)?;
    let expected = ExpectedIdToken {
        issuer: &issuer,
        client_id: &request.client_id,
        nonce,
        now: response.server_date.unwrap_or_else(|| sys.clock.now()),
    };
    let keys = match fetch_keys(sys, grants, endpoints) {
        Ok(keys) => keys,
        Err(error @ AcquireError::Interrupted(_)) => return Err(error),
        Err(error) => {
            unchecked(&error, prompt);
            None
        }
    };
    id_token::check(token, keys.as_ref(), expected).map_err(AcquireError::IdToken)?;
    Ok(signed_in_account(response))
}

/// The account of `grant`, with the additions from the response to its refresh. Refuses a response about another user
/// (OIDC Core §12.2), and one with an ID token that would be refused at a sign-in.
///
/// The signing keys are those of the last sign-in, so that a refresh stays one request. If none of them signed the
/// token, newer keys are fetched from the authority.
pub(super) fn identify_renewal(
    sys: &Sys<'_>,
    grants: &Grants,
    endpoints: &Endpoints,
    request: &TokenRequest,
    grant: &Grant,
    response: &TokenResponse,
    prompt: &mut dyn Prompt,
) -> Result<Account, AcquireError> {
    let mut account = grant.account.clone();
    let another = |found: &Account, reason: String| AcquireError::AnotherUser {
        found: Some(found.label().to_owned()).filter(|found| found != grant.account.label()),
        wanted: grant.account.label().to_owned(),
        reason,
    };
    let home = response.client_info.as_deref().and_then(home_account_id);
    if let Some(home) = home.filter(|home| *home != account.id)
        && matches!(request.authority, Authority::Entra { .. })
        && is_home_account_id(&account.id)
    {
        let found = Account { id: home, ..Account::default() };
        return Err(another(&found, "its `client_info` names another user".to_owned()));
    }
    let Some(token) = &response.id_token else { return Ok(account) };
    if let Some(named) = account_in_id_token(response) {
        if let Some(reason) = difference(request, &account, &named) {
            return Err(another(&named, reason));
        }
        account.learn(&named);
        check_account(request, &account)?;
    }
    // The issuer of the sign-in's ID token, if known (§12.2); otherwise the authority's.
    let issuer = match &grant.account.iss {
        Some(issuer) => issuer.clone(),
        None => match issuer(sys, &request.authority, endpoints) {
            Ok(issuer) => issuer,
            Err(error @ AcquireError::Interrupted(_)) => return Err(error),
            Err(error) => {
                unchecked(&error, prompt);
                return Ok(account);
            }
        },
    };
    let expected = ExpectedIdToken {
        issuer: &issuer,
        client_id: &request.client_id,
        // A refreshed ID token has no nonce (§12.2).
        nonce: None,
        now: response.server_date.unwrap_or_else(|| sys.clock.now()),
    };
    check_renewed(sys, grants, endpoints, token, expected, prompt)?;
    Ok(account)
}

/// The reason why `later`, the account in the ID token of a refresh, may be another user than `account`; `None` if it
/// is the same user.
///
/// The same `iss` and `sub` are the same user, whatever else is missing. Otherwise every pinned claim must be
/// present.
fn difference(request: &TokenRequest, account: &Account, later: &Account) -> Option<String> {
    let claims = account.differing_claims(later);
    if !claims.is_empty() {
        let claims: Vec<String> = claims.iter().map(|claim| format!("`{claim}`")).collect();
        let (is, those) = if claims.len() == 1 { ("is", "the one") } else { ("are", "those") };
        let claims = claims.join(" and ");
        return Some(format!("{claims} in its ID token {is} not {those} of the sign-in"));
    }
    if !account.is_same_user(later) {
        return Some("no claim in its ID token shows that it is the same user".to_owned());
    }
    if account.has_same_subject(later) {
        return None;
    }
    let pins = &request.pins;
    let pinned = [("oid", &pins.oid, &later.oid), ("tid", &pins.tid, &later.tid)];
    let missing = pinned.into_iter().find(|(_, pin, found)| pin.is_some() && found.is_none());
    missing.map(|(claim, ..)| {
        format!("its ID token has no `{claim}` to compare with `--{claim}`, and its `iss` and `sub` are not those of the sign-in")
    })
}

fn check_renewed(
    sys: &Sys<'_>,
    grants: &Grants,
    endpoints: &Endpoints,
    token: &Secret,
    expected: ExpectedIdToken<'_>,
    prompt: &mut dyn Prompt,
) -> Result<(), AcquireError> {
    let url = endpoints.keys.as_ref();
    let known = url.and_then(|url| Keys::from_text(&grants.signing_keys(url.as_str())?));
    let verdict = id_token::check(token, known.as_ref(), expected);
    let is_settled = match &verdict {
        Ok(()) => known.is_some() || url.is_none(),
        Err(error) => !error.is_about_keys(),
    };
    if is_settled {
        return verdict.map_err(AcquireError::IdToken);
    }
    let verdict = match fetch_keys(sys, grants, endpoints) {
        Ok(keys) => id_token::check(token, keys.as_ref(), expected),
        Err(error @ AcquireError::Interrupted(_)) => return Err(error),
        // The key is known, and it did not make this signature.
        Err(_) if verdict == Err(IdTokenError::Signature) => verdict,
        Err(error) => {
            unchecked(&error, prompt);
            id_token::check(token, None, expected)
        }
    };
    verdict.map_err(AcquireError::IdToken)
}

/// The keys cannot be fetched, but the code or refresh token is already redeemed. The tokens came over TLS directly
/// from the token endpoint, which OIDC Core §3.1.3.7 (6) accepts in place of a signature.
fn unchecked(error: &AcquireError, prompt: &mut dyn Prompt) {
    prompt.warn(&format!("the ID token's signature was not checked: {error}"));
}

/// Whether `id` has the form of an Entra home account id.
fn is_home_account_id(id: &str) -> bool {
    let is_guid = |part: &str| uuid::Uuid::try_parse(part).is_ok();
    id.split_once('.').is_some_and(|(uid, utid)| is_guid(uid) && is_guid(utid))
}

/// The keys that the authority publishes now. They are cached for later refreshes.
fn fetch_keys(
    sys: &Sys<'_>,
    grants: &Grants,
    endpoints: &Endpoints,
) -> Result<Option<Keys>, AcquireError> {
    let Some(url) = &endpoints.keys else { return Ok(None) };
    let response = sys.http.send(id_token::keys_request(url))?;
    let keys = id_token::parse_keys(&response)?.map_err(|error| endpoints::refused(*error))?;
    grants.keep_signing_keys(url.as_str(), &keys.to_text());
    Ok(Some(keys))
}

/// The expected `iss`, with `{tenantid}` for the tenant.
fn issuer(
    sys: &Sys<'_>,
    authority: &Authority,
    endpoints: &Endpoints,
) -> Result<String, AcquireError> {
    if let Some(issuer) = known_issuer(authority, endpoints) {
        return Ok(issuer);
    }
    // A cloud that is newer than this program names its issuer in its metadata.
    let found = endpoints::discover(sys, authority)?;
    Ok(found.issuer.unwrap_or_else(|| format!("{}/{{tenantid}}/v2.0", authority.base())))
}

/// The same as far as it is known without a request.
pub(super) fn known_issuer(authority: &Authority, endpoints: &Endpoints) -> Option<String> {
    if let Some(issuer) = &endpoints.issuer {
        return Some(issuer.clone());
    }
    let Authority::Entra { host, .. } = authority else { return Some(authority.base()) };
    let name = host.host_str().unwrap_or_default();
    if let Some(cloud) = Cloud::of_authority_host(name) {
        return Some(cloud.facts().issuer_v2.to_owned());
    }
    if AuthorityKind::of(host) == AuthorityKind::ExternalId {
        return Some("https://{tenantid}.ciamlogin.com/{tenantid}/v2.0".to_owned());
    }
    is_loopback(host).then(|| format!("{}/{{tenantid}}/v2.0", authority.base()))
}

/// An emulator on this machine.
fn is_loopback(url: &Url) -> bool {
    url.scheme() == "http" || url.host_str() == Some("localhost")
}
