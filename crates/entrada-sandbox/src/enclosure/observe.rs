//! One run of the program, watched.

use std::ffi::OsString;
use std::io::{self, Read};
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use rustix::process::Pid;
use rustix::termios::isatty;

use super::OutputTarget;
use super::signals::Signals;
use super::watch::{CommandLines, FileSearch, Output, own_outputs};
use crate::RunEnd;
use crate::judge::Observation;
use crate::world::{KnownSecret, clock};

/// How long the rest of the output is waited for: a process that the program left behind may keep it open.
const OUTPUT_WAIT: Duration = Duration::from_millis(500);
/// Milliseconds that a program has to end by itself after a signal.
const GRACE: i64 = 5_000;
/// Milliseconds between two looks at a program whose time is limited.
const LOOK: u64 = 20;

/// What is watched of the runs.
pub(super) struct Watch {
    lines: CommandLines,
    stdout: Output,
    stderr: Output,
    started: i64,
    pub(super) notes: Vec<String>,
}

impl Watch {
    pub(super) fn start() -> Self {
        Self {
            lines: CommandLines::watch(),
            stdout: Output::default(),
            stderr: Output::default(),
            started: clock::milliseconds(),
            notes: Vec::new(),
        }
    }

    /// Runs `command` to its end, or for `timeout` seconds. Output that goes to a terminal is left to it; other output passes
    /// through this process.
    pub(super) fn run(
        &mut self,
        mut command: Command,
        target: OutputTarget,
        timeout: Option<u64>,
        signals: Option<&Signals>,
    ) -> io::Result<RunEnd> {
        let at = clock::milliseconds();
        let same = target == OutputTarget::Same;
        let inherits = |stream: BorrowedFd<'_>| same && isatty(stream);
        let (out, err) = (inherits(rustix::stdio::stdout()), inherits(rustix::stdio::stderr()));
        let stdio = |inherits: bool| if inherits { Stdio::inherit() } else { Stdio::piped() };
        command.stdout(stdio(out)).stderr(stdio(err));
        if err && self.notes.is_empty() {
            let note = "standard error is a terminal and was not searched for secrets: redirect it to have it searched";
            self.notes.push(note.to_owned());
        }
        let mut child = command.spawn()?;
        let copied = self.copy_output(&mut child, target);
        let (status, is_timed_out) = wait(&mut child, timeout, signals)?;
        for done in copied {
            let _ = done.recv_timeout(OUTPUT_WAIT);
        }
        let last_line =
            self.stderr.last_line().or_else(|| self.stdout.last_line()).unwrap_or_default();
        let milliseconds = clock::milliseconds() - at;
        Ok(RunEnd { code: super::code_of(status), milliseconds, is_timed_out, last_line })
    }

    fn copy_output(&self, child: &mut Child, target: OutputTarget) -> Vec<Receiver<()>> {
        let (to_stdout, to_stderr) = (rustix::stdio::stdout(), rustix::stdio::stderr());
        let (for_out, for_err) = match target {
            OutputTarget::Same => (Some(to_stdout), Some(to_stderr)),
            OutputTarget::StandardError => (Some(to_stderr), Some(to_stderr)),
            OutputTarget::Nowhere => (None, None),
        };
        let out = child.stdout.take().map(|from| copy(from, self.stdout.clone(), for_out));
        let err = child.stderr.take().map(|from| copy(from, self.stderr.clone(), for_err));
        out.into_iter().chain(err).collect()
    }

    /// The output of the program: standard output, standard error.
    pub(super) fn output(&self) -> [Output; 2] {
        [self.stdout.clone(), self.stderr.clone()]
    }

    /// Where `secrets` were seen: in arguments, in the output, in files below `folders`.
    pub(super) fn end(
        self,
        secrets: &[KnownSecret],
        home: &Path,
        folders: &[PathBuf],
    ) -> Vec<Observation> {
        let mut found = self.lines.end(secrets);
        found.extend(self.stdout.secrets("standard output", true, secrets));
        found.extend(self.stderr.secrets("standard error", false, secrets));
        let outputs = own_outputs();
        let search = FileSearch { secrets, since: self.started, home, outputs: &outputs };
        for folder in folders {
            found.extend(search.below(folder));
        }
        found.dedup();
        found
    }
}

/// Copies in a thread of its own, which tells its end.
fn copy(
    from: impl Read + Send + 'static,
    output: Output,
    to: Option<BorrowedFd<'static>>,
) -> Receiver<()> {
    let (end, done) = channel();
    std::thread::spawn(move || {
        output.copy(from, |bytes| to.is_some_and(|to| write_all(to, bytes)));
        let _ = end.send(());
    });
    done
}

/// The status of the child, and whether it was ended after `timeout` seconds.
fn wait(
    child: &mut Child,
    timeout: Option<u64>,
    signals: Option<&Signals>,
) -> io::Result<(ExitStatus, bool)> {
    if timeout.is_none() && signals.is_none() {
        return Ok((child.wait()?, false));
    }
    let in_milliseconds = |seconds| i64::try_from(seconds).unwrap_or(i64::MAX / 1_000) * 1_000;
    let after = |milliseconds: i64| clock::milliseconds().saturating_add(milliseconds);
    let mut end = timeout.map(|seconds| after(in_milliseconds(seconds)));
    let mut is_timed_out = true;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok((status, false));
        }
        if end.is_some_and(|end| end <= clock::milliseconds()) {
            child.kill()?;
            return Ok((child.wait()?, is_timed_out));
        }
        if signals.is_some_and(|signals| signals.pass_on(Pid::from_child(child))) {
            end = Some(after(GRACE));
            is_timed_out = false;
        }
        clock::pause(LOOK);
    }
}

/// False if nobody reads any more.
fn write_all(to: impl std::os::fd::AsFd, mut bytes: &[u8]) -> bool {
    while !bytes.is_empty() {
        match rustix::io::write(&to, bytes) {
            Ok(0) | Err(_) => return false,
            Ok(written) => bytes = &bytes[written..],
        }
    }
    true
}

/// The command of the program. A shell closes the descriptors that are none of the program's business first.
pub(super) fn command_of(program: &[OsString], closes: &[i32]) -> Command {
    if closes.is_empty() {
        let mut command = Command::new(program.first().cloned().unwrap_or_default());
        command.args(program.iter().skip(1));
        return command;
    }
    let closes: String = closes.iter().map(|number| format!("exec {number}>&-; ")).collect();
    let mut command = Command::new("/bin/sh");
    command.args(["-c", &format!("{closes}exec \"$@\""), "sh"]).args(program);
    command
}
