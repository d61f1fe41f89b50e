//! What a client is built from.

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

/// Describes a [`Client`]. Needed are [`ClientBuilder::client_id`] and one [`ClientBuilder::scope`].
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

    /// A scope, or several with spaces between them, for example `https://graph.microsoft.com/Mail.Read`. Each call adds to
    /// those before. All of them have to belong to one API. `openid` and `profile` are added, and `offline_access` unless
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

    /// Whether a refresh token is asked for (`offline_access`). By default it is.
    pub fn offline(self, offline: bool) -> Self {
        Self { offline, ..self }
    }

    /// Whose token: a user name, or the id of an [`AccountEntry`](crate::store::AccountEntry). Needed where several accounts are signed in.
    pub fn account(self, account: impl Into<String>) -> Self {
        Self { account: Some(account.into()), ..self }
    }

    /// How the user signs in. By default in a browser where one is seen, else by a device code.
    pub fn flow(self, flow: FlowKind) -> Self {
        Self { flow, ..self }
    }

    /// What the sign-in page is asked for: redirect URI, hints, how long to wait.
    pub fn page(self, page: SignInPage) -> Self {
        Self { page, ..self }
    }

    /// Where the grant is kept. By default in the keyring of the operating system. [`StoreKind::File`] needs
    /// [`ClientBuilder::store_key`]; [`StoreKind::Memory`] lasts as long as the client.
    pub fn store(self, store: StoreKind) -> Self {
        Self { store, factory: None, ..self }
    }

    /// The key of the encrypted files of [`StoreKind::File`].
    pub fn store_key(self, key: StoreKey) -> Self {
        Self { store_key: Some(key), ..self }
    }

    /// Keeps the grant in a store of the program's own, whose [`Backend::kind`] is [`StoreKind::Custom`]. `open` is called on
    /// the thread of the client, at the first call that needs the store, and again at the next one if it fails.
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

    /// Whether the user may be asked to sign in, and to unlock the keyring. By default that depends on the prompt: with one of
    /// the program's own they may be asked, and at the terminal only where a person is in front of it.
    pub fn interactive(self, interactive: bool) -> Self {
        Self { interactive: Some(interactive), ..self }
    }

    /// What the token is asked to hold, beside what its scopes bring (OIDC Core §5.5).
    pub fn claims(self, claims: ClaimsRequest) -> Self {
        Self { claims: Some(claims), ..self }
    }

    /// Whether each call refreshes, even if the stored token is still good. See also [`Client::forget_token`].
    pub fn force_refresh(self, force_refresh: bool) -> Self {
        Self { force_refresh, ..self }
    }

    /// Shows the user what a sign-in needs; by default [`TerminalPrompt`]. It is called on the thread of the client.
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

    /// Sends the requests, instead of the real network: for tests.
    pub fn http(self, http: impl Http + Send + 'static) -> Self {
        Self { http: Some(Box::new(http)), ..self }
    }

    /// Whether SIGINT, SIGTERM and SIGHUP end a wait with
    /// [`AcquireError::Interrupted`](crate::flow::AcquireError::Interrupted), and are held back while a grant is on its way
    /// to the store. From the first wait on, those signals then no longer end the program by themselves; a second one does.
    /// Off by default: a signal does what it does without this library.
    pub fn handle_signals(self, handle: bool) -> Self {
        Self { handles_signals: handle, ..self }
    }

    /// Checks what was given, and starts the client's thread. Nothing is sent, and no store is opened.
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

/// RFC 6749 §3.3, without commas: they mostly separate scopes by mistake.
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

/// A client cannot be built from what was given.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// There is no client id.
    #[error(
        "no client id is set; pass the Application (client) ID of the app registration to `client_id`"
    )]
    NoClientId,
    /// The client id has characters that none has. Holds its beginning.
    #[error(
        "`{0}` is not a client id; pass the Application (client) ID of the app registration to `client_id`"
    )]
    ClientId(String),
    /// There is no scope.
    #[error(
        "no scope is set; pass one to `scope`, for example `https://graph.microsoft.com/Mail.Read`"
    )]
    NoScope,
    /// A scope has characters that none has. Holds its beginning.
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
    /// [`StoreKind::Custom`] was set without the store itself.
    #[error(
        "the store of the program's own is missing; pass a function that opens it to `backend`"
    )]
    NoBackend,
    /// No variable names a place for files.
    #[error("{0}; or pass a directory to `state_dir`")]
    NoPlace(#[from] NoHome),
    /// The system has no thread left for the client.
    #[error("the system starts no further thread")]
    Thread(#[source] io::Error),
}

/// The names, never the key of the store.
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
