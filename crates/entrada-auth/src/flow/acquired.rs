//! The result of a token request.

use std::path::PathBuf;

use super::{AcquireError, Refusal, TokenRequest};
use crate::store::{
    CachedToken, Grant, GrantKey, Grants, StoreError, StoreErrorKind, WriteReservation,
};
use crate::sys::Interrupted;
use entrada_core::oauth::TokenResponse;
use entrada_core::{Account, NumericDate};

/// The source of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The store had a valid token.
    Cache,
    /// A refresh issued it.
    Refresh,
    /// A sign-in issued it.
    SignIn,
}

/// A token, and how it was acquired.
#[derive(Debug)]
#[non_exhaustive]
pub struct Acquired {
    /// The token.
    pub token: CachedToken,
    /// The account that the token is for.
    pub account: Account,
    /// The store key of its grant.
    pub key: GrantKey,
    /// The source of the token.
    pub source: Source,
    /// The grant type that issued it: `device_code`, `authorization_code`, `refresh_token`. For a cached token, the
    /// grant type of the sign-in.
    pub grant_type: &'static str,
    /// The token response; `None` for a cached token.
    pub response: Option<TokenResponse>,
    /// Whether it can be refreshed without the user.
    pub has_refresh_token: bool,
    /// The reason why the grant was not stored.
    pub unsaved: Option<Unsaved>,
    /// An error that did not prevent the token from being issued.
    pub refresh_error: Option<AcquireError>,
}

/// A grant that the authority issued and the store refused.
#[derive(Debug)]
#[non_exhaustive]
pub struct Unsaved {
    /// The store's error, or the reason why the grant could not be locked.
    pub error: AcquireError,
    /// The path of the encrypted copy that the next run stores.
    pub pending: Option<PathBuf>,
}

impl std::fmt::Display for Unsaved {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the grant was not stored: {}", self.error)?;
        match &self.pending {
            Some(path) => write!(f, "; it is kept, encrypted, in {}", path.display()),
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
                reason: StoreErrorKind::Interrupted(signal), ..
            }) => Some(Interrupted { signal }),
            _ => None,
        }
    }
}

/// The user must sign in to get a token.
#[derive(Debug)]
#[non_exhaustive]
pub struct ReauthRequired {
    /// The reason.
    pub(super) why: String,
    /// Why the authority refused the refresh, if one was tried.
    pub(super) refusal: Option<Box<Refusal>>,
}

impl ReauthRequired {
    /// No grant is stored.
    pub(super) fn absent(request: &TokenRequest) -> Self {
        let why = match &request.account {
            Some(account) => format!("`{account}` is not signed in"),
            None => "no account is signed in".to_owned(),
        };
        Self { why, refusal: None }
    }

    /// The stored token has expired, and nothing can renew it.
    pub(super) fn without_refresh_token() -> Self {
        let why = "the stored token has expired and there is no refresh token".to_owned();
        Self { why, refusal: None }
    }
}

impl From<ReauthRequired> for AcquireError {
    fn from(ReauthRequired { why, refusal }: ReauthRequired) -> Self {
        Self::SignInNeeded { why, refusal }
    }
}

/// The result of using a grant without the user.
pub(super) enum RefreshOutcome {
    /// A token.
    Token(Box<Acquired>),
    /// The user must sign in.
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

/// The cached `token` of `grant`; `refresh_error` is the reason why the grant could not be refreshed.
pub(super) fn from_cache(
    token: &CachedToken,
    grant: &Grant,
    key: &GrantKey,
    refresh_error: Option<AcquireError>,
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
        refresh_error,
    }
}

/// The store key of the grant of `account`.
pub(crate) fn key_of(request: &TokenRequest, account: &Account) -> GrantKey {
    GrantKey {
        authority: request.authority.base(),
        tenant: request.authority.tenant().map(ToString::to_string).unwrap_or_default(),
        client_id: request.client_id.clone(),
        account: account.id.clone(),
    }
}

/// Stores the grant; `sent` is the grant that was refreshed, if any. If the store fails, keeps an encrypted copy, so
/// that the grant is not lost.
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

/// Keeps an encrypted copy of a grant that could not be stored because of `error`. The next run stores it.
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
