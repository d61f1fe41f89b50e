//! Starts an emulator on a free port, for tests of programs that sign in.

use std::fmt;
use std::io;
use std::ops::Deref;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use url::Url;

use crate::account::{ACCOUNTS, EmulatedAccount};
use crate::serve::{self, Background, ServerClock};
use crate::{
    Directory, EmulatedApi, Emulator, EmulatorOptions, HostNames, Registration, Scenario,
    Unregistered,
};
use entrada_core::NumericDate;

/// The default scenario: every sign-in is approved.
const SCENARIO_DEFAULT: &str = "auto-approve";

impl Emulator {
    /// Starts an emulator on a free port of this machine. It approves every sign-in, and stops when the handle is dropped.
    ///
    /// ```
    /// let entra = entrada_emulator::Emulator::start()?;
    /// assert!(entra.log().is_empty(), "no request was received yet");
    /// # Ok::<(), entrada_emulator::StartError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`StartError::Io`] if the system provides no port or no thread.
    pub fn start() -> Result<RunningEmulator, StartError> {
        Self::builder().start()
    }

    /// Describes an emulator that is to be started.
    ///
    /// ```
    /// use entrada_emulator::Emulator;
    ///
    /// let entra = Emulator::builder().scenario("refresh-dead").account("lin@contoso.example").start()?;
    /// assert!(Emulator::builder().scenario("no-such-scenario").start().is_err());
    /// # Ok::<(), entrada_emulator::StartError>(())
    /// ```
    pub fn builder() -> EmulatorBuilder {
        EmulatorBuilder::default()
    }
}

/// Describes an emulator that is to be started.
#[must_use = "call `start`"]
pub struct EmulatorBuilder {
    scenario: String,
    account: Option<String>,
    port: u16,
    interval: u64,
    delay: Duration,
    seed: Option<u64>,
    directories: Vec<Directory>,
    clients: Vec<Registration>,
    apis: Vec<EmulatedApi>,
    only_known_clients: bool,
    accept: Vec<Unregistered>,
    names: HostNames,
    clock: Option<ServerClock>,
}

impl Default for EmulatorBuilder {
    fn default() -> Self {
        Self {
            scenario: SCENARIO_DEFAULT.to_owned(),
            account: None,
            port: 0,
            // Tests do not wait longer than they have to. A client may still keep a second between polls.
            interval: 0,
            delay: Duration::ZERO,
            seed: None,
            directories: Vec::new(),
            clients: Vec::new(),
            apis: Vec::new(),
            only_known_clients: false,
            accept: Vec::new(),
            names: HostNames::Own,
            clock: None,
        }
    }
}

impl EmulatorBuilder {
    /// The name of the [`Scenario`], or several names with `+`; `auto-approve` by default. `normal` waits for [`Emulator::approve`], or for a user at
    /// the page.
    pub fn scenario(self, name: impl Into<String>) -> Self {
        Self { scenario: name.into(), ..self }
    }

    /// The user name of the account that signs in automatically: one of [`ACCOUNTS`], or any with [`Unregistered::User`].
    pub fn account(self, username: impl Into<String>) -> Self {
        Self { account: Some(username.into()), ..self }
    }

    /// The port; by default one that is free.
    pub fn port(self, port: u16) -> Self {
        Self { port, ..self }
    }

    /// Seconds between two polls that clients are asked to keep; 0 by default, where Entra asks for 5.
    pub fn interval(self, seconds: u64) -> Self {
        Self { interval: seconds, ..self }
    }

    /// How long the token endpoint takes to answer.
    pub fn delay(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }

    /// Makes the same codes and opaque tokens every time; by default they are random.
    pub fn seed(self, seed: u64) -> Self {
        Self { seed: Some(seed), ..self }
    }

    /// Adds a directory to the built-in Contoso.
    pub fn directory(mut self, directory: Directory) -> Self {
        self.directories.push(directory);
        self
    }

    /// Adds an app registration that is not a plain public client of any tenant.
    pub fn client(mut self, client: Registration) -> Self {
        self.clients.push(client);
        self
    }

    /// Adds an API of one's own, for which the emulator then issues tokens.
    pub fn api(mut self, api: EmulatedApi) -> Self {
        self.apis.push(api);
        self
    }

    /// Whether clients without a registration are refused (AADSTS700016). By default they are accepted.
    pub fn only_known_clients(self, only: bool) -> Self {
        Self { only_known_clients: only, ..self }
    }

    /// Accepts what nobody registered, and notes it in the log. By default it is refused, as at Entra.
    ///
    /// ```
    /// use entrada_emulator::{Emulator, Unregistered};
    ///
    /// let entra = Emulator::builder().accept(Unregistered::User).account("zoe@fabrikam.example").start()?;
    /// # Ok::<(), entrada_emulator::StartError>(())
    /// ```
    pub fn accept(mut self, kind: Unregistered) -> Self {
        self.accept.push(kind);
        self
    }

    /// The hosts that the emulator answers for; by default its own.
    pub fn names(self, names: HostNames) -> Self {
        Self { names, ..self }
    }

    /// The clock of the emulator; by default that of the machine.
    pub fn clock(self, clock: impl Fn() -> NumericDate + Send + Sync + 'static) -> Self {
        Self { clock: Some(Arc::new(clock)), ..self }
    }

    /// Starts it on the loopback addresses of this machine, over plain http.
    ///
    /// # Errors
    ///
    /// [`StartError`] if the scenario or the account is unknown, or the system provides no port or no thread.
    pub fn start(self) -> Result<RunningEmulator, StartError> {
        let scenario = Scenario::find(&self.scenario)
            .ok_or_else(|| StartError::UnknownScenario(self.scenario.clone()))?;
        if let Some(account) = &self.account
            && EmulatedAccount::find(account).is_none()
            && !self.accept.contains(&Unregistered::User)
        {
            return Err(StartError::UnknownAccount(account.clone()));
        }
        let listeners = serve::bind(self.port)?;
        let port = match listeners.first() {
            Some(listener) => listener.local_addr()?.port(),
            None => self.port,
        };
        let authority = format!("http://localhost:{port}");
        let base = Url::parse(&authority).map_err(io::Error::other)?;
        let emulator = Arc::new(Emulator::new(EmulatorOptions {
            scenario,
            directories: self.directories,
            clients: self.clients,
            apis: self.apis,
            only_known_clients: self.only_known_clients,
            accept: self.accept,
            names: self.names,
            interval: self.interval,
            account: self.account,
            delay: self.delay,
            seed: self.seed,
            ..EmulatorOptions::new(base)
        }));
        let clock = self.clock.unwrap_or_else(|| Arc::new(machine_time));
        let background = serve::spawn(Arc::clone(&emulator), listeners, None, clock)?;
        Ok(RunningEmulator {
            emulator,
            authority,
            client_id: scenario.client_id,
            _background: background,
        })
    }
}

impl fmt::Debug for EmulatorBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmulatorBuilder")
            .field("scenario", &self.scenario)
            .field("account", &self.account)
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

#[expect(clippy::disallowed_methods, reason = "a running server has the time of its machine")]
pub(crate) fn machine_time() -> NumericDate {
    NumericDate(0).plus(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

/// A running emulator. It dereferences to [`Emulator`], so that a test can approve a code, change the scenario, or read the log.
/// Dropping it stops the emulator.
#[derive(Debug)]
#[must_use = "the emulator stops when this is dropped"]
pub struct RunningEmulator {
    emulator: Arc<Emulator>,
    authority: String,
    client_id: &'static str,
    _background: Background,
}

impl RunningEmulator {
    /// The URL of the emulator, without a trailing slash and without a tenant: `http://localhost:PORT`.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// A tenant that all work accounts of the emulator belong to: `organizations`.
    pub fn tenant(&self) -> &'static str {
        "organizations"
    }

    /// A client id that gets the scenario of the builder. Every other client id does so too, except those of
    /// [`SCENARIOS`](crate::SCENARIOS).
    pub fn client_id(&self) -> &'static str {
        self.client_id
    }

    /// The user names of the built-in accounts.
    pub fn accounts(&self) -> impl Iterator<Item = &'static str> + use<> {
        ACCOUNTS.iter().map(|account| account.username)
    }
}

impl Deref for RunningEmulator {
    type Target = Emulator;

    fn deref(&self) -> &Emulator {
        &self.emulator
    }
}

/// The emulator cannot be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// There is no scenario of this name.
    #[error(
        "there is no scenario `{0}`; `entrada emulator --list` and `entrada_emulator::SCENARIOS` name them all"
    )]
    UnknownScenario(String),
    /// There is no account of this user name.
    #[error("there is no account `{0}`; `entrada_emulator::account::ACCOUNTS` names them all")]
    UnknownAccount(String),
    /// The system provides no port or no thread.
    #[error("the emulator cannot listen on this machine: {0}")]
    Io(#[from] io::Error),
}
