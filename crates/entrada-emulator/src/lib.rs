//! A small Microsoft Entra ID for tests, with its failures on demand: the endpoints, the sign-in pages, the tokens, and a
//! little of Graph.
//!
//! ```
//! let entra = entrada_emulator::Emulator::start()?;
//! let (authority, tenant, client_id) = (entra.authority(), entra.tenant(), entra.client_id());
//! // The program under test signs in at `authority`. The emulator approves the sign-in.
//! # assert!(authority.starts_with("http://localhost:") && tenant == "organizations" && client_id.len() == 36);
//! # Ok::<(), entrada_emulator::StartError>(())
//! ```
//!
//! [`Emulator::builder`] starts it in another [`Scenario`]: consent that is missing, a refresh token that was revoked, an
//! outage.
//!
//! [`Emulator::handle`] takes a request and the time, and returns the response. It opens no socket, reads no clock
//! and never waits, so that tests in process need no port. [`serve`] puts it on a port.
#![forbid(unsafe_code)]
#![warn(clippy::missing_errors_doc)]

pub mod account;
mod answer;
mod application;
mod authorize;
mod bearer;
mod call;
mod client_authentication;
mod combination;
mod consent;
mod device;
mod entropy;
mod exchange;
mod grant;
mod graph;
mod host;
mod key;
mod loopback;
pub mod mail;
mod managed_identity;
mod metadata;
mod mint;
mod on_behalf_of;
mod own_api;
mod page;
mod password;
mod record;
mod redeem;
mod refresh;
mod refresh_fault;
mod refusal;
mod resource_manager;
mod response_type;
mod route;
mod scenario;
mod scope;
pub mod serve;
mod serve_mail;
mod start;
mod state;
mod tls;
mod token;
mod unregistered;

#[cfg(test)]
mod tests;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use url::Url;

pub use account::Directory;
pub use client_authentication::WRONG_SECRET;
pub use combination::CombinationError;
use entrada_core::{NamedHost, NumericDate};
pub use host::HostNames;
pub use own_api::{ApiError, EmulatedApi};
pub use password::WRONG_PASSWORD;
pub use refresh_fault::{FaultReply, RefreshFault};
pub use scenario::{SCENARIOS, Scenario};
pub use start::{EmulatorBuilder, RunningEmulator, StartError};
use state::State;
pub use unregistered::{Note, Unregistered};

/// The settings of an emulator.
#[derive(Clone, Debug)]
pub struct EmulatorOptions {
    /// The root of the emulator's URLs, for example `http://localhost:8400`.
    pub base: Url,
    /// Host names to accept in addition to that of `base`, `localhost` and the loopback addresses. [`serve`] refuses
    /// requests for any other host: they may come from a foreign web page (DNS rebinding).
    pub hosts: Vec<String>,
    /// Whether the emulator also answers for Microsoft's hosts, or for every host. An authority of Microsoft's then names
    /// itself in its documents and tokens, and each service has only its own endpoints.
    pub names: HostNames,
    /// What the emulator accepts although nobody registered it. [`LogLine::notes`] names each.
    pub accept: Vec<Unregistered>,
    /// The scenario of clients whose id does not belong to a scenario.
    pub scenario: &'static Scenario,
    /// Directories in addition to the built-in Contoso.
    pub directories: Vec<Directory>,
    /// Registrations that are not plain public multi-tenant clients.
    pub clients: Vec<Registration>,
    /// APIs of one's own, in addition to those of Microsoft.
    pub apis: Vec<EmulatedApi>,
    /// Whether a client that is not in [`EmulatorOptions::clients`] is refused as unknown (AADSTS700016).
    pub only_known_clients: bool,
    /// Seconds between polls, as sent in the device code response. Entra sends 5.
    pub interval: u64,
    /// Whether the parts of an `error_description` are on separate lines (CR LF), as Entra sent them until 2025.
    pub crlf: bool,
    /// The user name of the account that signs in automatically, unless the scenario names one.
    pub account: Option<String>,
    /// The delay of the token endpoint.
    pub delay: Duration,
    /// With a fixed seed the codes and opaque tokens are the same every time; otherwise they are random.
    pub seed: Option<u64>,
}

impl EmulatorOptions {
    /// Scenario `normal` at `base`.
    pub fn new(base: Url) -> Self {
        Self {
            base,
            hosts: Vec::new(),
            names: HostNames::Own,
            accept: Vec::new(),
            scenario: Default::default(),
            directories: Vec::new(),
            clients: Vec::new(),
            apis: Vec::new(),
            only_known_clients: false,
            interval: 5,
            crlf: false,
            account: None,
            delay: Duration::ZERO,
            seed: None,
        }
    }
}

/// An app registration.
#[derive(Clone, Debug)]
pub struct Registration {
    /// Application (client) ID.
    pub client_id: String,
    /// The kind of registration.
    pub kind: RegistrationKind,
    /// Registered redirect URIs. On `http://localhost` the path must match and the port is ignored.
    pub redirect_uris: Vec<String>,
}

/// The kind of an app registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegistrationKind {
    /// "Mobile and desktop applications", any account.
    Public,
    /// Public, for accounts of one directory: AADSTS50194 on `common`.
    SingleTenant,
    /// Public, for work accounts of any directory: AADSTS9002332 on `consumers`.
    WorkOnly,
    /// Public, for personal accounts: AADSTS9002331 except on `consumers`.
    PersonalOnly,
    /// "Web": needs a secret, AADSTS7000218.
    Web,
    /// "Single-page application": AADSTS9002327 without an `Origin` header, refresh tokens of 24 hours.
    Spa,
    /// A Microsoft client, with a fixed set of scopes (AADSTS65002) and the `foci` member.
    FirstParty,
}

/// Every scenario, in the order of the table: for `--list`.
pub fn list() -> impl Iterator<Item = &'static Scenario> {
    SCENARIOS.iter()
}

/// The result of a request.
#[derive(Debug)]
pub enum Reply {
    /// A response.
    Answer(http::Response<Vec<u8>>),
    /// A response after a delay.
    Delayed(Duration, http::Response<Vec<u8>>),
    /// No response; the connection stays open.
    Hang,
    /// The connection is closed without a response.
    Cut,
}

/// One request and its outcome. It holds no secret: neither query, nor body, nor `Authorization`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// The time of the request.
    pub at: NumericDate,
    /// For example `POST`.
    pub method: String,
    /// The host that the request names, if it is not the emulator's own.
    pub host: Option<String>,
    /// The path without the query; at most 120 characters.
    pub path: String,
    /// The `grant_type` of a token request, when it is a known one.
    pub grant_type: Option<&'static str>,
    /// The client ID, if it is a GUID.
    pub client_id: Option<String>,
    /// The HTTP status; `None` if no response was sent.
    pub status: Option<u16>,
    /// The OAuth `error` or, from Graph, the error `code`.
    pub error: Option<String>,
    /// What was accepted although nobody registered it.
    pub notes: Vec<Note>,
}

/// The emulator. All connections share it.
pub struct Emulator(Mutex<State>);

impl Emulator {
    /// An emulator without any sign-ins.
    pub fn new(options: EmulatorOptions) -> Self {
        Self(Mutex::new(State::new(options)))
    }

    /// Answers one request, received at `now`.
    ///
    /// ```
    /// use entrada_core::NumericDate;
    /// use entrada_emulator::{Emulator, EmulatorOptions, Reply};
    ///
    /// let emulator = Emulator::new(EmulatorOptions::new("http://localhost:8400".parse()?));
    /// let request = http::Request::get("/organizations/v2.0/.well-known/openid-configuration").body(vec![])?;
    /// let Reply::Answer(answer) = emulator.handle(request, NumericDate(1_790_000_000)) else { panic!() };
    /// assert_eq!(answer.status(), 200);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn handle(&self, request: http::Request<Vec<u8>>, now: NumericDate) -> Reply {
        self.state().handle(request, now)
    }

    /// Every token, code and verifier issued or received so far, at most the last 20,000. Tests check that none of them
    /// leaks.
    pub fn secrets(&self) -> Vec<String> {
        self.state().secrets.iter().cloned().collect()
    }

    /// The requests so far, at most the last 20,000.
    pub fn log(&self) -> Vec<LogLine> {
        self.state().log.iter().cloned().collect()
    }

    /// Acts as the user at the device page: enters `user_code` and signs in as `account`, a user name. False if the code is
    /// not pending, the account does not exist, or the account may not sign in at the tenant.
    ///
    /// ```
    /// use entrada_emulator::Emulator;
    ///
    /// let entra = Emulator::builder().scenario("normal").start()?;
    /// // A program asks for a device code, and waits. The test does what the user does:
    /// for user_code in entra.pending_user_codes() {
    ///     assert!(entra.approve(&user_code, "ada@contoso.example"));
    /// }
    /// # Ok::<(), entrada_emulator::StartError>(())
    /// ```
    pub fn approve(&self, user_code: &str, account: &str) -> bool {
        self.state().approve(user_code, account)
    }

    /// Enters `user_code` and cancels. False if the code is not pending.
    pub fn decline(&self, user_code: &str) -> bool {
        self.state().decline(user_code)
    }

    /// The pending user codes, the oldest first. They include a code that expired and was not polled since.
    pub fn pending_user_codes(&self) -> Vec<String> {
        self.state().pending_user_codes()
    }

    /// Sets the default scenario, or a combination of several ([`Scenario::find`]). False if there is no scenario called `name`.
    ///
    /// ```
    /// let entra = entrada_emulator::Emulator::start()?;
    /// assert!(entra.set_scenario("refresh-dead"), "from now on, refresh tokens count as expired");
    /// # Ok::<(), entrada_emulator::StartError>(())
    /// ```
    pub fn set_scenario(&self, name: &str) -> bool {
        let found = Scenario::find(name);
        if let Some(scenario) = found {
            self.state().options.scenario = scenario;
        }
        found.is_some()
    }

    /// Whether clients may use the emulator under the name `host`.
    fn accepts_host(&self, host: &NamedHost) -> bool {
        let state = self.state();
        host.is_loopback()
            || state.has_name(host)
            || match state.options.names {
                HostNames::Own => false,
                HostNames::Microsoft => host::Service::of_microsoft(host.name()).is_some(),
                HostNames::Every => true,
            }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // After a panic in another thread, one response may be wrong; the emulator continues.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Emulator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Emulator").field("options", &self.state().options).finish_non_exhaustive()
    }
}
