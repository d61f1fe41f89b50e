//! Carries a plan out: one request to the token endpoint, or a sign-in. A token that the authority issued is stored or set aside.

use std::time::Duration;

use super::acquired::{Acquired, ReauthRequired, RefreshOutcome, from_cache};
use super::find_grant::find_grant;
use super::locking::{lock, lock_or_wait, share_writes};
use super::plan::{Plan, RefreshPlan, plan};
use super::refresh::{refresh_grant, refused};
use super::shared_failure::{failure_of_other_process, recorded_failure};
use super::sign_in::sign_in;
use super::usable_token::{
    matching_token, token_renewed_since, token_without_refresh, usable_token,
};
use super::{AcquireError, Prompt, TokenRequest};
use crate::store::{Grant, GrantKey, Grants, Interaction, LockError, LockOutcome};
use crate::sys::Sys;
use entrada_core::{ClaimsRequest, NumericDate, human_duration};

/// A token for `request`: [`plan`] and [`execute`] in one.
///
/// # Errors
///
/// [`AcquireError`]: each variant needs something different from the user.
pub fn acquire(
    sys: &Sys<'_>,
    grants: &Grants,
    request: &TokenRequest,
    prompt: &mut dyn Prompt,
) -> Result<Acquired, AcquireError> {
    execute(sys, grants, request, plan(grants, request, sys.clock.now())?, prompt)
}

/// Executes what [`plan`] found for the same `request`: returns the stored token, refreshes the grant, or asks the
/// user to sign in if the request allows it.
///
/// # Errors
///
/// [`AcquireError`]: each variant needs something different from the user.
pub fn execute(
    sys: &Sys<'_>,
    grants: &Grants,
    request: &TokenRequest,
    plan: Plan,
    prompt: &mut dyn Prompt,
) -> Result<Acquired, AcquireError> {
    let reason = match plan {
        Plan::Cached(acquired) => return Ok(*acquired),
        Plan::SignIn(reason) => reason,
        Plan::Refresh(refresh) => match refresh_or_keep(sys, grants, request, *refresh, prompt)? {
            RefreshOutcome::Token(acquired) => return Ok(*acquired),
            RefreshOutcome::ReauthRequired(reason) => reason,
        },
    };
    let ReauthRequired { why, refusal } = reason;
    if request.interaction == Interaction::Forbidden {
        return Err(AcquireError::SignInNeeded { why, refusal });
    }
    if let Some(refusal) = &refusal {
        prompt.warn(&format!("{why}: {}", refusal.error.sentence()));
    }
    // The sign-in requests the claims that the policy named when it refused the refresh.
    let asked = refusal.and_then(|refusal| ClaimsRequest::parse(&refusal.error.claims?).ok());
    let challenge = ClaimsRequest::merge(request.challenge.as_ref(), asked.as_ref());
    sign_in(sys, grants, &TokenRequest { challenge, ..request.clone() }, prompt)
}

/// Removes the stored access token `rejected_token`, which a service refused, so that the next request gets a new one. The
/// refresh token is kept.
///
/// # Errors
///
/// [`AcquireError`] if the store fails, or another process holds the grant.
pub fn forget_token(
    sys: &Sys<'_>,
    grants: &Grants,
    request: &TokenRequest,
    rejected_token: &str,
) -> Result<(), AcquireError> {
    let Some(key) = find_grant(grants, request)? else { return Ok(()) };
    let _guard = lock(sys, grants, request, &key, None)?;
    let _writes = share_writes(sys, grants, request, None)?;
    let Some(mut grant) = grants.load(&key)? else { return Ok(()) };
    let before = grant.access_tokens.len();
    grant.access_tokens.retain(|token| token.access_token.expose() != rejected_token);
    if grant.access_tokens.len() < before {
        grants.save(&key, &grant, sys.clock.now())?;
    }
    Ok(())
}

/// Refreshes the grant. If that fails and the stored token is still valid, returns the stored token with the failure.
fn refresh_or_keep(
    sys: &Sys<'_>,
    grants: &Grants,
    request: &TokenRequest,
    refresh: RefreshPlan,
    prompt: &mut dyn Prompt,
) -> Result<RefreshOutcome, AcquireError> {
    let RefreshPlan { key, mut grant, .. } = refresh;
    let outcome = refresh_once(sys, grants, request, &key, &mut grant, prompt);
    // The authority wanted an early refresh (`refresh_in`): the stored token itself may still be good.
    let usable_token = usable_token(&grant, request, sys.clock.now());
    match (outcome, usable_token) {
        (Err(error @ (AcquireError::Interrupted(_) | AcquireError::Stopped { .. })), _) => {
            Err(error)
        }
        (Err(error), Some(token)) => Ok(from_cache(token, &grant, &key, Some(error)).into()),
        (Ok(RefreshOutcome::ReauthRequired(reason)), Some(token)) => {
            Ok(from_cache(token, &grant, &key, Some(reason.into())).into())
        }
        (outcome, _) => outcome,
    }
}

/// Refreshes `grant`, or uses the result of another process that refreshes it. Writes the stored grant to `grant`.
fn refresh_once(
    sys: &Sys<'_>,
    grants: &Grants,
    request: &TokenRequest,
    key: &GrantKey,
    grant: &mut Grant,
    prompt: &mut dyn Prompt,
) -> Result<RefreshOutcome, AcquireError> {
    let seen = matching_token(grant, request).map(|token| token.access_token.clone());
    let mut waited = Duration::ZERO;
    loop {
        if let Some(outcome) = known_failure(sys, grants, request, key, grant, prompt)? {
            return Ok(outcome);
        }
        let usable_token = usable_token(grant, request, sys.clock.now());
        let wait = match usable_token {
            Some(_) => Duration::ZERO,
            None => request.lock_wait.saturating_sub(waited),
        };
        let (guard, note_before) = match lock_or_wait(sys, grants, key, wait, prompt) {
            Ok(LockOutcome::Acquired(guard)) => (Some(guard), None),
            Ok(LockOutcome::ReleasedByOther { waited: more, note }) => {
                waited += more;
                (None, note)
            }
            Err(error) => match (error, usable_token) {
                // Another process refreshes it; the stored token is good for as long as that takes.
                (AcquireError::Lock(LockError::Held { .. }), Some(token)) => {
                    return Ok(from_cache(token, grant, key, None).into());
                }
                (error, _) => return Err(error),
            },
        };
        // Another process may have refreshed the grant since it was loaded.
        match grants.load(key)? {
            Some(stored) => *grant = stored,
            None => return Ok(ReauthRequired::absent(request).into()),
        }
        let now = sys.clock.now();
        let fresh = token_without_refresh(grant, request, now)
            .or_else(|| token_renewed_since(grant, request, seen.as_ref(), now));
        if let Some(token) = fresh {
            return Ok(from_cache(token, grant, key, None).into());
        }
        if let Some(guard) = guard {
            if let Some(outcome) = known_failure(sys, grants, request, key, grant, prompt)? {
                return Ok(outcome);
            }
            return refresh_grant(sys, grants, request, key, grant, &guard, prompt);
        }
        let note_after = grants.note_of(key);
        let failure = grant.refresh_token.as_ref().and_then(|token| {
            failure_of_other_process(note_before.as_deref(), note_after.as_deref(), token, request)
        });
        if let Some(failure) = failure {
            return failure.into_error().and_then(refused);
        }
    }
}

/// The failure of an earlier attempt by any process, if another attempt would fail in the same way. `None` if a
/// request is worthwhile.
fn known_failure(
    sys: &Sys<'_>,
    grants: &Grants,
    request: &TokenRequest,
    key: &GrantKey,
    grant: &Grant,
    prompt: &mut dyn Prompt,
) -> Result<Option<RefreshOutcome>, AcquireError> {
    let now: NumericDate = sys.clock.now();
    let note = grants.note_of(key);
    let Some(refresh_token) = &grant.refresh_token else { return Ok(None) };
    let Some((failure, at)) = recorded_failure(note.as_deref(), refresh_token, request, now) else {
        return Ok(None);
    };
    let ago = human_duration(now.seconds_since(at));
    match failure.into_error().and_then(refused) {
        Ok(RefreshOutcome::ReauthRequired(reason)) => {
            let why = format!(
                "{} (refused {ago} ago; `--force-refresh` sends the request again)",
                reason.why
            );
            Ok(Some(ReauthRequired { why, ..reason }.into()))
        }
        Ok(outcome) => Ok(Some(outcome)),
        Err(error) => {
            prompt.warn(&format!(
                "the authority refused {ago} ago and asks clients to wait; `--force-refresh` sends the request anyway"
            ));
            Err(error)
        }
    }
}
