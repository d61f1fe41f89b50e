//! Signals to this process while it waits for a program that no namespace ends: they are passed on, so that what follows the
//! program is done.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use rustix::process::{Pid, Signal, kill_process};
use rustix::termios::isatty;
use signal_hook::{SigId, flag, low_level};

const ENDING: [Signal; 3] = [Signal::HUP, Signal::INT, Signal::TERM];

/// Notes the signals that would end this process, until it is dropped.
pub(super) struct Signals {
    /// The number of the last one that was not passed on; 0 for none.
    last: Arc<AtomicUsize>,
    /// Whether there was one.
    is_any: AtomicBool,
    /// Whether they end this process again.
    is_over: Arc<AtomicBool>,
    ids: Vec<SigId>,
}

impl Signals {
    /// Begins to note them, but for those that this process ignores.
    pub(super) fn begin(ignores: fn(i32) -> bool) -> io::Result<Self> {
        let mut own = Self {
            last: Arc::default(),
            is_any: AtomicBool::new(false),
            is_over: Arc::default(),
            ids: Vec::new(),
        };
        for signal in ENDING.map(Signal::as_raw).into_iter().filter(|signal| !ignores(*signal)) {
            own.ids.push(flag::register_conditional_default(signal, Arc::clone(&own.is_over))?);
            let number = usize::try_from(signal).unwrap_or_default();
            own.ids.push(flag::register_usize(signal, Arc::clone(&own.last), number)?);
        }
        Ok(own)
    }

    /// Passes a noted signal on to `program`. Returns whether the program has to end.
    pub(super) fn pass_on(&self, program: Pid) -> bool {
        let number = self.last.swap(0, Ordering::SeqCst);
        let noted = ENDING.into_iter().find(|one| usize::try_from(one.as_raw()) == Ok(number));
        let Some(signal) = noted else { return false };
        self.is_any.store(true, Ordering::SeqCst);
        // Ctrl-C reaches the program by the terminal, and the program decides what it means.
        if signal == Signal::INT && isatty(rustix::stdio::stdin()) {
            return false;
        }
        // The program may have ended by itself.
        let _ = kill_process(program, signal);
        true
    }

    /// Whether a signal came.
    pub(super) fn is_any(&self) -> bool {
        self.is_any.load(Ordering::SeqCst)
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        // Handlers stay installed when their actions are removed: the default action has to be one of them.
        self.is_over.store(true, Ordering::SeqCst);
        for (number, id) in self.ids.drain(..).enumerate() {
            if number % 2 == 1 {
                low_level::unregister(id);
            }
        }
    }
}
