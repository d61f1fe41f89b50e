//! One refresh of a stored grant: sent once, again only where that cannot hurt, and told to the processes that wait.

use std::time::Duration;

use super::acquired::{Acquired, ReauthRequired, RefreshOutcome, Source, Unsaved, keep};
use super::attempt::{Attempt, RefreshFailure};
use super::identity::identify_renewal;
use super::reuse::{absorb, absorb_refresh_token, scopes_to_refresh};
use super::sign_in::stopped_or;
use super::{AcquireError, Prompt, Refusal, TokenRequest, endpoints, token_endpoint};
use crate::store::{Grant, GrantKey, Grants, LockGuard, WriteReservation};
use crate::sys::{HeldSignals, HttpError, HttpFailure, Sys};
use entrada_core::entra::aadsts;
use entrada_core::oauth::{
    ErrorResponse, HttpResponse, ProtocolError, RETRYABLE_STATUS, TokenResponse, refresh,
    retry_after,
};
use entrada_core::{Authority, Endpoints, NumericDate, ScopeSet, Secret};

/// The pauses before a refresh that failed for a passing reason is sent again. A script waits for an outage about a second longer.
const PAUSES: [Duration; 2] = [Duration::from_millis(200), Duration::from_millis(800)];

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
    prompt: &mut dyn Prompt,
) -> Result<RefreshOutcome, AcquireError> {
    let Some(refresh_token) = &grant.refresh_token else {
        return Ok(ReauthRequired::without_refresh_token().into());
    };
    let reservation = grants.reserve_for(key)?;
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
    let outcome = sent.settle(request, answer, attempt, prompt);
    // Whoever asked us to end meanwhile is heard now that nothing can be lost.
    match (held.end(), outcome) {
        (end, Ok(RefreshOutcome::Token(acquired))) => {
            stopped_or(grants, end, Ok(*acquired)).map(RefreshOutcome::from)
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
    /// Stores what came, where it is the same user's, before the token is handed out.
    fn settle(
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
            // Whose it is has been proven all the same.
            (Err(AcquireError::IdToken(error)), unusable) if error.is_about_time() => {
                Some(unusable.map_or(AcquireError::IdToken(error), AcquireError::from))
            }
            (Err(error), _) => return Err(error),
        };
        if response.refresh_token_unusable {
            prompt.trouble(&format!("{UNUSABLE_REFRESH_TOKEN}; the previous one is kept"));
        }
        let now = sys.clock.now();
        if let Some(error) = failure {
            absorb_refresh_token(&mut grant, &response);
            if response.refresh_token.is_some()
                && let Some(unsaved) = self.keep(&grant, now)
            {
                prompt.trouble(&unsaved.to_string());
            }
            if let Some((outcome, token)) =
                RefreshFailure::of(&error).zip(grant.refresh_token.as_ref())
            {
                // Those who wait find the new refresh token, and are not to send it for the same answer.
                attempt.goes_on_with(token, request).failed(outcome, now);
            }
            return Err(error);
        }
        let token = absorb(&mut grant, &response, request);
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
            trouble: None,
        }
        .into())
    }

    fn keep(&self, grant: &Grant, now: NumericDate) -> Option<Unsaved> {
        keep(self.grants, self.reservation, self.key, grant, now, Some(self.grant))
    }
}

/// Said where a new refresh token was left out.
pub(super) const UNUSABLE_REFRESH_TOKEN: &str = "the authority sent a refresh token that cannot be used: it is no \
     text, has characters that no token has, or is far too long";

/// What a refusal of the refresh leaves: a grant that is dead without the user, or an error.
pub(super) fn refused(refusal: Box<Refusal>) -> Result<RefreshOutcome, AcquireError> {
    if !asks_for_the_user(&refusal.error) {
        return Err(AcquireError::Refused(refusal));
    }
    let why = "the stored sign-in is no longer accepted".to_owned();
    Ok(ReauthRequired { why, refusal: Some(refusal) }.into())
}

/// How the authority answered a refresh token.
pub(super) enum Renewal {
    /// With tokens.
    Issued(TokenResponse),
    /// With a refusal.
    Refused(Box<Refusal>),
    /// With something that is no token response; in `rest` with a refresh token all the same
    /// ([`TokenResponse::without_access_token`]).
    Unusable { error: ProtocolError, rest: Option<Box<TokenResponse>> },
}

/// Sends `refresh_token`. From then on signals are held: the answer may be the only one that there ever is.
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
        let asked = passing(&answer, &request.authority, sys.clock.now());
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
            code_ran_out: false,
        })),
        Err(error) => {
            let rest = TokenResponse::without_access_token(&answer, now).map(Box::new);
            Renewal::Unusable { error, rest }
        }
    };
    Ok((renewal, held))
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
        // Whatever its status says, it was answered with a new refresh token.
        Ok(answer)
            if TokenResponse::without_access_token(answer, NumericDate::default()).is_some() =>
        {
            None
        }
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
