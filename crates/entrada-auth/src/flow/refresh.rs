//! Refreshes a stored grant. The request is repeated only if that cannot invalidate the grant, and a failure is recorded for
//! the processes that wait.

use std::time::Duration;

use super::acquired::{Acquired, ReauthRequired, RefreshOutcome, Source, Unsaved, keep};
use super::identity::identify_renewal;
use super::locking::share_writes;
use super::shared_failure::{Attempt, RefreshFailure};
use super::sign_in::outcome_unless_stopped;
use super::usable_token::{merge_refresh_token, merge_response, scopes_to_refresh};
use super::{AcquireError, Prompt, Refusal, TokenRequest, endpoints, token_endpoint};
use crate::store::{Grant, GrantKey, Grants, LockGuard, WriteReservation};
use crate::sys::{HeldSignals, HttpError, HttpFailure, Sys};
use entrada_core::entra::aadsts;
use entrada_core::oauth::{
    ErrorResponse, HttpResponse, ProtocolError, RETRYABLE_STATUS, TokenResponse, refresh,
    retry_after,
};
use entrada_core::{Authority, Endpoints, NumericDate, ScopeSet, Secret};

/// The pauses before a refresh that failed for a temporary reason is sent again: about a second in total.
const PAUSES: [Duration; 2] = [Duration::from_millis(200), Duration::from_millis(800)];

/// The longest `Retry-After` that is obeyed while the grant is locked.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Refreshes `grant`, on which `guard` is the lock. The old refresh token stays in the store until the new one is stored.
pub(super) fn refresh_grant(
    sys: &Sys<'_>,
    grants: &Grants,
    request: &TokenRequest,
    key: &GrantKey,
    grant: &Grant,
    guard: &LockGuard,
    prompt: &mut dyn Prompt,
) -> Result<RefreshOutcome, AcquireError> {
    let Some(refresh_token) = &grant.refresh_token else {
        return Ok(ReauthRequired::without_refresh_token().into());
    };
    let _writes = share_writes(sys, grants, request, Some(&mut *prompt))?;
    let reservation = grants.reserve_for(key, grant)?;
    let found = endpoints::resolve(sys, &request.authority, grant.endpoints.as_ref())?;
    let scopes = scopes_to_refresh(request, grant);
    let attempt = Attempt::begin(guard, refresh_token, request);
    let (answer, held) = match renew(sys, request, &found, refresh_token, &scopes) {
        Ok(answer) => answer,
        Err(error) => {
            if let Some(outcome) = RefreshFailure::of(&error) {
                attempt.failed(outcome, sys.clock.now());
            }
            return Err(error);
        }
    };
    let sent = Sent { sys, grants, reservation: &reservation, key, grant, found: &found };
    let outcome = sent.verify_and_store(request, answer, attempt, prompt);
    // A signal that arrived during the request takes effect now: the grant is stored.
    match (held.end(), outcome) {
        (end, Ok(RefreshOutcome::Token(acquired))) => {
            outcome_unless_stopped(grants, end, Ok(*acquired)).map(RefreshOutcome::from)
        }
        (end, outcome) => end.map_err(AcquireError::from).and(outcome),
    }
}

/// A grant whose refresh token was sent.
struct Sent<'a> {
    sys: &'a Sys<'a>,
    grants: &'a Grants,
    reservation: &'a WriteReservation,
    key: &'a GrantKey,
    grant: &'a Grant,
    found: &'a Endpoints,
}

impl Sent<'_> {
    /// Checks that the response is about the same user, stores the grant, and returns the token.
    fn verify_and_store(
        &self,
        request: &TokenRequest,
        answer: Renewal,
        attempt: Attempt<'_>,
        prompt: &mut dyn Prompt,
    ) -> Result<RefreshOutcome, AcquireError> {
        let Self { sys, grants, grant: before, found, .. } = *self;
        self.reservation.begin_save();
        let (response, unusable) = match answer {
            Renewal::Issued(response) => (response, None),
            Renewal::Refused(refusal) => {
                attempt.failed(RefreshFailure::Refused(refusal.error.clone()), sys.clock.now());
                return refused(refusal);
            }
            Renewal::Unusable { error, rest: Some(rest) } => (*rest, Some(error)),
            Renewal::Unusable { error, rest: None } => {
                let error = AcquireError::from(error);
                if let Some(outcome) = RefreshFailure::of(&error) {
                    attempt.failed(outcome, sys.clock.now());
                }
                return Err(error);
            }
        };
        let mut grant = before.clone();
        let identified = identify_renewal(sys, grants, found, request, before, &response, prompt);
        let failure = match (identified, unusable) {
            (Ok(account), unusable) => {
                grant.account = account;
                unusable.map(AcquireError::from)
            }
            // Only the times of the ID token are wrong: the user is proven.
            (Err(AcquireError::IdToken(error)), unusable) if error.is_about_time() => {
                Some(unusable.map_or(AcquireError::IdToken(error), AcquireError::from))
            }
            (Err(error), _) => return Err(error),
        };
        if response.refresh_token_unusable {
            prompt.warn(&format!("{UNUSABLE_REFRESH_TOKEN}; the previous one is kept"));
        }
        let now = sys.clock.now();
        if let Some(error) = failure {
            merge_refresh_token(&mut grant, &response);
            if response.refresh_token.is_some()
                && let Some(unsaved) = self.keep(&grant, now)
            {
                prompt.warn(&unsaved.to_string());
            }
            if let Some((outcome, token)) =
                RefreshFailure::of(&error).zip(grant.refresh_token.as_ref())
            {
                // Waiting processes load the new refresh token. The note keeps them from sending it to get the same error.
                attempt.continue_with(token, request).failed(outcome, now);
            }
            return Err(error);
        }
        let token = merge_response(&mut grant, &response, request);
        let unsaved = self.keep(&grant, now);
        Ok(Acquired {
            token,
            account: grant.account,
            key: self.key.clone(),
            source: Source::Refresh,
            grant_type: "refresh_token",
            has_refresh_token: grant.refresh_token.is_some(),
            response: Some(response),
            unsaved,
            refresh_error: None,
        }
        .into())
    }

    fn keep(&self, grant: &Grant, now: NumericDate) -> Option<Unsaved> {
        keep(self.grants, self.reservation, self.key, grant, now, Some(self.grant))
    }
}

/// The warning about a new refresh token that cannot be used.
pub(super) const UNUSABLE_REFRESH_TOKEN: &str = "the authority sent a refresh token that cannot be used: it is not \
     text, has invalid characters, or is too long";

/// The outcome of a refused refresh: the user must sign in again, or an error.
pub(super) fn refused(refusal: Box<Refusal>) -> Result<RefreshOutcome, AcquireError> {
    if !needs_sign_in(&refusal.error) {
        return Err(AcquireError::Refused(refusal));
    }
    let why = "the stored sign-in is no longer accepted".to_owned();
    Ok(ReauthRequired { why, refusal: Some(refusal) }.into())
}

/// The authority's answer to a refresh.
pub(super) enum Renewal {
    /// Tokens.
    Issued(TokenResponse),
    /// A refusal.
    Refused(Box<Refusal>),
    /// Not a valid token response. `rest` is set if it has a refresh token nevertheless
    /// ([`TokenResponse::without_access_token`]).
    Unusable { error: ProtocolError, rest: Option<Box<TokenResponse>> },
}

/// Sends `refresh_token`. Signals wait from then on: the answer may hold the only valid refresh token.
pub(super) fn renew<'a>(
    sys: &Sys<'a>,
    request: &TokenRequest,
    found: &Endpoints,
    refresh_token: &Secret,
    scopes: &ScopeSet,
) -> Result<(Renewal, HeldSignals<'a>), AcquireError> {
    let claims = request.claims_parameter();
    let form = || {
        let (endpoint, claims) = (&found.token, claims.as_deref());
        refresh::request(endpoint, &request.client_id, refresh_token, scopes, claims)
    };
    let mut pauses = PAUSES.into_iter();
    let (answer, held) = loop {
        let held = HeldSignals::begin(sys.clock)?;
        let answer = token_endpoint::send(sys, form());
        let asked = retry_pause(&answer, &request.authority, sys.clock.now());
        let Some(pause) = asked.and_then(|asked| {
            let pause = pauses.next().filter(|_| asked <= LONGEST_PAUSE)?;
            Some(pause.max(asked))
        }) else {
            break (answer, held);
        };
        held.end()?;
        sys.clock.sleep(pause)?;
    };
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => {
            held.end()?;
            return Err(error.into());
        }
    };
    let now = sys.clock.now();
    let renewal = match refresh::parse(&answer, now) {
        Ok(Ok(response)) => Renewal::Issued(response),
        Ok(Err(error)) => Renewal::Refused(Box::new(Refusal {
            error: *error,
            grant_type: "refresh_token",
            code_expired: false,
        })),
        Err(error) => {
            let rest = TokenResponse::without_access_token(&answer, now).map(Box::new);
            Renewal::Unusable { error, rest }
        }
    };
    Ok((renewal, held))
}

/// The pause before the same request is sent again; `None` if it must not be sent again. The pause is what the server asks
/// for, or zero.
///
/// A request that did not arrive, or that the server rejected because of its load, is repeated. A request whose answer was
/// lost is repeated only at Entra, where an old refresh token stays valid; other providers would take the repeated token for
/// a stolen one. A request that timed out is not repeated, because it may still arrive after the second one.
fn retry_pause(
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
        // A new refresh token was issued, whatever the status is.
        Ok(answer)
            if TokenResponse::without_access_token(answer, NumericDate::default()).is_some() =>
        {
            None
        }
        Ok(answer) => {
            let status = answer.status().as_u16();
            let is_overloaded = matches!(status, 429 | 503);
            let passes = is_overloaded || keeps_old_tokens && RETRYABLE_STATUS.contains(&status);
            passes.then(|| Duration::from_secs(retry_after(answer, Some(now)).unwrap_or_default()))
        }
    }
}

/// Whether a refused refresh means that the user must sign in again. That does not help against refusals because of the
/// registration, the request or an outage.
pub(super) fn needs_sign_in(error: &ErrorResponse) -> bool {
    let temporary = error.retry_after.is_some()
        || error.http_status.is_some_and(|status| status == 429 || 500 <= status);
    !temporary
        && matches!(
            error.error.as_str(),
            "invalid_grant" | "interaction_required" | "consent_required" | "login_required"
        )
        && !error.has_code(&[50196])
}

/// Whether the authority refused the refresh token itself, for good.
pub(super) fn is_final(error: &ErrorResponse) -> bool {
    let of_token = |code: &u64| {
        let cause = aadsts::find(*code).and_then(|known| known.cause);
        let causes =
            ["refresh-token-expired", "refresh-token-revoked", "spa-refresh-token-lifetime"];
        cause.is_some_and(|cause| causes.contains(&cause))
    };
    // Other providers send only the error code (RFC 6749 §5.2).
    let is_bare = error.error_codes.is_empty() && error.suberror.is_none();
    error.error == "invalid_grant"
        && error.claims.is_none()
        && (is_bare
            || matches!(error.suberror.as_deref(), Some("bad_token" | "token_expired"))
            || error.error_codes.iter().any(of_token))
}
