//! The progress of work that takes longer than a second, for a user at a terminal.

use std::cell::Cell;
use std::time::Duration;

use super::app::App;
use super::ui::Ui;
use entrada_auth::sys::Stream;
use entrada_core::clean;

/// Work that is done in less time shows no progress.
const QUIET_TIME: Duration = Duration::from_secs(1);
/// The least time between two changes of the line.
const PERIOD: Duration = Duration::from_millis(200);

/// One line on stderr that is written over while the work goes on.
pub(super) struct Progress<'a, 't> {
    ui: &'a Ui<'t>,
    /// The time since the start; `None` where nobody looks at a terminal.
    elapsed: Option<Box<dyn Fn() -> Duration + Send>>,
    next: Cell<Duration>,
    is_shown: Cell<bool>,
}

impl<'a, 't> Progress<'a, 't> {
    /// For work that starts now.
    pub(super) fn start(app: &App<'a, 't>) -> Self {
        let is_watched = app.ui.to_terminal && app.common.layer.quiet != Some(true);
        Self::of(app.ui, is_watched.then(|| app.sys.clock.stopwatch()))
    }

    /// The same, for work that writes to stdout as it goes on: a terminal there shows the progress by itself.
    pub(super) fn start_beside_output(app: &App<'a, 't>) -> Self {
        if app.sys.terminal.is_terminal(Stream::Stdout) {
            return Self::of(app.ui, None);
        }
        Self::start(app)
    }

    fn of(ui: &'a Ui<'t>, elapsed: Option<Box<dyn Fn() -> Duration + Send>>) -> Self {
        Self { ui, elapsed, next: Cell::new(QUIET_TIME), is_shown: Cell::new(false) }
    }

    /// Shows what `text` returns, if it is time to.
    pub(super) fn show(&self, text: impl FnOnce() -> String) {
        let Some(elapsed) = &self.elapsed else { return };
        let now = elapsed();
        if now < self.next.get() {
            return;
        }
        self.next.set(now + PERIOD);
        self.is_shown.set(true);
        // A longer line would not be written over.
        let room = self.ui.style.width.unwrap_or(80).saturating_sub(1);
        let line: String = clean(&self.ui.redacted(&text())).chars().take(room).collect();
        self.ui.raw(&format!("\r\u{1b}[2K{line}"));
    }

    /// Removes the line, before another message or at the end.
    pub(super) fn clear(&self) {
        if self.is_shown.replace(false) {
            self.ui.raw("\r\u{1b}[2K");
        }
    }
}

impl Drop for Progress<'_, '_> {
    fn drop(&mut self) {
        self.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::super::arguments::Arguments;
    use super::*;
    use entrada_auth::sys::Env;
    use entrada_core::Redactor;

    #[test]
    fn only_work_of_more_than_a_second_shows_its_progress_and_leaves_nothing() {
        let mut out = Vec::new();
        let milliseconds = Arc::new(AtomicU64::new(0));
        {
            let ui = Ui::plain(&mut out, Arguments::of(&[], &Env::default()), Redactor::default());
            let clock = Arc::clone(&milliseconds);
            let elapsed = move || Duration::from_millis(clock.load(Ordering::Relaxed));
            let progress = Progress::of(&ui, Some(Box::new(elapsed)));
            for at in [0, 500, 999, 1_000, 1_100, 1_250] {
                milliseconds.store(at, Ordering::Relaxed);
                progress.show(|| format!("{at}"));
            }
        }
        assert_eq!(String::from_utf8(out).unwrap(), "\r\u{1b}[2K1000\r\u{1b}[2K1250\r\u{1b}[2K");
    }

    #[test]
    fn without_a_terminal_nothing_is_written() {
        let mut out = Vec::new();
        {
            let ui = Ui::plain(&mut out, Arguments::of(&[], &Env::default()), Redactor::default());
            Progress::of(&ui, None).show(|| "x".to_owned());
        }
        assert!(out.is_empty());
    }
}
