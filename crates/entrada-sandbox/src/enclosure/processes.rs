//! The processes of a run without namespaces. They end with it, also those that the program left behind.

use std::fs;
use std::path::Path;

use rustix::process::{Pid, Signal, getpid, kill_process, set_child_subreaper};

use super::layout::Layout;
use crate::world::clock;

/// How often processes are looked for: one may start another while it ends.
const LOOKS: u32 = 200;
/// Milliseconds between two looks.
const LOOK: u64 = 10;

/// Ends the processes of a run when it is dropped.
pub(super) struct Processes {
    /// What stands in the environment of each of them, and of no other.
    mark: Vec<u8>,
}

/// What a process is to a run.
#[derive(PartialEq, Eq)]
enum Belongs {
    Yes,
    No,
    /// A process that is about to run its program shows no environment.
    Unknown,
}

impl Processes {
    /// Those of the run in this folder.
    pub(super) fn of(layout: &Layout) -> Self {
        // Processes whose parent has ended become children of this one, and are found.
        let _ = set_child_subreaper(Some(getpid()));
        Self { mark: format!("XDG_RUNTIME_DIR={}", layout.at("run").display()).into_bytes() }
    }

    /// Ends those that are found. Whether there may be more.
    fn end(&self) -> bool {
        let mut may_be_more = false;
        for process in fs::read_dir("/proc").into_iter().flatten().flatten() {
            let name = process.file_name();
            let number = name.to_str().and_then(|name| name.parse().ok()).and_then(Pid::from_raw);
            let Some(number) = number else { continue };
            let belongs = self.belongs(&process.path());
            if belongs == Belongs::Yes {
                let _ = kill_process(number, Signal::KILL);
            }
            may_be_more |= belongs != Belongs::No;
        }
        may_be_more
    }

    fn belongs(&self, process: &Path) -> Belongs {
        let environment = fs::read(process.join("environ")).unwrap_or_default();
        if environment.split(|byte| *byte == 0).any(|variable| variable == self.mark) {
            Belongs::Yes
        } else if environment.is_empty() && is_running_child(process) {
            Belongs::Unknown
        } else {
            Belongs::No
        }
    }
}

/// Whether it is a child of this process that has not ended (proc_pid_stat(5)).
fn is_running_child(process: &Path) -> bool {
    let stat = fs::read_to_string(process.join("stat")).unwrap_or_default();
    // The name before it may hold anything.
    let mut fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let has_ended = matches!(fields.next(), None | Some("Z" | "X"));
    let parent = fields.next().and_then(|parent| parent.parse().ok()).and_then(Pid::from_raw);
    !has_ended && parent == Some(getpid())
}

impl Drop for Processes {
    fn drop(&mut self) {
        for _ in 0..LOOKS {
            if !self.end() {
                break;
            }
            clock::pause(LOOK);
        }
        let _ = set_child_subreaper(None);
    }
}
