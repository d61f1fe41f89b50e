//! The settings of a client.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use super::worker::{self, OpenBackend, Setup, WorkerThread};
use super::{Client, TerminalPrompt};
use crate::flow::{FlowKind, Pins, Prompt, SignInPage, TokenRequest};
use crate::store::{Backend, Interaction, StoreError, StoreKey, StoreKind};
use crate::sys::{Env, Http, NoHome, Paths};
use entrada_core::{AddressError, Authority, ClaimsRequest, ScopeSet, clean};

/// How long to wait for another process that refreshes the same grant: longer than one refresh and one keyring call.
const LOCK_WAIT: Duration = Duration::from_secs(60);

/// The authority of the public cloud.
const PUBLIC_CLOUD: &str = "https://login.microsoftonline.com";

/// Builds a [`Client`]. [`ClientBuilder::client_id`] and at least one [`ClientBuilder::scope`] are required.
#[must_use = "call `build`"]
pub struct ClientBuilder {
    authority: Option<String>,
    tenant: Option<String>,
    client_id: Option<String>,
    scopes: Vec<String>,
    offline: bool,
    account: Option<String>,
    flow: FlowKind,
    page: SignInPage,
    store: StoreKind,
    store_key: Option<StoreKey>,
    factory: Option<OpenBackend>,
    state_dir: Option<PathBuf>,
    interactive: Option<bool>,
    claims: Option<ClaimsRequest>,
    force_refresh: bool,
    prompt: Option<Box<dyn Prompt + Send>>,
    http: Option<Box<dyn Http + Send>>,
    handles_signals: bool,
}

impl Default for ClientBuilder {
    fn default() -> Self {
        Self {
            authority: None,
            tenant: None,
            client_id: None,
            scopes: Vec::new(),
            offline: true,
            account: None,
            flow: FlowKind::default(),
            page: SignInPage::default(),
            store: StoreKind::default(),
            store_key: None,
            factory: None,
            state_dir: None,
            interactive: None,
            claims: None,
            force_refresh: false,
            prompt: None,
            http: None,
            handles_signals: false,
        }
    }
}

impl ClientBuilder {
    /// Who may sign in: the GUID or a domain of a directory, `organizations`, `consumers`, or `common`, which is the default
    /// at the clouds of Microsoft. At any other address, an authority without a tenant is an OpenID provider of any make.
    pub fn tenant(self, tenant: impl Into<String>) -> Self {
        Self { tenant: Some(tenant.into()), ..self }
    }

    /// The address of the authority, with or without a tenant; by default that of the public cloud. See [`Authority::at`].
    pub fn authority(self, address: impl Into<String>) -> Self {
        Self { authority: Some(address.into()), ..self }
    }

    /// The Application (client) ID of the app registration.
    pub fn client_id(self, client_id: impl Into<String>) -> Self {
        Self { client_id: Some(client_id.into()), ..self }
    }

    /// Adds a scope, or several separated by spaces, for example `https://graph.microsoft.com/Mail.Read`. All scopes must
    /// belong to one API. `openid` and `profile` are added, and `offline_access` unless
    /// [`ClientBuilder::offline`] is off.
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scopes.push(scope.into());
        self
    }

    /// Several scopes; see [`ClientBuilder::scope`].
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.scopes.extend(scopes.into_iter().map(Into::into));
        self
    }

    /// Whether to request a refresh token (`offline_access`). On by default.
    pub fn offline(self, offline: bool) -> Self {
        Self { offline, ..self }
    }

    /// The account: a user name, or the id of an [`AccountEntry`](crate::store::AccountEntry). Required if several accounts are
    /// signed in.
    pub fn account(self, account: impl Into<String>) -> Self {
        Self { account: Some(account.into()), ..self }
    }

    /// How the user signs in. By default in a browser if the user can see one, otherwise by a device code.
    pub fn flow(self, flow: FlowKind) -> Self {
        Self { flow, ..self }
    }

    /// The settings of the sign-in page: redirect URI, hints, timeout.
    pub fn page(self, page: SignInPage) -> Self {
        Self { page, ..self }
    }

    /// Where the grant is stored. By default in the keyring of the operating system. [`StoreKind::File`] needs
    /// [`ClientBuilder::store_key`]; [`StoreKind::Memory`] lasts as long as the client.
    pub fn store(self, store: StoreKind) -> Self {
        Self { store, factory: None, ..self }
    }

    /// The key of the encrypted files of [`StoreKind::File`].
    pub fn store_key(self, key: StoreKey) -> Self {
        Self { store_key: Some(key), ..self }
    }

    /// Stores the grant in a [`Backend`] of the program, whose [`Backend::kind`] is [`StoreKind::Custom`]. `open` is called on
    /// the client's thread by the first call that needs the store. If it fails, the next call tries again.
    pub fn backend<B: Backend + 'static>(
        self,
        mut open: impl FnMut() -> Result<B, StoreError> + Send + 'static,
    ) -> Self {
        let boxed = move || open().map(|backend| Box::new(backend) as Box<dyn Backend>);
        Self { store: StoreKind::Custom, factory: Some(Box::new(boxed)), ..self }
    }

    /// The directory for the list of accounts, for locks, and for grants that could not be stored; the files of
    /// [`StoreKind::File`] are in `data` below it. By default the directories of the program `entrada`
    /// (`$XDG_STATE_HOME/entrada`, `$XDG_DATA_HOME/entrada`; `%LOCALAPPDATA%\entrada`), and for [`StoreKind::Memory`] a
    /// temporary one.
    pub fn state_dir(self, dir: impl Into<PathBuf>) -> Self {
        Self { state_dir: Some(dir.into()), ..self }
    }

    /// Whether the user may be asked to sign in and to unlock the keyring. By default yes for a [`Prompt`] of the program, and
    /// for [`TerminalPrompt`] only if stderr is a terminal.
    pub fn interactive(self, interactive: bool) -> Self {
        Self { interactive: Some(interactive), ..self }
    }

    /// Requests claims in addition to those of the scopes (OIDC Core §5.5).
    pub fn claims(self, claims: ClaimsRequest) -> Self {
        Self { claims: Some(claims), ..self }
    }

    /// Whether each call refreshes, even if the stored token is still valid. See also [`Client::forget_token`].
    pub fn force_refresh(self, force_refresh: bool) -> Self {
        Self { force_refresh, ..self }
    }

    /// Shows the sign-in to the user; by default [`TerminalPrompt`]. It is called on the client's thread.
    ///
    /// ```
    /// use entrada_auth::flow::{Prompt, SignInAddress, TokenRequest};
    /// use entrada_core::oauth::device_code::DeviceAuthorization;
    ///
    /// struct Window;
    ///
    /// impl Prompt for Window {
    ///     fn show_code(&mut self, code: &DeviceAuthorization, _: &TokenRequest) {
    ///         println!("open {} and enter {}", code.verification_uri, code.user_code);
    ///     }
    ///     fn show_page(&mut self, page: &SignInAddress<'_>) {
    ///         println!("open {}", page.url);
    ///     }
    /// }
    ///
    /// let builder = entrada_auth::Client::builder().prompt(Window);
    /// ```
    pub fn prompt(self, prompt: impl Prompt + Send + 'static) -> Self {
        Self { prompt: Some(Box::new(prompt)), ..self }
    }

    /// Sends the requests instead of the real network. For tests.
    pub fn http(self, http: impl Http + Send + 'static) -> Self {
        Self { http: Some(Box::new(http)), ..self }
    }

    /// Whether SIGINT, SIGTERM and SIGHUP end a wait with
    /// [`AcquireError::Interrupted`](crate::flow::AcquireError::Interrupted), and wait while a grant is being stored. From the
    /// first wait on, a first signal does not end the program by itself; a second one does. Off by default: signals keep the
    /// effect that the program gave them.
    pub fn handle_signals(self, handle: bool) -> Self {
        Self { handles_signals: handle, ..self }
    }

    /// Checks the settings and starts the client's thread. Sends nothing and opens no store.
    ///
    /// # Errors
    ///
    /// [`BuildError`] names the missing or invalid value, and the method that sets it.
    pub fn build(self) -> Result<Client, BuildError> {
        let address = self.authority.as_deref().unwrap_or(PUBLIC_CLOUD);
        let authority = Authority::at(address, self.tenant.as_deref())?;
        let client_id = checked_client_id(self.client_id)?;
        let scopes = checked_scopes(&self.scopes, self.offline)?;
        if self.store == StoreKind::File && self.store_key.is_none() {
            return Err(BuildError::NoStoreKey);
        }
        if self.store == StoreKind::Custom && self.factory.is_none() {
            return Err(BuildError::NoBackend);
        }
        let env = Env::real();
        let (state_dir, data_dir) = match self.state_dir {
            Some(dir) => (Some(dir.clone()), dir.join("data")),
            None if self.store == StoreKind::Memory => (None, PathBuf::new()),
            None => {
                let paths = Paths::of(&env)?;
                (Some(paths.state), paths.data)
            }
        };
        let on_terminal = self.prompt.is_none();
        let interaction = match self.interactive {
            Some(false) => Interaction::Forbidden,
            None if on_terminal => worker::interaction_at_terminal(&env),
            Some(true) | None => Interaction::Allowed,
        };
        let summary = format!("{client_id} at {authority} for {}", scopes.api());
        let page = SignInPage { unattended: self.page.unattended || env.is_ci(), ..self.page };
        let request = TokenRequest {
            authority,
            client_id,
            scopes,
            account: self.account,
            pins: Pins::default(),
            min_ttl: None,
            flow: self.flow,
            allowed_flows: None,
            page,
            force_refresh: self.force_refresh,
            interaction,
            claims: self.claims,
            challenge: None,
            lock_wait: LOCK_WAIT,
        };
        let setup = Setup {
            request,
            kind: self.store,
            key: self.store_key,
            factory: self.factory,
            state_dir,
            data_dir,
            bus: crate::store::session_bus(&env),
            env,
            http: self.http,
            prompt: self.prompt.unwrap_or_else(|| Box::new(TerminalPrompt::new())),
            on_terminal,
            handles_signals: self.handles_signals,
        };
        let thread = WorkerThread::start(setup).map_err(BuildError::Thread)?;
        Ok(Client { thread, summary })
    }
}

fn checked_client_id(client_id: Option<String>) -> Result<String, BuildError> {
    let id = client_id.ok_or(BuildError::NoClientId)?;
    let fits = |c: char| c.is_ascii_alphanumeric() || "-._~:/".contains(c);
    if id.is_empty() || 256 < id.len() || !id.chars().all(fits) {
        return Err(BuildError::ClientId(shown(&id)));
    }
    Ok(id)
}

/// Scopes as in RFC 6749 §3.3, but without commas, which usually separate scopes by mistake.
fn checked_scopes(given: &[String], offline: bool) -> Result<ScopeSet, BuildError> {
    let mut scopes = ScopeSet::parse(&given.join(" "));
    if scopes.is_empty() {
        return Err(BuildError::NoScope);
    }
    let fits = |scope: &&str| scope.chars().all(|c| c.is_ascii_graphic() && !"\"\\,".contains(c));
    if let Some(scope) = scopes.iter().find(|scope| !fits(scope)) {
        return Err(BuildError::Scope(shown(scope)));
    }
    for scope in ["openid", "profile"].into_iter().chain(offline.then_some("offline_access")) {
        scopes.insert(scope);
    }
    Ok(scopes)
}

fn shown(text: &str) -> String {
    clean(text).chars().take(80).collect()
}

/// The settings of a client are incomplete or invalid.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// No client id is set.
    #[error(
        "no client id is set; pass the Application (client) ID of the app registration to `client_id`"
    )]
    NoClientId,
    /// The client id has invalid characters. Contains its beginning.
    #[error(
        "`{0}` is not a client id; pass the Application (client) ID of the app registration to `client_id`"
    )]
    ClientId(String),
    /// No scope is set.
    #[error(
        "no scope is set; pass one to `scope`, for example `https://graph.microsoft.com/Mail.Read`"
    )]
    NoScope,
    /// A scope has invalid characters. Contains its beginning.
    #[error(
        "`{0}` is not a scope; separate scopes by spaces, without quotes, backslashes and commas"
    )]
    Scope(String),
    /// The authority or the tenant is not valid.
    #[error("{0}; check what is passed to `authority` and `tenant`")]
    Authority(#[from] AddressError),
    /// The store of encrypted files has no key.
    #[error(
        "the file store has no key; pass one to `store_key`, for example 32 random bytes in base64"
    )]
    NoStoreKey,
    /// [`StoreKind::Custom`] was set without a [`Backend`].
    #[error(
        "the store of the program's own is missing; pass a function that opens it to `backend`"
    )]
    NoBackend,
    /// No variable names a directory for files.
    #[error("{0}; or pass a directory to `state_dir`")]
    NoPlace(#[from] NoHome),
    /// The system could not start the client's thread.
    #[error("the system starts no further thread")]
    Thread(#[source] io::Error),
}

/// Shows the settings without the key of the store.
impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("authority", &self.authority)
            .field("tenant", &self.tenant)
            .field("client_id", &self.client_id)
            .field("scopes", &self.scopes)
            .field("account", &self.account)
            .field("flow", &self.flow)
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}
