//! How long the Secret Service may be silent, and what the user hears meanwhile.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use super::line::Line;
use super::prompt::Dialog;
use super::{Interaction, Limits};

/// What the user reads while a dialog is up.
const WAITING: &str = "waiting for you to unlock the keyring";

/// What the user reads when the keyring is silent: some providers ask within the call (KeePassXC).
const SILENT: &str = "still waiting for the keyring; it may be asking you something";

/// The wait for one answer: how long, and since when. D-Bus libraries bound none of their waits, and a daemon that is
/// stopped, or a bus that accepts and never answers, would hold us for ever.
pub(super) struct Watch<'a> {
    limits: Limits,
    person: bool,
    say: &'a dyn Fn(&str),
    line: &'a Line,
    limit: Cell<Duration>,
    connected: Cell<bool>,
    dialog: RefCell<Option<Dialog>>,
}

impl<'a> Watch<'a> {
    /// Begins now. `say` tells the user what is being waited for.
    pub(super) fn new(
        line: &'a Line,
        limits: Limits,
        interaction: Interaction,
        say: &'a dyn Fn(&str),
    ) -> Self {
        line.extend(limits.quiet);
        Self {
            limits,
            person: interaction == Interaction::Allowed,
            say,
            line,
            limit: Cell::new(limits.quiet),
            connected: Cell::new(false),
            dialog: RefCell::default(),
        }
    }

    /// A step is done.
    pub(super) fn alive(&self) {
        self.wait(self.limits.quiet);
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
        self.wait(self.limits.patient);
        self.dialog.replace(Some(dialog));
    }

    /// The dialog that is up.
    pub(super) fn into_dialog(self) -> Option<Dialog> {
        self.dialog.into_inner()
    }

    /// Ends when nothing was heard for as long as is allowed, and tells how long that was.
    pub(super) async fn run_out(&self) -> Duration {
        loop {
            self.line.over().await;
            let limit = self.limit.get();
            if !(self.person && self.connected.get() && limit != self.limits.patient) {
                return limit;
            }
            (self.say)(SILENT);
            self.wait(self.limits.patient);
        }
    }

    fn wait(&self, limit: Duration) {
        self.line.extend(limit);
        self.limit.set(limit);
    }
}
