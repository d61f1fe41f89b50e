//! How long the Secret Service may be silent, and what the user hears meanwhile.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use futures_lite::future::or;

use super::line::Line;
use super::prompt::Dialog;
use super::{Interaction, Settings};
use crate::store::{BackendError, StoreErrorKind, deadline};

/// What the user reads while a dialog is up.
const WAITING: &str = "waiting for you to unlock the keyring";

/// What the user reads when the keyring is silent: some providers ask within the call (KeePassXC).
const SILENT: &str = "still waiting for the keyring; it may be asking you something";

/// The part of a wait without a sign of life (half a second of five) after which a signal ends it: a call that is being
/// answered is not broken off.
const GRACE: u32 = 10;

/// The wait for one answer: how long, and since when. D-Bus libraries bound none of their waits, and a daemon that is
/// stopped, or a bus that accepts and never answers, would hold us for ever.
pub(super) struct Watch<'a> {
    settings: &'a Settings,
    say: &'a dyn Fn(&str),
    line: &'a Line,
    limit: Cell<Duration>,
    connected: Cell<bool>,
    dialog: RefCell<Option<Dialog>>,
}

impl<'a> Watch<'a> {
    /// Begins now. `say` tells the user what is being waited for.
    pub(super) fn new(line: &'a Line, settings: &'a Settings, say: &'a dyn Fn(&str)) -> Self {
        line.extend(settings.limits.quiet);
        Self {
            settings,
            say,
            line,
            limit: Cell::new(settings.limits.quiet),
            connected: Cell::new(false),
            dialog: RefCell::default(),
        }
    }

    /// A step is done.
    pub(super) fn alive(&self) {
        self.wait(self.settings.limits.quiet);
        self.dialog.take();
    }

    /// The service has answered for the first time.
    pub(super) fn connected(&self) {
        self.connected.set(true);
        self.alive();
    }

    /// A dialog is up.
    pub(super) fn prompting(&self, dialog: Dialog) {
        (self.say)(WAITING);
        self.wait(self.settings.limits.patient);
        self.dialog.replace(Some(dialog));
    }

    /// The dialog that is up.
    pub(super) fn into_dialog(self) -> Option<Dialog> {
        self.dialog.into_inner()
    }

    /// Ends when nothing was heard for as long as is allowed, or when the program is asked to end meanwhile.
    pub(super) async fn run_out(&self) -> BackendError {
        let over = async || {
            self.line.over().await;
            None
        };
        let person = self.settings.interaction == Interaction::Allowed;
        loop {
            if let Some(signal) = or(over(), self.asked_to_end()).await {
                return BackendError::new(StoreErrorKind::Interrupted(signal));
            }
            let limit = self.limit.get();
            if !(person && self.connected.get() && limit != self.settings.limits.patient) {
                return deadline::timed_out(limit);
            }
            (self.say)(SILENT);
            self.wait(self.settings.limits.patient);
        }
    }

    /// The signal that asks the program to end, once the keyring is silent.
    async fn asked_to_end(&self) -> Option<u8> {
        let silent = || self.settings.limits.quiet / GRACE <= self.line.silence();
        let look = || if silent() { (self.settings.asked_to_end)() } else { None };
        poll_fn(|_| look().map_or(Poll::Pending, |signal| Poll::Ready(Some(signal)))).await
    }

    fn wait(&self, limit: Duration) {
        self.line.extend(limit);
        self.limit.set(limit);
    }
}
