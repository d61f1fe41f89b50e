//! Acquires a token: from the store, by refresh, or by asking the user.

mod account_check;
mod acquired;
mod allowed_flows;
pub mod auth_code;
mod bounded_http;
mod browser_result;
mod callback;
pub mod device_code;
mod endpoints;
mod execute;
mod find_grant;
pub mod forecast;
mod identity;
mod import;
mod locking;
mod paste;
mod plan;
mod refresh;
mod request;
mod result_page;
mod shared_failure;
mod sign_in;
mod sign_in_method;
mod start_page;
mod token_endpoint;
mod usable_token;

use serde::{Deserialize, Serialize};

pub(crate) use acquired::key_of;
pub use acquired::{Acquired, ReauthRequired, Source, Unsaved};
pub use allowed_flows::AllowedFlows;
pub use execute::{acquire, execute, forget_token};
pub use import::import_refresh_token;
pub use plan::{Plan, RefreshPlan, plan};
pub use request::{Parameter, ParameterError, Pins, SignInPage, TokenRequest};
pub use shared_failure::{RefusedRefresh, refused_refresh};
pub use sign_in::sign_in;

use url::Url;

use crate::store::{LockError, StoreError, StoreErrorKind};
use crate::sys::{HostKind, HttpError, HttpFailure, Interrupted};
use entrada_core::oauth::device_code::DeviceAuthorization;
use entrada_core::oauth::discovery::DiscoveryError;
use entrada_core::oauth::id_token::IdTokenError;
use entrada_core::oauth::{ErrorResponse, ProtocolError};

/// How the user signs in.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    strum::EnumIter,
    strum::EnumMessage,
    strum::EnumString,
    strum::IntoStaticStr,
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
#[non_exhaustive]
pub enum FlowKind {
    /// A browser if the user can see one, otherwise a code
    #[default]
    Auto,
    /// A page in this machine's browser
    Browser,
    /// A code, entered in any browser on any device
    Device,
    /// A page in any browser; you paste its last address here
    Paste,
}

/// Shows the progress of a flow to the user.
pub trait Prompt {
    /// Shows the verification address and the user code.
    fn show_code(&mut self, authorization: &DeviceAuthorization, request: &TokenRequest);
    /// Shows the sign-in page.
    fn show_page(&mut self, page: &SignInAddress<'_>);
    /// Whether a user can type an answer.
    fn can_ask(&self) -> bool {
        false
    }
    /// Asks for the address that the browser shows at the end. With `also`, a listener waits for the redirect at the
    /// same time.
    fn ask_for_address(&mut self, also: bool) {
        let _ = also;
    }
    /// Called about once a second during the sign-in. `left` is the number of seconds until the code expires.
    fn waiting(&mut self, left: i64) {
        let _ = left;
    }
    /// Another process, `holder` if it is known, has used the grant for a second, and its lock is waited for.
    fn waiting_for_lock(&mut self, holder: Option<u32>, lock: AwaitedLock) {
        let _ = (holder, lock);
    }
    /// Reports a problem that does not end the wait.
    fn warn(&mut self, message: &str) {
        let _ = message;
    }
    /// The wait is over, with or without success.
    fn done(&mut self) {}
}

/// A lock that another process holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AwaitedLock {
    /// That of a grant, which the other process uses.
    Grant,
    /// That of all items: the other process changes the key of the store.
    Writers,
}

/// A sign-in page that is shown to the user.
#[derive(Debug)]
#[non_exhaustive]
pub struct SignInAddress<'a> {
    /// The page's address. It contains `state` and the code challenge; neither is useful to an attacker.
    pub url: &'a Url,
    /// Whether the page is being opened in a browser.
    pub opens_browser: bool,
    /// The port of the listener; `None` if the address must be pasted.
    pub listener_port: Option<u16>,
    /// The kind of host.
    pub host_kind: HostKind,
    /// The token request.
    pub request: &'a TokenRequest,
}

/// A refusal by the authority, and the grant type that it refused.
#[derive(Debug)]
#[non_exhaustive]
pub struct Refusal {
    /// The authority's error response.
    pub error: ErrorResponse,
    /// The grant that was refused: `device_code`, `authorization_code`, `refresh_token`.
    pub grant_type: &'static str,
    /// Whether the device code had expired when it arrived.
    pub code_expired: bool,
}

/// The reason why there is no token. Each variant needs a different action of the user.
#[derive(Debug, thiserror::Error)]
pub enum AcquireError {
    /// The store has no usable token, and the user may not be asked. Contains the refusal that made the stored grant
    /// unusable.
    #[error("{why}")]
    SignInNeeded {
        /// The reason.
        why: String,
        /// Why a refresh was refused, if one was tried.
        refusal: Option<Box<Refusal>>,
    },
    /// The authority refused. `diagnose` turns this into advice.
    #[error("the authority refused: {}", .0.error.text())]
    Refused(Box<Refusal>),
    /// More than one account matches.
    #[error("several accounts are signed in: {}", .0.join(", "))]
    Ambiguous(Vec<String>),
    /// Another user than the requested one signed in. Nothing was stored.
    #[error("`{found}`{} signed in, not `{wanted}`; nothing was stored",
        tenant.as_ref().map_or_else(String::new, |tid| format!(" (tenant {tid})")))]
    WrongAccount {
        /// The user who signed in.
        found: String,
        /// The `tid` claim of that user.
        tenant: Option<String>,
        /// The requested user.
        wanted: String,
    },
    /// The authority answered the refresh of one user's grant with another user's tokens. Nothing was stored.
    #[error(
        "the authority answered the refresh of `{wanted}` with tokens of {}, which are not used: {reason}",
        found.as_ref().map_or_else(|| "another user".to_owned(), |found| format!("`{found}`"))
    )]
    AnotherUser {
        /// The user in the response, if the name differs.
        found: Option<String>,
        /// The user whose refresh token was sent.
        wanted: String,
        /// The claims that differ or are missing.
        reason: String,
    },
    /// The authority has no device authorization endpoint.
    #[error("{0} does not offer device-code sign-in")]
    NoDeviceFlow(String),
    /// The authority has no authorization endpoint.
    #[error("{0} does not offer a sign-in page")]
    NoPage(String),
    /// Two settings of the sign-in page exclude each other.
    #[error("{0}")]
    ConflictingSettings(&'static str),
    /// The flow is not among the allowed ones.
    #[error("the sign-in by `--flow {flow}` is not allowed: {limited_by} allows {}",
        if allowed.is_empty() { "none" } else { allowed })]
    FlowNotAllowed {
        /// The flow.
        flow: &'static str,
        /// The flows that are allowed, as a list.
        allowed: String,
        /// What limits them.
        limited_by: String,
    },
    /// All ports that the redirect URI allows are in use.
    #[error("cannot listen on port {}", ports.iter().map(u16::to_string).collect::<Vec<_>>().join(" or "))]
    NoListener {
        /// The ports.
        ports: Vec<u16>,
        /// The system's error.
        source: std::io::Error,
    },
    /// The sign-in was not finished in time.
    #[error("no answer came within {}", waited(*after))]
    NoAnswer {
        /// How long entrada waited.
        after: std::time::Duration,
    },
    /// A sign-in by device code was not finished in time.
    #[error("the sign-in by code was not finished within {}", waited(*after))]
    DeviceTimeout {
        /// How long entrada waited.
        after: std::time::Duration,
    },
    /// No address could be read from the user.
    #[error("no address was pasted")]
    NothingPasted(#[source] std::io::Error),
    /// The system did not provide random bytes.
    #[error("the system did not provide random numbers")]
    Entropy(#[source] std::io::Error),
    /// The ID token does not prove which user the tokens belong to.
    #[error(
        "the authority's ID token failed validation: {0}; the access token that came with it is not used"
    )]
    IdToken(IdTokenError),
    /// The account is already signed in, and its grant must not be replaced.
    #[error("{0} is already signed in here; that sign-in was kept")]
    AlreadySignedIn(String),
    /// A signal asked the program to end.
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
    /// A signal asked the program to end while a grant was being issued. The program ended once the grant was safe.
    #[error("interrupted; {}", match unsaved {
        Some(unsaved) => unsaved.to_string(),
        None if *is_kept => "the new grant is stored".to_owned(),
        None => "the new grant was only in memory, and is lost".to_owned(),
    })]
    Stopped {
        /// The signal.
        interrupted: Interrupted,
        /// Whether the stored grant survives the end of the program.
        is_kept: bool,
        /// The path of the encrypted copy, if the store refused the grant.
        unsaved: Option<Box<Unsaved>>,
    },
    /// The request got no answer.
    #[error(transparent)]
    Http(HttpError),
    /// The response is not OAuth.
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
    /// The configured address is not that of an authority, or is that of another one.
    #[error(transparent)]
    NoSuchAuthority(DiscoveryError),
    /// The store cannot be used.
    #[error(transparent)]
    Store(StoreError),
    /// Another process holds the lock on the grant.
    #[error(transparent)]
    Lock(#[from] LockError),
}

impl From<StoreError> for AcquireError {
    fn from(error: StoreError) -> Self {
        match error.reason {
            StoreErrorKind::Interrupted(signal) => Self::Interrupted(Interrupted { signal }),
            _ => Self::Store(error),
        }
    }
}

impl From<HttpError> for AcquireError {
    fn from(error: HttpError) -> Self {
        match error.failure {
            HttpFailure::Interrupted(interrupted) => Self::Interrupted(interrupted),
            HttpFailure::Deadline { timeout } => Self::NoAnswer { after: timeout },
            _ => Self::Http(error),
        }
    }
}

impl From<DiscoveryError> for AcquireError {
    fn from(error: DiscoveryError) -> Self {
        match error {
            DiscoveryError::Protocol(error) => Self::Protocol(error),
            other => Self::NoSuchAuthority(other),
        }
    }
}

/// The rest of a wait in seconds, as a countdown shows it: the last one is 1.
fn seconds_left(left: std::time::Duration) -> i64 {
    let begun = i64::from(0 < left.subsec_nanos());
    left.as_secs().cast_signed().saturating_add(begun)
}

#[cfg(test)]
mod listener_tests;
/// `time` for people, with tenths of a second unless it is a whole number of seconds.
fn waited(time: std::time::Duration) -> String {
    if time.subsec_millis() == 0 {
        return entrada_core::human_duration(time.as_secs().cast_signed());
    }
    format!("{:.1} s", time.as_secs_f64())
}

#[cfg(test)]
mod tests;
