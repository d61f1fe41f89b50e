//! The thread on which a client works. It owns what cannot leave a thread: the store, the connections, the prompt.

use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::flow::{self, AcquireError, Acquired, Prompt, TokenRequest, key_of};
use crate::store::{
    self, AccountEntry, Backend, GrantQuery, Grants, Interaction, StoreError, StoreKind,
};
use crate::sys::{
    Env, Http, RealBrowser, RealClock, RealEntropy, RealHttp, RealLoopback, RealPrograms,
    RealTerminal, Sys, leave_signals_alone, say, termination_signal,
};
use entrada_core::{Account, ClaimsRequest, Secret};

use super::Token;

/// Something to do on the thread of a client.
type Task = Box<dyn FnOnce(&mut Worker<'_>) + Send>;

/// Opens a store of the program's own.
pub(super) type OpenBackend = Box<dyn FnMut() -> Result<Box<dyn Backend>, StoreError> + Send>;

/// What a client was built with.
pub(super) struct Setup {
    pub(super) request: TokenRequest,
    pub(super) kind: StoreKind,
    pub(super) key: Option<store::StoreKey>,
    pub(super) factory: Option<OpenBackend>,
    /// Where list, locks and grants kept aside go; `None`: a directory that is removed with the client.
    pub(super) state_dir: Option<PathBuf>,
    pub(super) data_dir: PathBuf,
    pub(super) env: Env,
    /// The address of the user's D-Bus session.
    pub(super) bus: Option<String>,
    pub(super) http: Option<Box<dyn Http + Send>>,
    pub(super) prompt: Box<dyn Prompt + Send>,
    /// Whether warnings of a keyring may go to stderr.
    pub(super) on_terminal: bool,
    pub(super) handles_signals: bool,
}

/// The thread of a client. Dropping this ends the thread.
pub(super) struct WorkerThread {
    tasks: Option<mpsc::Sender<Task>>,
    /// Tasks that are sent and not yet done.
    pending: Arc<AtomicUsize>,
    thread: Option<JoinHandle<()>>,
}

impl WorkerThread {
    pub(super) fn start(setup: Setup) -> io::Result<Self> {
        let (sender, tasks) = mpsc::channel();
        let thread = thread::Builder::new().name("entrada".to_owned());
        let thread = thread.spawn(move || work(setup, &tasks))?;
        Ok(Self { tasks: Some(sender), pending: Arc::default(), thread: Some(thread) })
    }

    /// Passes what comes of `work` on the thread, be it a panic, to `reply`.
    pub(super) fn send<T: 'static>(
        &self,
        work: impl FnOnce(&mut Worker<'_>) -> T + Send + 'static,
        reply: impl FnOnce(thread::Result<T>) + Send + 'static,
    ) {
        let pending = Arc::clone(&self.pending);
        pending.fetch_add(1, Ordering::SeqCst);
        let task = move |worker: &mut Worker<'_>| {
            let outcome = panic::catch_unwind(AssertUnwindSafe(|| work(worker)));
            pending.fetch_sub(1, Ordering::SeqCst);
            reply(outcome);
        };
        // If the thread has ended, `reply` is dropped, and the caller gets an error.
        if let Some(tasks) = &self.tasks {
            drop(tasks.send(Box::new(task)));
        }
    }
}

/// Waits until the store is closed, so that nothing of it is left behind when the program ends. A task whose caller has
/// gone is not waited for: it may be a sign-in.
impl Drop for WorkerThread {
    fn drop(&mut self) {
        drop(self.tasks.take());
        let Some(thread) = self.thread.take() else { return };
        // A prompt may own the client, and is dropped on the thread itself.
        let is_other = thread.thread().id() != thread::current().id();
        if is_other && self.pending.load(Ordering::SeqCst) == 0 {
            // A panic of a custom store has been reported already.
            let _ = thread.join();
        }
    }
}

fn work(mut setup: Setup, tasks: &mpsc::Receiver<Task>) {
    if !setup.handles_signals {
        leave_signals_alone();
    }
    let env = std::mem::take(&mut setup.env);
    let network = RealHttp::new(&env);
    let own_http = setup.http.take();
    let http: &dyn Http = match &own_http {
        Some(http) => &**http,
        None => &network,
    };
    let sys = Sys {
        clock: &RealClock,
        http,
        dial: &network,
        env: &env,
        terminal: &RealTerminal,
        browser: &RealBrowser,
        loopback: &RealLoopback,
        entropy: &RealEntropy,
        programs: &RealPrograms,
        policy_file: None,
    };
    let mut worker = Worker { sys, setup, opened: None };
    while let Ok(task) = tasks.recv() {
        task(&mut worker);
    }
}

/// A client at work.
pub(super) struct Worker<'a> {
    sys: Sys<'a>,
    setup: Setup,
    /// The store, once a call has needed it.
    opened: Option<Opened>,
}

struct Opened {
    grants: Grants,
    /// A temporary directory, for a store that ends with the client.
    _temporary: Option<tempfile::TempDir>,
}

/// A token that is good.
pub(super) fn token(worker: &mut Worker<'_>) -> Result<Token, AcquireError> {
    worker.acquire(flow::acquire)
}

/// A token by sign-in.
pub(super) fn sign_in(worker: &mut Worker<'_>) -> Result<Token, AcquireError> {
    worker.acquire(flow::sign_in)
}

/// A token that answers the challenge of a service.
pub(super) fn answer_challenge(
    worker: &mut Worker<'_>,
    challenge: ClaimsRequest,
) -> Result<Token, AcquireError> {
    worker.acquire(|sys, grants, request, prompt| {
        let request = TokenRequest { challenge: Some(challenge), ..request.clone() };
        flow::acquire(sys, grants, &request, prompt)
    })
}

/// The accounts of this application.
pub(super) fn accounts(worker: &mut Worker<'_>) -> Result<Vec<AccountEntry>, AcquireError> {
    worker.entries(None)
}

/// Removes the grant of the account; whether there was one.
pub(super) fn sign_out(worker: &mut Worker<'_>) -> Result<bool, AcquireError> {
    let account = worker.setup.request.account.clone();
    let entries = worker.entries(account.as_deref())?;
    let entry = match &entries[..] {
        [] => return Ok(false),
        [entry] => entry,
        several => {
            let names = several.iter().map(|entry| entry.label().to_owned()).collect();
            return Err(AcquireError::Ambiguous(names));
        }
    };
    let (clock, wait) = (worker.sys.clock, worker.setup.request.lock_wait);
    let grants = worker.open()?;
    let mut interrupted = None;
    // A refresh that runs now would store the grant again.
    let lock = grants.lock(&entry.key(), wait, &mut |pause: Duration| {
        interrupted = clock.sleep(pause).err();
        interrupted.is_none()
    });
    if let Some(interrupted) = interrupted {
        return Err(interrupted.into());
    }
    let lock = lock?;
    grants.remove(&entry.key())?;
    lock.clear_note();
    Ok(true)
}

/// Forgets a token that a service refused.
pub(super) fn forget_token(worker: &mut Worker<'_>, refused: &Secret) -> Result<(), AcquireError> {
    let (sys, request) = (worker.sys, worker.setup.request.clone());
    flow::forget_token(&sys, worker.open()?, &request, refused.expose())
}

impl Worker<'_> {
    fn acquire(
        &mut self,
        how: impl FnOnce(
            &Sys<'_>,
            &Grants,
            &TokenRequest,
            &mut dyn Prompt,
        ) -> Result<Acquired, AcquireError>,
    ) -> Result<Token, AcquireError> {
        let Self { sys, setup, opened } = self;
        let grants = open(setup, opened)?;
        let Setup { request, prompt, .. } = setup;
        let outcome = how(sys, grants, request, &mut **prompt);
        if let Ok(acquired) = &outcome {
            if let Some(trouble) = &acquired.refresh_error {
                prompt.warn(&format!("{trouble}; the stored token is still valid and is used"));
            }
            if let Some(unsaved) = &acquired.unsaved {
                prompt.warn(&unsaved.to_string());
            }
        }
        for warning in grants.take_warnings() {
            prompt.warn(&warning);
        }
        outcome.map(Token::new)
    }

    /// The entries of this application at this authority and tenant; only those of `account` if it is given.
    fn entries(&mut self, account: Option<&str>) -> Result<Vec<AccountEntry>, AcquireError> {
        let key = key_of(&self.setup.request, &Account::default());
        let mut entries = self.open()?.list()?;
        let query = GrantQuery {
            authority: &key.authority,
            tenant: &key.tenant,
            client_id: &key.client_id,
        };
        entries.retain(|entry| {
            query.fits(entry) && account.is_none_or(|account| entry.is_identified_by(account))
        });
        Ok(entries)
    }

    fn open(&mut self) -> Result<&Grants, StoreError> {
        open(&mut self.setup, &mut self.opened)
    }
}

/// The store, which the first call opens. It stays open: a store in memory lives as long as the client.
fn open<'o>(setup: &mut Setup, opened: &'o mut Option<Opened>) -> Result<&'o Grants, StoreError> {
    let opened = match opened {
        Some(opened) => opened,
        None => opened.insert(setup.open()?),
    };
    Ok(&opened.grants)
}

impl Setup {
    fn open(&mut self) -> Result<Opened, StoreError> {
        let (state_dir, temporary) = match &self.state_dir {
            Some(dir) => (dir.clone(), None),
            None => {
                let dir = tempfile::tempdir().map_err(|error| StoreError {
                    kind: self.kind,
                    action: "be opened",
                    reason: store::StoreErrorKind::Unavailable(
                        "there is no place for temporary files".to_owned(),
                    ),
                    source: Some(error.into()),
                })?;
                (dir.path().to_owned(), Some(dir))
            }
        };
        let grants = match &mut self.factory {
            Some(open) => Grants::with_backend(open()?, state_dir),
            None => store::open(store::StoreOptions {
                kind: self.kind,
                state_dir,
                data_dir: self.data_dir.clone(),
                key: self.key.clone(),
                session: store::KeyringSession::default(),
                bus: self.bus.clone(),
                service: "entrada".to_owned(),
                interaction: self.request.interaction,
                limits: store::Limits::default(),
                notice: if self.on_terminal { Box::new(say) } else { Box::new(|_| ()) },
                termination_signal: if self.handles_signals { termination_signal } else { || None },
            })?,
        };
        Ok(Opened { grants, _temporary: temporary })
    }
}

/// Whether a person can be asked at this terminal: as the program `entrada` decides it.
pub(super) fn interaction_at_terminal(env: &Env) -> Interaction {
    use crate::flow::Prompt as _;
    let person = super::TerminalPrompt::new().can_ask() && !env.is_ci();
    if person { Interaction::Allowed } else { Interaction::Forbidden }
}
