//! One run of the program, watched.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use rustix::termios::isatty;

use super::watch::{CommandLines, FileSearch, Output};
use crate::judge::Observation;
use crate::world::{KnownSecret, RunEnd, clock};

/// How long the rest of the output is waited for: a process that the program left behind may keep it open.
const OUTPUT_WAIT: Duration = Duration::from_millis(500);

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

    /// Runs `command` to its end. Output that goes to a terminal is left to it; other output passes through this process.
    pub(super) fn run(&mut self, mut command: Command) -> io::Result<RunEnd> {
        let at = clock::milliseconds();
        let is_terminal = (isatty(rustix::stdio::stdout()), isatty(rustix::stdio::stderr()));
        let stdio = |is_terminal: bool| if is_terminal { Stdio::inherit() } else { Stdio::piped() };
        command.stdout(stdio(is_terminal.0)).stderr(stdio(is_terminal.1));
        if is_terminal.1 && self.notes.is_empty() {
            let note = "standard error is a terminal and was not searched for secrets: redirect it to have it searched";
            self.notes.push(note.to_owned());
        }
        let mut child = command.spawn()?;
        let copied = self.copy_output(&mut child);
        let status = child.wait()?;
        for done in copied {
            let _ = done.recv_timeout(OUTPUT_WAIT);
        }
        Ok(RunEnd { code: super::code_of(status), milliseconds: clock::milliseconds() - at })
    }

    fn copy_output(&self, child: &mut Child) -> Vec<Receiver<()>> {
        let mut copied = Vec::new();
        if let Some(from) = child.stdout.take() {
            let (output, (end, done)) = (self.stdout.clone(), channel());
            std::thread::spawn(move || {
                output.copy(from, |bytes| write_all(rustix::stdio::stdout(), bytes));
                let _ = end.send(());
            });
            copied.push(done);
        }
        if let Some(from) = child.stderr.take() {
            let (output, (end, done)) = (self.stderr.clone(), channel());
            std::thread::spawn(move || {
                output.copy(from, |bytes| write_all(rustix::stdio::stderr(), bytes));
                let _ = end.send(());
            });
            copied.push(done);
        }
        copied
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
        let search = FileSearch { secrets, since: self.started, home };
        for folder in folders {
            found.extend(search.below(folder));
        }
        found.dedup();
        found
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

/// The command of the program. With `closes`, a shell closes that descriptor first, which is none of the program's business.
pub(super) fn command_of(program: &[OsString], closes: Option<i32>) -> Command {
    match closes {
        Some(number) => {
            let mut command = Command::new("/bin/sh");
            command.args(["-c", &format!("exec {number}>&-; exec \"$@\""), "sh"]).args(program);
            command
        }
        None => {
            let mut command = Command::new(program.first().cloned().unwrap_or_default());
            command.args(program.iter().skip(1));
            command
        }
    }
}
