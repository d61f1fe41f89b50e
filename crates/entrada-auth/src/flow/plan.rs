//! Decides how to get a token. Reads the store; sends no request and does not ask the user.

use super::account_check::check_account;
use super::acquired::{Acquired, ReauthRequired, from_cache};
use super::find_grant::find_grant;
use super::usable_token::{token_without_refresh, usable_token};
use super::{AcquireError, TokenRequest};
use crate::store::{Grant, GrantKey, Grants};
use entrada_core::NumericDate;

/// How to get a token. [`execute`](super::execute()) does it.
#[derive(Debug)]
#[non_exhaustive]
pub enum Plan {
    /// Use a stored token.
    Cached(Box<Acquired>),
    /// Send the stored refresh token to the token endpoint.
    Refresh(Box<RefreshPlan>),
    /// Ask the user to sign in.
    SignIn(ReauthRequired),
}

/// The grant to refresh.
#[derive(Debug)]
pub struct RefreshPlan {
    pub(super) key: GrantKey,
    pub(super) grant: Grant,
    /// The stored token, if it is still valid although a refresh is due.
    pub(super) usable_token: Option<Acquired>,
}

impl Plan {
    /// Whether [`execute`](super::execute()) may send a request: another process may do it first.
    pub fn needs_network(&self) -> bool {
        !matches!(self, Self::Cached(_))
    }

    /// The stored token that can be used without a request; `None` if there is none.
    pub fn without_network(self) -> Option<Acquired> {
        match self {
            Self::Cached(acquired) => Some(*acquired),
            Self::Refresh(refresh) => refresh.usable_token,
            Self::SignIn(_) => None,
        }
    }
}

/// Finds out how to answer `request` at `now` from the store.
///
/// # Errors
///
/// [`AcquireError::Store`] if the store cannot be read, [`AcquireError::Ambiguous`] if several accounts match the
/// request, and [`AcquireError::WrongAccount`] if the stored grant belongs to another user than the request names.
pub fn plan(
    grants: &Grants,
    request: &TokenRequest,
    now: NumericDate,
) -> Result<Plan, AcquireError> {
    let stored = match find_grant(grants, request)? {
        Some(key) => grants.load(&key)?.map(|grant| (key, grant)),
        None => None,
    };
    let Some((key, grant)) = stored else {
        return Ok(Plan::SignIn(ReauthRequired::absent(request)));
    };
    check_account(request, &grant.account)?;
    if let Some(token) = token_without_refresh(&grant, request, now) {
        return Ok(Plan::Cached(Box::new(from_cache(token, &grant, &key, None))));
    }
    if grant.refresh_token.is_none() {
        return Ok(Plan::SignIn(ReauthRequired::without_refresh_token()));
    }
    let usable_token =
        usable_token(&grant, request, now).map(|token| from_cache(token, &grant, &key, None));
    Ok(Plan::Refresh(Box::new(RefreshPlan { key, grant, usable_token })))
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
