//! A client of one application: signs the user in, stores the grant, and returns valid tokens.

mod builder;
mod prompt;
#[cfg(test)]
#[cfg(unix)]
mod signal_tests;
#[cfg(test)]
mod tests;
mod token;
mod worker;

use std::fmt;
use std::panic;
use std::sync::mpsc;

pub use builder::{BuildError, ClientBuilder};
pub use prompt::TerminalPrompt;
pub use token::Token;

use crate::flow::AcquireError;
use crate::store::AccountEntry;
use entrada_core::ClaimsRequest;
use worker::{Worker, WorkerThread};

/// Gets tokens for one application at one authority.
///
/// [`Client::token`] returns the stored token if it is valid, refreshes it if it is not, and asks the user to sign in if
/// there is no refresh token. The refresh token stays in the keyring of the operating system, or in the store that
/// [`ClientBuilder::store`] names. The store is that of the program `entrada`: an account that is signed in there is signed in
/// here, and the other way round.
///
/// ```
/// # use entrada_auth::store::StoreKind;
/// # let entra = entrada_emulator::Emulator::start()?;
/// # let authority = entra.authority();
/// use entrada_auth::Client;
///
/// let client = Client::builder()
/// #    .authority(authority)
/// #    .store(StoreKind::Memory)
/// #    .interactive(true)
///     .tenant("organizations")
///     .client_id("e1a7a000-0000-4000-8000-000000000002")
///     .scope("https://graph.microsoft.com/Mail.Read")
///     .build()?;
/// let token = client.token()?;
/// let header = format!("Authorization: Bearer {}", token.secret());
/// # assert!(header.len() > 100);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Every call runs on a thread that belongs to the client, one after the other. A client can be shared between threads,
/// and ten threads that ask at the same time cause one refresh. Calls with `_async` in their name wait without blocking, under
/// any executor.
///
/// Dropping a client closes the store. A client leaves signals alone unless [`ClientBuilder::handle_signals`] says otherwise.
pub struct Client {
    thread: WorkerThread,
    /// What `Debug` shows.
    summary: String,
}

impl Client {
    /// A builder with the default settings.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// A valid token: stored, refreshed, or from a sign-in. Blocks until then; a sign-in can take minutes.
    ///
    /// # Errors
    ///
    /// [`AcquireError::SignInNeeded`] if the user has to sign in and [`ClientBuilder::interactive`] is off;
    /// [`AcquireError::Refused`] with the answer of the authority; other variants if the store or the network fails.
    pub fn token(&self) -> Result<Token, AcquireError> {
        self.run(worker::token)
    }

    /// As [`Client::token`], without blocking the executor. If the future is dropped, the call still completes on the
    /// client's thread, so that no grant is lost.
    ///
    /// ```
    /// # use entrada_auth::store::StoreKind;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let entra = entrada_emulator::Emulator::start()?;
    /// # let builder = entrada_auth::Client::builder().authority(entra.authority()).store(StoreKind::Memory);
    /// # let builder = builder.tenant(entra.tenant()).client_id(entra.client_id()).interactive(true);
    /// # let client = builder.scope("User.Read").build()?;
    /// let token = client.token_async().await?;
    /// # assert!(!token.secret().is_empty());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Client::token`].
    pub async fn token_async(&self) -> Result<Token, AcquireError> {
        self.run_async(worker::token).await
    }

    /// Asks the user to sign in, even if a usable grant is stored, and stores the new one.
    ///
    /// # Errors
    ///
    /// [`AcquireError`] with the reason why the sign-in failed or the grant was not stored.
    pub fn sign_in(&self) -> Result<Token, AcquireError> {
        self.run(worker::sign_in)
    }

    /// As [`Client::sign_in`], without blocking the executor.
    ///
    /// # Errors
    ///
    /// As [`Client::sign_in`].
    pub async fn sign_in_async(&self) -> Result<Token, AcquireError> {
        self.run_async(worker::sign_in).await
    }

    /// Removes the account's grant from the store, and returns whether there was one. The tokens stay valid until they
    /// expire: Entra ID has no endpoint to revoke them.
    ///
    /// # Errors
    ///
    /// [`AcquireError::Ambiguous`] if several accounts are signed in and [`ClientBuilder::account`] names none of them;
    /// other variants if the store fails, or another process holds the grant.
    pub fn sign_out(&self) -> Result<bool, AcquireError> {
        self.run(worker::sign_out)
    }

    /// As [`Client::sign_out`], without blocking the executor.
    ///
    /// # Errors
    ///
    /// As [`Client::sign_out`].
    pub async fn sign_out_async(&self) -> Result<bool, AcquireError> {
        self.run_async(worker::sign_out).await
    }

    /// The accounts that are signed in to this application at this authority and tenant.
    ///
    /// # Errors
    ///
    /// [`AcquireError::Store`] if the store cannot be read.
    pub fn accounts(&self) -> Result<Vec<AccountEntry>, AcquireError> {
        self.run(worker::accounts)
    }

    /// As [`Client::accounts`], without blocking the executor.
    ///
    /// # Errors
    ///
    /// As [`Client::accounts`].
    pub async fn accounts_async(&self) -> Result<Vec<AccountEntry>, AcquireError> {
        self.run_async(worker::accounts).await
    }

    /// Removes a stored access token that a service refused with 401. The next [`Client::token`] gets a new one. The refresh
    /// token is kept.
    ///
    /// # Errors
    ///
    /// [`AcquireError::Store`] if the store fails, [`AcquireError::Lock`] if another process holds the grant.
    pub fn forget_token(&self, refused: &Token) -> Result<(), AcquireError> {
        let refused = refused.acquired().token.access_token.clone();
        self.run(move |worker| worker::forget_token(worker, &refused))
    }

    /// A new token for the claims challenge of a service, by a refresh with those claims or a sign-in. Stored tokens are not
    /// used. [`entrada_core::oauth::challenge::read`] reads the challenge from the `WWW-Authenticate` header of a 401.
    ///
    /// # Errors
    ///
    /// As [`Client::token`].
    pub fn answer_challenge(&self, challenge: ClaimsRequest) -> Result<Token, AcquireError> {
        self.run(|worker| worker::answer_challenge(worker, challenge))
    }

    fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Worker<'_>) -> Result<T, AcquireError> + Send + 'static,
    ) -> Result<T, AcquireError> {
        let (reply, answer) = mpsc::sync_channel(1);
        self.thread.send(work, move |outcome| drop(reply.send(outcome)));
        outcome_of(answer.recv().ok())
    }

    async fn run_async<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Worker<'_>) -> Result<T, AcquireError> + Send + 'static,
    ) -> Result<T, AcquireError> {
        let (reply, answer) = tokio::sync::oneshot::channel();
        self.thread.send(work, move |outcome| drop(reply.send(outcome)));
        outcome_of(answer.await.ok())
    }
}

/// The result of a task. A panic of the client's thread, in a prompt or a store of the program, resumes in the caller's
/// thread.
fn outcome_of<T>(
    outcome: Option<std::thread::Result<Result<T, AcquireError>>>,
) -> Result<T, AcquireError> {
    match outcome {
        Some(Ok(result)) => result,
        Some(Err(panic)) => panic::resume_unwind(panic),
        None => panic::resume_unwind(Box::new("the thread of the client ended")),
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Client({})", self.summary)
    }
}
