//! Timeouts for the Secret Service, and the messages for the user during a wait.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use futures_lite::future::or;

use super::poll_loop::PollLoop;
use super::prompt::Dialog;
use super::{Interaction, SecretServiceOptions};
use crate::store::{BackendError, StoreErrorKind, deadline};

/// The message while a dialog is open.
const WAITING: &str = "waiting for you to unlock the keyring";

/// The message while the keyring is silent: some providers show a dialog within the call (KeePassXC).
const SILENT: &str = "still waiting for the keyring; it may be showing a dialog";

/// The fraction of the timeout without an answer (half a second of five) after which a signal ends the wait. A call
/// that is being answered is not interrupted.
const GRACE: u32 = 10;

/// The wait for one answer: its limit and its start. D-Bus libraries have no timeouts, so a stopped daemon, or a bus
/// that accepts and never answers, would block entrada for ever.
pub(super) struct Timeouts<'a> {
    settings: &'a SecretServiceOptions,
    say: &'a dyn Fn(&str),
    poll_loop: &'a PollLoop,
    limit: Cell<Duration>,
    connected: Cell<bool>,
    dialog: RefCell<Option<Dialog>>,
}

impl<'a> Timeouts<'a> {
    /// Starts now. `say` shows a message to the user.
    pub(super) fn new(
        poll_loop: &'a PollLoop,
        settings: &'a SecretServiceOptions,
        say: &'a dyn Fn(&str),
    ) -> Self {
        poll_loop.set_limit(settings.limits.answer);
        Self {
            settings,
            say,
            poll_loop,
            limit: Cell::new(settings.limits.answer),
            connected: Cell::new(false),
            dialog: RefCell::default(),
        }
    }

    /// Restarts the timeout after a completed step.
    pub(super) fn restart(&self) {
        self.wait(self.settings.limits.answer);
        self.dialog.take();
    }

    /// The service has answered for the first time.
    pub(super) fn connected(&self) {
        self.connected.set(true);
        self.restart();
    }

    /// Notes that `dialog` is open.
    pub(super) fn dialog_opened(&self, dialog: Dialog) {
        (self.say)(WAITING);
        self.wait(self.settings.limits.dialog);
        self.dialog.replace(Some(dialog));
    }

    /// The open dialog.
    pub(super) fn into_dialog(self) -> Option<Dialog> {
        self.dialog.into_inner()
    }

    /// Completes when the service is silent for longer than the limit, or when a signal asks the program to end.
    pub(super) async fn expired(&self) -> BackendError {
        let over = async || {
            self.poll_loop.timed_out().await;
            None
        };
        let person = self.settings.interaction == Interaction::Allowed;
        loop {
            if let Some(signal) = or(over(), self.termination_signal()).await {
                return BackendError::new(StoreErrorKind::Interrupted(signal));
            }
            let limit = self.limit.get();
            if !(person && self.connected.get() && limit != self.settings.limits.dialog) {
                return deadline::timed_out(limit);
            }
            (self.say)(SILENT);
            self.wait(self.settings.limits.dialog);
        }
    }

    /// The signal that asked the program to end, once the keyring is silent.
    async fn termination_signal(&self) -> Option<u8> {
        let silent = || self.settings.limits.answer / GRACE <= self.poll_loop.elapsed();
        let look = || if silent() { (self.settings.termination_signal)() } else { None };
        poll_fn(|_| look().map_or(Poll::Pending, |signal| Poll::Ready(Some(signal)))).await
    }

    fn wait(&self, limit: Duration) {
        self.poll_loop.set_limit(limit);
        self.limit.set(limit);
    }
}
