//! The order of attempts: cache, refresh, sign-in; and the care that no granted token is lost on the way.

use std::path::PathBuf;
use std::time::Duration;

use super::attempt::{known, shared};
use super::find::find;
use super::refresh::{by_refresh, refused};
use super::reuse::{cached, present, renewed, still_good};
use super::sign_in::sign_in;
use super::{AcquireError, Prompt, Refusal, TokenRequest, guard};
use crate::store::{
    CachedToken, Grant, GrantKey, Grants, Interaction, LockError, LockGuard, LockOutcome,
    StoreError, StoreErrorKind, WriteReservation,
};
use crate::sys::{Interrupted, Sys};
use entrada_core::oauth::TokenResponse;
use entrada_core::{Account, ClaimsRequest, NumericDate, human_duration};

/// Where a token came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// It was stored and is still good.
    Cache,
    /// The refresh token brought it.
    Refresh,
    /// The user signed in.
    SignIn,
}

/// A token, and how it came about.
#[derive(Debug)]
pub struct Acquired {
    /// The token.
    pub token: CachedToken,
    /// Whose it is.
    pub account: Account,
    /// What its grant is filed under.
    pub key: GrantKey,
    /// Where it came from.
    pub source: Source,
    /// The grant that brought it: `device_code`, `authorization_code`, `refresh_token`; from the cache, the one that
    /// began it all.
    pub grant_type: &'static str,
    /// The answer that brought it; `None` from the cache.
    pub response: Option<TokenResponse>,
    /// Whether it can be renewed silently.
    pub has_refresh_token: bool,
    /// What kept it from being stored.
    pub unsaved: Option<Unsaved>,
    /// What went wrong on the way without keeping the token from the user.
    pub trouble: Option<AcquireError>,
}

/// A grant that the authority gave and the store did not take.
#[derive(Debug)]
pub struct Unsaved {
    /// What the store said, or why the grant could not be locked.
    pub error: AcquireError,
    /// Where it waits, encrypted, for the next run.
    pub pending: Option<PathBuf>,
}

impl std::fmt::Display for Unsaved {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the grant was not stored: {}", self.error)?;
        match &self.pending {
            Some(path) => write!(f, "; it waits, encrypted, in {}", path.display()),
            None => Ok(()),
        }
    }
}

impl Unsaved {
    /// The signal that ended the wait for the store.
    pub fn interrupted(&self) -> Option<Interrupted> {
        match self.error {
            AcquireError::Interrupted(interrupted) => Some(interrupted),
            AcquireError::Store(StoreError {
                trouble: StoreErrorKind::Interrupted(signal),
                ..
            }) => Some(Interrupted { signal }),
            _ => None,
        }
    }
}

/// A token for `request`: from the store while it is good, else by refresh, else by sign-in where that is allowed.
///
/// # Errors
///
/// [`AcquireError::SignInNeeded`] where the user has to sign in and may not be asked, [`AcquireError::Refused`] with the answer
/// of the authority; other variants where the store or the network fails.
pub fn acquire(
    sys: &Sys<'_>,
    grants: &Grants,
    request: &TokenRequest,
    prompt: &mut dyn Prompt,
) -> Result<Acquired, AcquireError> {
    let dead = match find(grants, request)? {
        None if !prompt.lets_pass() => return Err(AcquireError::KeptBack),
        None => ReauthRequired::absent(request),
        Some(key) => match from_grant(sys, grants, request, &key, prompt)? {
            Ok(acquired) => return Ok(acquired),
            Err(dead) => dead,
        },
    };
    let ReauthRequired { why, refusal } = dead;
    if request.interaction == Interaction::Forbidden {
        return Err(AcquireError::SignInNeeded { why, refusal });
    }
    if let Some(refusal) = &refusal {
        prompt.trouble(&format!("{why}: {}", refusal.error.sentence()));
    }
    // What the policy asked for when it refused the refresh goes along with the sign-in.
    let asked = refusal.and_then(|refusal| ClaimsRequest::parse(&refusal.error.claims?).ok());
    let challenge = ClaimsRequest::merge(request.challenge.as_ref(), asked.as_ref());
    sign_in(sys, grants, &TokenRequest { challenge, ..request.clone() }, prompt)
}

/// Forgets the stored access token `refused`, which a service did not take: whoever asks next gets a fresh one. The refresh
/// token stays.
///
/// # Errors
///
/// [`AcquireError`] where the store fails, or another process holds the grant.
pub fn drop_token(
    sys: &Sys<'_>,
    grants: &Grants,
    request: &TokenRequest,
    refused: &str,
) -> Result<(), AcquireError> {
    let Some(key) = find(grants, request)? else { return Ok(()) };
    let _guard = lock(sys, grants, request, &key)?;
    let Some(mut grant) = grants.load(&key)? else { return Ok(()) };
    let before = grant.access_tokens.len();
    grant.access_tokens.retain(|token| token.access_token.expose() != refused);
    if grant.access_tokens.len() < before {
        grants.save(&key, &grant, sys.clock.now())?;
    }
    Ok(())
}

/// A grant from which no token can be had without the user.
pub(super) struct ReauthRequired {
    pub(super) why: String,
    pub(super) refusal: Option<Box<Refusal>>,
}

fn from_grant(
    sys: &Sys<'_>,
    grants: &Grants,
    request: &TokenRequest,
    key: &GrantKey,
    prompt: &mut dyn Prompt,
) -> Result<Result<Acquired, ReauthRequired>, AcquireError> {
    let Some(grant) = grants.load(key)? else {
        return if prompt.lets_pass() {
            Ok(Err(ReauthRequired::absent(request)))
        } else {
            Err(AcquireError::KeptBack)
        };
    };
    guard::check(request, &grant.account)?;
    if let Some(token) = cached(&grant, request, sys.clock.now()) {
        return Ok(Ok(from_cache(token, &grant, key, None)));
    }
    if !prompt.lets_pass() {
        let token = still_good(&grant, request, sys.clock.now());
        let token = token.ok_or(AcquireError::KeptBack)?;
        return Ok(Ok(from_cache(token, &grant, key, None)));
    }
    let seen = present(&grant, request).map(|token| token.access_token.clone());
    let (mut grant, mut waited) = (grant, Duration::ZERO);
    let outcome = loop {
        if let Some(answer) = already_known(grants, request, key, &grant, sys.clock.now(), prompt) {
            break answer;
        }
        let spare = still_good(&grant, request, sys.clock.now());
        let wait = match spare {
            Some(_) => Duration::ZERO,
            None => request.lock_wait.saturating_sub(waited),
        };
        let (guard, before) = match lock_or_wait(sys, grants, key, wait) {
            Ok(LockOutcome::Acquired(guard)) => (Some(guard), None),
            Ok(LockOutcome::ReleasedByOther { waited: more, note }) => {
                waited += more;
                (None, note)
            }
            Err(error) => match (error, spare) {
                // Another process is about it; the token is good for as long as that takes.
                (AcquireError::Lock(LockError::Held { .. }), Some(token)) => {
                    return Ok(Ok(from_cache(token, &grant, key, None)));
                }
                (error, _) => break Err(error),
            },
        };
        // Someone may have refreshed since we looked.
        let Some(now) = grants.load(key)? else { return Ok(Err(ReauthRequired::absent(request))) };
        grant = now;
        let now = sys.clock.now();
        let fresh =
            cached(&grant, request, now).or_else(|| renewed(&grant, request, seen.as_ref(), now));
        if let Some(token) = fresh {
            return Ok(Ok(from_cache(token, &grant, key, None)));
        }
        let Some(guard) = guard else {
            let after = grants.note_of(key);
            let token = grant.refresh_token.as_ref();
            let shared =
                token.and_then(|token| shared(before.as_deref(), after.as_deref(), token, request));
            match shared {
                Some(outcome) => break outcome.into_error().and_then(refused),
                None => continue,
            }
        };
        if let Some(answer) = already_known(grants, request, key, &grant, sys.clock.now(), prompt) {
            break answer;
        }
        break by_refresh(sys, grants, request, key, &grant, &guard, prompt);
    };
    // The authority wanted an early refresh (`refresh_in`) that cannot be had: the token itself may still be good.
    let spare = still_good(&grant, request, sys.clock.now());
    match (outcome, spare) {
        (Err(error @ (AcquireError::Interrupted(_) | AcquireError::Stopped { .. })), _) => {
            Err(error)
        }
        (Err(error), Some(token)) => Ok(Ok(from_cache(token, &grant, key, Some(error)))),
        (Ok(Err(dead)), Some(token)) => Ok(Ok(from_cache(token, &grant, key, Some(dead.into())))),
        (outcome, _) => outcome,
    }
}

impl ReauthRequired {
    fn absent(request: &TokenRequest) -> Self {
        let why = match &request.account {
            Some(account) => format!("`{account}` is not signed in"),
            None => "nobody is signed in".to_owned(),
        };
        Self { why, refusal: None }
    }
}

/// The grant, or word that another process has ended with it.
fn lock_or_wait(
    sys: &Sys<'_>,
    grants: &Grants,
    key: &GrantKey,
    wait: Duration,
) -> Result<LockOutcome, AcquireError> {
    waiting(sys, |sleep| grants.lock_or_wait(key, wait, sleep))
}

/// The grant for this process alone, for as long as the guard lives.
pub(super) fn lock(
    sys: &Sys<'_>,
    grants: &Grants,
    request: &TokenRequest,
    key: &GrantKey,
) -> Result<LockGuard, AcquireError> {
    waiting(sys, |sleep| grants.lock(key, request.lock_wait, sleep))
}

/// What comes of `take`, which waits by the clock; a signal ends the wait with its own number.
fn waiting<T>(
    sys: &Sys<'_>,
    take: impl FnOnce(&mut dyn FnMut(Duration) -> bool) -> Result<T, LockError>,
) -> Result<T, AcquireError> {
    let mut interrupted = None;
    let taken = take(&mut |pause| {
        interrupted = sys.clock.sleep(pause).err();
        interrupted.is_none()
    });
    interrupted.map_or(Ok(()), Err)?;
    Ok(taken?)
}

impl From<ReauthRequired> for AcquireError {
    fn from(ReauthRequired { why, refusal }: ReauthRequired) -> Self {
        Self::SignInNeeded { why, refusal }
    }
}

/// What an earlier attempt, of this process or another, has shown: asking again would change nothing.
fn already_known(
    grants: &Grants,
    request: &TokenRequest,
    key: &GrantKey,
    grant: &Grant,
    now: NumericDate,
    prompt: &mut dyn Prompt,
) -> Option<Result<Result<Acquired, ReauthRequired>, AcquireError>> {
    let note = grants.note_of(key);
    let (outcome, at) = known(note.as_deref(), grant.refresh_token.as_ref()?, request, now)?;
    let answer = outcome.into_error().and_then(refused);
    let ago = human_duration(now.seconds_since(at));
    if answer.is_err() {
        prompt.trouble(&format!(
            "the authority said so {ago} ago, and is not asked before it wants to be; `--force-refresh` asks all the same"
        ));
    }
    Some(answer.map(|answer| {
        answer.map_err(|dead| ReauthRequired {
            why: format!("{} (it said so {ago} ago; `--force-refresh` asks again)", dead.why),
            ..dead
        })
    }))
}

pub(crate) fn key_of(request: &TokenRequest, account: &Account) -> GrantKey {
    GrantKey {
        authority: request.authority.base(),
        tenant: request.authority.tenant().map(ToString::to_string).unwrap_or_default(),
        client_id: request.client_id.clone(),
        account: account.id.clone(),
    }
}

/// Stores the grant, which came of `sent` where it is a renewal; where the store fails, sets it aside encrypted, so that it is
/// not lost.
pub(super) fn keep(
    grants: &Grants,
    reservation: &WriteReservation,
    key: &GrantKey,
    grant: &Grant,
    now: NumericDate,
    sent: Option<&Grant>,
) -> Option<Unsaved> {
    let saved = match sent {
        Some(sent) => grants.renew(key, sent, grant, now),
        None => grants.save(key, grant, now),
    };
    let error = saved.err()?;
    Some(set_aside(grants, reservation, key, grant, error.into()))
}

/// Sets a grant aside, encrypted, that cannot be stored for `error`; the next run stores it, alone with it.
pub(super) fn set_aside(
    grants: &Grants,
    reservation: &WriteReservation,
    key: &GrantKey,
    grant: &Grant,
    error: AcquireError,
) -> Unsaved {
    let pending = grants.keep_pending(reservation, key, grant).ok();
    Unsaved { error, pending }
}

fn from_cache(
    token: &CachedToken,
    grant: &Grant,
    key: &GrantKey,
    trouble: Option<AcquireError>,
) -> Acquired {
    Acquired {
        token: token.clone(),
        account: grant.account.clone(),
        key: key.clone(),
        source: Source::Cache,
        grant_type: "refresh_token",
        response: None,
        has_refresh_token: grant.refresh_token.is_some(),
        unsaved: None,
        trouble,
    }
}
