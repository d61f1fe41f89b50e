//! Getting a token: from the store, by refresh, or by asking the user.

mod acquired;
mod attempt;
pub mod auth_code;
mod browser_result;
mod callback;
mod choose;
mod deadline;
pub mod device_code;
mod endpoints;
mod execute;
mod find;
pub mod forecast;
mod guard;
mod identity;
mod locking;
mod page;
mod paste;
mod plan;
mod refresh;
mod request;
mod reuse;
mod sign_in;
mod take_over;
mod token_endpoint;

use serde::{Deserialize, Serialize};

pub use acquired::{Acquired, ReauthRequired, Source, Unsaved};
pub use attempt::refused_for_good;
pub use execute::{acquire, drop_token, execute};
pub use plan::{Plan, RefreshPlan, plan};
pub use request::{Parameter, ParameterError, Pins, SignInPage, TokenRequest};
pub use sign_in::sign_in;
pub use take_over::take_over;

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
pub enum FlowKind {
    /// A browser where one is seen, else a code
    #[default]
    Auto,
    /// A page in this machine's browser
    Browser,
    /// A code, entered in any browser on any device
    Device,
    /// A page in any browser, whose last address is pasted here
    Paste,
}

/// How a flow talks to the user while it runs.
pub trait Prompt {
    /// Shows where to sign in, and with which code.
    fn show_code(&mut self, authorization: &DeviceAuthorization, request: &TokenRequest);
    /// Shows the page where to sign in.
    fn show_page(&mut self, page: &Shown<'_>);
    /// Whether somebody could type an answer.
    fn can_ask(&self) -> bool;
    /// Asks for the address that the browser ends on; `also`: beside a listener that may hear of it first.
    fn ask_for_address(&mut self, also: bool);
    /// Called about once a second while the user signs in; `left` are the seconds until the code dies.
    fn waiting(&mut self, left: i64);
    /// Says that something goes wrong without ending the wait.
    fn trouble(&mut self, what: &str);
    /// The wait is over, well or badly.
    fn done(&mut self);
}

/// A sign-in page as it is shown.
#[derive(Debug)]
pub struct Shown<'a> {
    /// Its address. Holds `state` and the challenge; neither is of use to anybody else.
    pub url: &'a Url,
    /// Whether it is being opened in a browser.
    pub opens: bool,
    /// The port on which the answer is expected; `None` where it has to be pasted.
    pub listens_on: Option<u16>,
    /// Where we run.
    pub place: HostKind,
    /// What is asked for.
    pub request: &'a TokenRequest,
}

/// A refusal and when it came.
#[derive(Debug)]
pub struct Refusal {
    /// What the authority said.
    pub error: ErrorResponse,
    /// The grant that was refused: `device_code`, `authorization_code`, `refresh_token`.
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
    #[error("`{found}`{} signed in, not `{wanted}`; nothing was stored",
        tenant.as_ref().map_or_else(String::new, |tid| format!(" (tenant {tid})")))]
    WrongAccount {
        /// Who signed in.
        found: String,
        /// The `tid` claim of who signed in.
        tenant: Option<String>,
        /// Who was named.
        wanted: String,
    },
    /// The authority answered the refresh of one user's grant with the tokens of another; nothing was stored.
    #[error(
        "the authority answered the refresh of `{wanted}` with tokens of {}, which are not used: {reason}",
        found.as_ref().map_or_else(|| "another user".to_owned(), |found| format!("`{found}`"))
    )]
    AnotherUser {
        /// Whom the answer names, where that is another name.
        found: Option<String>,
        /// Whose refresh token was sent.
        wanted: String,
        /// Which claims differ or are missing.
        reason: String,
    },
    /// The authority has no device authorization endpoint.
    #[error("{0} offers no device-code sign-in")]
    NoDeviceFlow(String),
    /// The authority has no page to sign in on.
    #[error("{0} offers no sign-in page")]
    NoPage(String),
    /// The settings of the sign-in page exclude each other.
    #[error("{0}")]
    Contradiction(&'static str),
    /// The ports that the redirect URI allows are taken.
    #[error("cannot listen on port {}", ports.iter().map(u16::to_string).collect::<Vec<_>>().join(" or "))]
    NoListener {
        /// Which.
        ports: Vec<u16>,
        /// What the system said.
        source: std::io::Error,
    },
    /// Nobody finished the sign-in in time.
    #[error("no answer came within {}", waited(*after))]
    NoAnswer {
        /// How long we waited.
        after: std::time::Duration,
    },
    /// There was nobody to paste an address.
    #[error("no address was pasted")]
    NothingPasted(#[source] std::io::Error),
    /// The system gave no randomness.
    #[error("the system gives no random numbers")]
    Entropy(#[source] std::io::Error),
    /// The ID token does not prove whose the tokens are.
    #[error(
        "the authority's ID token failed validation: {0}; the access token that came with it is not used"
    )]
    IdToken(IdTokenError),
    /// The account is signed in already, and its grant was not to be replaced.
    #[error("{0} is signed in here already; that sign-in stays")]
    Taken(String),
    /// The program was asked to end.
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
    /// The program was asked to end while a grant was on its way; it ended once that was safe.
    #[error("interrupted; {}", match unsaved {
        Some(unsaved) => unsaved.to_string(),
        None if *is_kept => "the new grant is stored".to_owned(),
        None => "the new grant was kept in memory alone, and is gone".to_owned(),
    })]
    Stopped {
        /// The signal.
        interrupted: Interrupted,
        /// Whether what is stored outlives the program.
        is_kept: bool,
        /// Where the grant waits, if the store did not take it.
        unsaved: Option<Box<Unsaved>>,
    },
    /// The request got no answer.
    #[error(transparent)]
    Http(HttpError),
    /// The answer is not OAuth.
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
    /// The address that is set is no authority's, or another's.
    #[error(transparent)]
    NoSuchAuthority(DiscoveryError),
    /// The store cannot be used.
    #[error(transparent)]
    Store(StoreError),
    /// Another process holds the grant.
    #[error(transparent)]
    Lock(#[from] LockError),
}

impl From<StoreError> for AcquireError {
    fn from(error: StoreError) -> Self {
        match error.trouble {
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

/// What is left of a wait, in seconds as a countdown shows them: the last one is 1.
fn seconds_left(left: std::time::Duration) -> i64 {
    let begun = i64::from(0 < left.subsec_nanos());
    left.as_secs().cast_signed().saturating_add(begun)
}

#[cfg(test)]
mod crowd_tests;
/// `time` for people; to the tenth of a second where it is no whole number of them.
fn waited(time: std::time::Duration) -> String {
    if time.subsec_millis() == 0 {
        return entrada_core::human_duration(time.as_secs().cast_signed());
    }
    format!("{:.1} s", time.as_secs_f64())
}

#[cfg(test)]
mod tests;
