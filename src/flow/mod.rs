//! Getting a token: from the store, by refresh, or by asking the user.

mod acquire;
pub mod device_code;
mod endpoints;
mod reuse;

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use acquire::{Acquired, Source, Unsaved, acquire, sign_in};

use crate::model::{Authority, ScopeSet};
use crate::oauth::device_code::DeviceAuthorization;
use crate::oauth::{ErrorResponse, ProtocolError};
use crate::store::{Interaction, LockError, StoreError};
use crate::sys::{HttpError, HttpFailure, Interrupted};

/// How the user signs in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Whatever fits this machine
    #[default]
    Auto,
    /// A code, entered in any browser on any device
    Device,
}

/// Which token is wanted.
#[derive(Clone, Debug)]
pub struct TokenRequest {
    /// Who issues it.
    pub authority: Authority,
    /// The application asking.
    pub client_id: String,
    /// The scopes, all of one API, with those about the sign-in (`openid`, `offline_access`).
    pub scopes: ScopeSet,
    /// Whose token: a user name or id. `None` where there is only one.
    pub account: Option<String>,
    /// Seconds that a stored token must still live; `None`: the smaller of five minutes and a fifth of its life.
    pub min_ttl: Option<i64>,
    /// How the user signs in.
    pub flow: Kind,
    /// Never serve from the cache.
    pub force_refresh: bool,
    /// Whether the user may be asked to sign in.
    pub interaction: Interaction,
    /// JSON of a claims challenge to send along (OIDC Core §5.5).
    pub claims: Option<String>,
    /// How long to wait for another process that refreshes the same grant.
    pub lock_wait: Duration,
}

/// How a flow talks to the user while it runs.
pub trait Prompt {
    /// Shows where to sign in, and with which code.
    fn show_code(&mut self, authorization: &DeviceAuthorization, request: &TokenRequest);
    /// Called about once a second while the user signs in; `left` are the seconds until the code dies.
    fn waiting(&mut self, left: i64);
    /// Says that something goes wrong without ending the wait.
    fn trouble(&mut self, what: &str);
    /// The wait is over, well or badly.
    fn done(&mut self);
}

/// A refusal and when it came.
#[derive(Debug)]
pub struct Refusal {
    /// What the authority said.
    pub error: ErrorResponse,
    /// The grant that was refused: `device_code`, `refresh_token`.
    pub grant_type: &'static str,
    /// Whether the device code had run out when it came.
    pub code_ran_out: bool,
}

/// Why there is no token. Each variant needs something different from the user.
#[derive(Debug, thiserror::Error)]
pub enum AcquireError {
    /// Nothing usable is stored and the user may not be asked; with the refusal that made the stored grant unusable.
    #[error("{why}")]
    SignInNeeded {
        /// What is missing.
        why: String,
        /// Why a refresh was refused, when one was.
        refusal: Option<Box<Refusal>>,
    },
    /// The authority refused. `diagnose` turns this into advice.
    #[error("the authority refused: {}", .0.error.text())]
    Refused(Box<Refusal>),
    /// More than one account fits.
    #[error("several accounts are signed in: {}", .0.join(", "))]
    Ambiguous(Vec<String>),
    /// Somebody else signed in than was named; nothing was stored.
    #[error("`{found}` signed in, not `{wanted}`; nothing was stored")]
    WrongAccount {
        /// Who signed in.
        found: String,
        /// Who was named.
        wanted: String,
    },
    /// The authority has no device authorization endpoint.
    #[error("{0} offers no device-code sign-in")]
    NoDeviceFlow(String),
    /// The program was asked to end.
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
    /// The request got no answer.
    #[error(transparent)]
    Http(HttpError),
    /// The answer is not OAuth.
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Another process holds the grant.
    #[error(transparent)]
    Lock(#[from] LockError),
}

impl From<HttpError> for AcquireError {
    fn from(error: HttpError) -> Self {
        match error.failure {
            HttpFailure::Interrupted(interrupted) => Self::Interrupted(interrupted),
            _ => Self::Http(error),
        }
    }
}

#[cfg(test)]
mod tests;
