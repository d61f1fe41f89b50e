//! The way without namespaces: a proxy that the environment of the program names.
//!
//! Programs that ignore `HTTPS_PROXY`, and protocols without it, such as IMAP, reach the real servers or fail: their requests
//! are missing in the record.

use std::net::TcpListener;

use super::layout::Layout;
use super::processes::Processes;
use super::run_folder::RunFolder;
use super::signals::Signals;
use super::supervise::{Plan, Supervised, code_of_runs};
use super::{Outcome, SandboxError, SandboxOptions};
use crate::world::Listener;

/// What the record of such a run lacks.
const LIMITS: &str = "by `--via proxy`, requests that do not use HTTPS_PROXY are missing (Node's fetch, IMAP, SMTP), and went \
                      to the real servers; other programs of this machine are among the processes that were looked at";

/// Runs the program behind a proxy on a free port of this machine.
pub(super) fn run(plan: &Plan, options: &SandboxOptions<'_>) -> Result<Outcome, SandboxError> {
    let folder = RunFolder::new_in(&std::env::temp_dir())?;
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let port = listener.local_addr()?.port();
    let layout = Layout::new(folder.path());
    // Ended before the folder is removed, which some of them may be writing to.
    let _processes = Processes::of(&layout);
    let signals = Signals::begin(options.ignores_signal)?;
    let supervised = Supervised {
        plan,
        layout,
        listeners: vec![Listener::Proxy(listener)],
        dns: None,
        proxy: Some(port),
        program: &options.program,
        closes: &[],
        signals: Some(&signals),
        notes: Vec::new(),
        variables: options.variables,
    };
    let mut record = supervised.run()?;
    record.notes.push(LIMITS.to_owned());
    let code = code_of_runs(&record);
    Ok(Outcome::new(record, code))
}
