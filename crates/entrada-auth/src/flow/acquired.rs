//! What a request for a token comes to.

use std::path::PathBuf;

use super::{AcquireError, Refusal, TokenRequest};
use crate::store::{
    CachedToken, Grant, GrantKey, Grants, StoreError, StoreErrorKind, WriteReservation,
};
use crate::sys::Interrupted;
use entrada_core::oauth::TokenResponse;
use entrada_core::{Account, NumericDate};

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
    /// The grant that brought it: `device_code`, `authorization_code` or `refresh_token`; `refresh_token` from the cache too.
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

/// No token can be had without the user.
#[derive(Debug)]
pub struct ReauthRequired {
    /// What is missing.
    pub(super) why: String,
    /// Why the authority refused the refresh, where one was tried.
    pub(super) refusal: Option<Box<Refusal>>,
}

impl ReauthRequired {
    /// No grant is stored.
    pub(super) fn absent(request: &TokenRequest) -> Self {
        let why = match &request.account {
            Some(account) => format!("`{account}` is not signed in"),
            None => "nobody is signed in".to_owned(),
        };
        Self { why, refusal: None }
    }

    /// The stored token has expired, and nothing can renew it.
    pub(super) fn without_refresh_token() -> Self {
        let why = "the stored token has run out and there is no refresh token".to_owned();
        Self { why, refusal: None }
    }
}

impl From<ReauthRequired> for AcquireError {
    fn from(ReauthRequired { why, refusal }: ReauthRequired) -> Self {
        Self::SignInNeeded { why, refusal }
    }
}

/// What a grant comes to without the user.
pub(super) enum RefreshOutcome {
    /// A token.
    Token(Box<Acquired>),
    /// The authority wants the user.
    ReauthRequired(ReauthRequired),
}

impl From<Acquired> for RefreshOutcome {
    fn from(acquired: Acquired) -> Self {
        Self::Token(Box::new(acquired))
    }
}

impl From<ReauthRequired> for RefreshOutcome {
    fn from(reason: ReauthRequired) -> Self {
        Self::ReauthRequired(reason)
    }
}

/// `token` of `grant`; `trouble` is what kept the grant from bringing a newer one.
pub(super) fn from_cache(
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

/// What the grant of `account` is stored under.
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
