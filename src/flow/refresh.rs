//! One refresh of a stored grant: sent once, again only where that cannot hurt, and told to the processes that wait.

use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBuilder};

use super::acquire::{Acquired, Dead, Source, keep};
use super::attempt::{Attempt, Outcome};
use super::reuse::{absorb, scopes_to_refresh};
use super::{AcquireError, Refusal, TokenRequest, endpoints};
use crate::entra::aadsts;
use crate::model::{Authority, Endpoints, NumericDate, ScopeSet, Secret};
use crate::oauth::{
    ErrorResponse, HttpResponse, RETRYABLE_STATUS, TokenResponse, refresh, retry_after,
};
use crate::store::{Grant, GrantKey, Grants, LockGuard};
use crate::sys::{HttpError, HttpFailure, Sys};

/// How often a refresh that met a passing trouble is sent again, and the first pause before that. With both, a script waits
/// about a second more before it hears of an outage.
const RETRIES: usize = 2;
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// The longest pause that a server may ask for (`Retry-After`) and get while the grant is locked.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// A new token for `grant`, which is ours alone as long as `guard` lives. The old refresh token stays where it is until the
/// new one is stored.
pub(super) fn by_refresh(
    sys: &Sys<'_>,
    grants: &Grants,
    request: &TokenRequest,
    key: &GrantKey,
    grant: &Grant,
    guard: &LockGuard,
) -> Result<Result<Acquired, Dead>, AcquireError> {
    let Some(refresh_token) = &grant.refresh_token else {
        let why = "the stored token has run out and there is no refresh token".to_owned();
        return Ok(Err(Dead { why, refusal: None }));
    };
    let ready = grants.reserve(key)?;
    let found = endpoints::resolve(sys, &request.authority, grant.endpoints.as_ref())?;
    let scopes = scopes_to_refresh(request, grant);
    let attempt = Attempt::begin(guard, refresh_token, request);
    let response = match renew(sys, request, &found, refresh_token, &scopes) {
        Ok(Ok(response)) => response,
        Ok(Err(refusal)) => {
            attempt.failed(Outcome::Refused(refusal.error.clone()), sys.clock.now());
            return refused(refusal);
        }
        Err(error) => {
            if let Some(outcome) = Outcome::of(&error) {
                attempt.failed(outcome, sys.clock.now());
            }
            return Err(error);
        }
    };
    let now = sys.clock.now();
    let (sent, mut grant) = (grant, grant.clone());
    let token = absorb(&mut grant, &response, request);
    // Saved before the token is handed out.
    let unsaved = keep(grants, &ready, key, &grant, now, Some(sent));
    Ok(Ok(Acquired {
        token,
        account: grant.account,
        key: key.clone(),
        source: Source::Refresh,
        grant_type: "refresh_token",
        has_refresh_token: grant.refresh_token.is_some(),
        response: Some(response),
        unsaved,
        trouble: None,
    }))
}

/// What a refusal of the refresh leaves: a grant that is dead without the user, or an error.
pub(super) fn refused(refusal: Box<Refusal>) -> Result<Result<Acquired, Dead>, AcquireError> {
    if !asks_for_the_user(&refusal.error) {
        return Err(AcquireError::Refused(refusal));
    }
    let why = "the stored sign-in is no longer accepted".to_owned();
    Ok(Err(Dead { why, refusal: Some(refusal) }))
}

/// Sends `refresh_token`; the inner `Err` is the authority's refusal.
pub(super) fn renew(
    sys: &Sys<'_>,
    request: &TokenRequest,
    found: &Endpoints,
    refresh_token: &Secret,
    scopes: &ScopeSet,
) -> Result<Result<TokenResponse, Box<Refusal>>, AcquireError> {
    let claims = request.claims_parameter();
    let form = || {
        let (endpoint, claims) = (&found.token, claims.as_deref());
        refresh::request(endpoint, &request.client_id, refresh_token, scopes, claims)
    };
    let mut pauses =
        ExponentialBuilder::default().with_min_delay(FIRST_PAUSE).with_factor(4.0).with_jitter();
    pauses = pauses.with_max_times(RETRIES);
    let mut pauses = pauses.build();
    let answer = loop {
        let answer = sys.http.send(form());
        let Some(asked) = passing(&answer, &request.authority, sys.clock.now()) else {
            break answer?;
        };
        let Some(pause) = pauses.next().filter(|_| asked <= LONGEST_PAUSE) else { break answer? };
        sys.clock.sleep(pause.max(asked))?;
    };
    Ok(refresh::parse(&answer, sys.clock.now())?.map_err(|error| {
        Box::new(Refusal { error: *error, grant_type: "refresh_token", code_ran_out: false })
    }))
}

/// Whether the trouble may pass by itself and the same request may be sent again; the pause that the server asks for.
///
/// A request that never arrived may, and one that was turned away. One whose answer was lost may where an old refresh token
/// stays good, as Entra's do; elsewhere, to send it again would look like a stolen token. After a wait in vain none may: the
/// first could still be under way, and arrive after the second.
fn passing(
    answer: &Result<HttpResponse, HttpError>,
    authority: &Authority,
    now: NumericDate,
) -> Option<Duration> {
    let keeps_old_tokens = matches!(authority, Authority::Entra { .. });
    match answer {
        Err(HttpError { failure: HttpFailure::Connect | HttpFailure::Cut, .. }) => {
            Some(Duration::ZERO)
        }
        Err(HttpError { failure: HttpFailure::Broken, .. }) if keeps_old_tokens => {
            Some(Duration::ZERO)
        }
        Err(_) => None,
        Ok(answer) => {
            let status = answer.status().as_u16();
            let is_turned_away = matches!(status, 429 | 503);
            let passes = is_turned_away || keeps_old_tokens && RETRYABLE_STATUS.contains(&status);
            passes.then(|| Duration::from_secs(retry_after(answer, Some(now)).unwrap_or_default()))
        }
    }
}

/// Whether the refusal of a refresh means that only the user can go on. Refusals that come from the registration, the
/// request or the service's own trouble do not: signing in again would meet them too.
pub(super) fn asks_for_the_user(error: &ErrorResponse) -> bool {
    let temporary = error.retry_after.is_some()
        || error.http_status.is_some_and(|status| status == 429 || 500 <= status);
    !temporary
        && matches!(
            error.error.as_str(),
            "invalid_grant" | "interaction_required" | "consent_required" | "login_required"
        )
        && !error.has_code(&[50196])
}

/// Whether the refresh token itself is what was refused: it will never be good again.
pub(super) fn is_final(error: &ErrorResponse) -> bool {
    let of_token = |code: &u64| {
        let cause = aadsts::find(*code).and_then(|known| known.cause);
        let causes =
            ["refresh-token-expired", "refresh-token-revoked", "spa-refresh-token-lifetime"];
        cause.is_some_and(|cause| causes.contains(&cause))
    };
    // Other providers send the bare word (RFC 6749 §5.2).
    let is_bare = error.error_codes.is_empty() && error.suberror.is_none();
    error.error == "invalid_grant"
        && error.claims.is_none()
        && (is_bare
            || matches!(error.suberror.as_deref(), Some("bad_token" | "token_expired"))
            || error.error_codes.iter().any(of_token))
}
