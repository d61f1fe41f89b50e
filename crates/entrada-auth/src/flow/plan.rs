//! What has to be done for a token. Reads the store; sends nothing, asks no one.

use super::acquired::{Acquired, ReauthRequired, from_cache};
use super::find::find;
use super::reuse::{cached, still_good};
use super::{AcquireError, TokenRequest, guard};
use crate::store::{Grant, GrantKey, Grants};
use entrada_core::NumericDate;

/// What has to be done for a token. [`execute`](super::execute) does it.
#[derive(Debug)]
#[non_exhaustive]
pub enum Plan {
    /// Nothing: a stored token serves.
    Cached(Box<Acquired>),
    /// A request to the token endpoint with the stored refresh token.
    Refresh(Box<RefreshPlan>),
    /// A sign-in.
    SignIn(ReauthRequired),
}

/// The grant to refresh.
#[derive(Debug)]
pub struct RefreshPlan {
    pub(super) key: GrantKey,
    pub(super) grant: Grant,
    /// The stored token, where it is still good although a refresh is due.
    pub(super) usable_token: Option<Acquired>,
}

impl Plan {
    /// Whether [`execute`](super::execute) may send a request: another process may do it first.
    pub fn needs_network(&self) -> bool {
        !matches!(self, Self::Cached(_))
    }

    /// The stored token that serves without a request. `None` where there is none.
    pub fn without_network(self) -> Option<Acquired> {
        match self {
            Self::Cached(acquired) => Some(*acquired),
            Self::Refresh(refresh) => refresh.usable_token,
            Self::SignIn(_) => None,
        }
    }
}

/// Looks in the store for what serves `request` at `now`.
///
/// # Errors
///
/// [`AcquireError::Store`] where the store cannot be read, [`AcquireError::Ambiguous`] where several accounts fit the request, and
/// [`AcquireError::WrongAccount`] where the stored grant is of another user than the request names.
pub fn plan(
    grants: &Grants,
    request: &TokenRequest,
    now: NumericDate,
) -> Result<Plan, AcquireError> {
    let stored = match find(grants, request)? {
        Some(key) => grants.load(&key)?.map(|grant| (key, grant)),
        None => None,
    };
    let Some((key, grant)) = stored else {
        return Ok(Plan::SignIn(ReauthRequired::absent(request)));
    };
    guard::check(request, &grant.account)?;
    if let Some(token) = cached(&grant, request, now) {
        return Ok(Plan::Cached(Box::new(from_cache(token, &grant, &key, None))));
    }
    if grant.refresh_token.is_none() {
        return Ok(Plan::SignIn(ReauthRequired::without_refresh_token()));
    }
    let usable_token =
        still_good(&grant, request, now).map(|token| from_cache(token, &grant, &key, None));
    Ok(Plan::Refresh(Box::new(RefreshPlan { key, grant, usable_token })))
}
