//! Waits for locks that other processes hold. After a second, a message names what the run waits for.

use std::time::Duration;

use super::Failure;
use super::app::App;
use super::ui::Ui;
use entrada_auth::sys::{Clock, Interrupted};

/// How long a wait lasts before a message names what the run waits for.
const TOLD_AFTER: Duration = Duration::from_secs(1);

/// What a run does that waits for the process `holder`.
pub(super) fn waiting_for(holder: Option<u32>) -> String {
    format!("waiting for {}", other_process(holder))
}

/// The process `holder`, for people.
pub(super) fn other_process(holder: Option<u32>) -> String {
    holder.map_or_else(|| "another process".to_owned(), |id| format!("another process (pid {id})"))
}

/// The pauses of a command that waits.
pub(super) struct LockWait<'a, 't> {
    ui: &'a Ui<'t>,
    clock: &'a dyn Clock,
    is_quiet: bool,
    interrupted: Option<Interrupted>,
}

impl<'a, 't> LockWait<'a, 't> {
    pub(super) fn new(app: &App<'a, 't>) -> Self {
        let is_quiet = app.common.layer.quiet == Some(true);
        Self { ui: app.ui, clock: app.sys.clock, is_quiet, interrupted: None }
    }

    /// One pause of a wait that has lasted for `waited`; `text` says what it is for. `false` if a signal ended it.
    pub(super) fn pause(
        &mut self,
        waited: Duration,
        pause: Duration,
        text: impl FnOnce() -> String,
    ) -> bool {
        if waited < TOLD_AFTER && TOLD_AFTER <= waited + pause && !self.is_quiet {
            // Progress may stand in the line.
            if self.ui.to_terminal {
                self.ui.raw("\r\u{1b}[2K");
            }
            self.ui.line(text());
        }
        self.interrupted = self.clock.sleep(pause).err();
        self.interrupted.is_none()
    }

    /// The failure of a run whose wait a signal ended.
    pub(super) fn interruption(&self) -> Option<Failure> {
        Some(Failure::new(self.interrupted?.into(), "interrupted"))
    }
}
