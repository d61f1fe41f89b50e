//! Runs another program in place of this process.

use std::ffi::{OsStr, OsString};
use std::io;
use std::process::Command;

use entrada_core::Secret;

/// The program to run.
#[derive(Debug)]
pub struct Program {
    /// The program's name and its arguments.
    pub argv: Vec<OsString>,
    /// How the program gets the token.
    pub delivery: TokenDelivery,
    /// The token.
    pub token: Secret,
    /// Environment variables that are removed for the program.
    pub without: Vec<String>,
}

/// How a program gets a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenDelivery {
    /// In the environment variable of this name.
    Variable(String),
    /// On the file descriptor of this number. The program reads it to its end.
    Descriptor(i32),
}

/// Runs other programs.
pub trait Programs {
    /// Replaces this process with `program` if the system can do that, so that signals, the terminal and the exit
    /// code are the program's own. Returns only if the program could not be started, with the reason.
    fn run(&self, program: &Program) -> io::Error;
}

/// Runs real programs.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealPrograms;

impl Programs for RealPrograms {
    fn run(&self, program: &Program) -> io::Error {
        match command(program) {
            Ok(command) => replace(command),
            Err(error) => error,
        }
    }
}

fn command(program: &Program) -> io::Result<Command> {
    let (name, arguments) = program.argv.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    let mut command = Command::new(found(name));
    command.args(arguments);
    // Removed before the token's variable is set, because that variable may have any name.
    for variable in &program.without {
        command.env_remove(variable);
    }
    match &program.delivery {
        TokenDelivery::Variable(variable) => {
            command.env(variable, program.token.expose());
        }
        TokenDelivery::Descriptor(number) => deliver(&mut command, *number, &program.token)?,
    }
    Ok(command)
}

/// Bytes that a pipe holds without a reader, on every system.
#[cfg(unix)]
const PIPE: usize = 16 << 10;

#[cfg(unix)]
fn deliver(command: &mut Command, number: i32, token: &Secret) -> io::Result<()> {
    use command_fds::{CommandFdExt as _, FdMapping};
    if PIPE < token.expose().len() {
        return Err(io::Error::other(
            "the token is too long for a pipe; pass it in an environment variable",
        ));
    }
    let most = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    if most.is_some_and(|most| u64::try_from(number).is_ok_and(|number| most <= number)) {
        return Err(io::Error::other(format!(
            "the system does not allow the descriptor {number} (`ulimit -n`)"
        )));
    }
    let (read, write) = rustix::pipe::pipe()?;
    // The program gets only the copy with the requested number.
    rustix::io::fcntl_setfd(&read, rustix::io::FdFlags::CLOEXEC)?;
    let mut rest = token.expose().as_bytes();
    while !rest.is_empty() {
        rest = &rest[rustix::io::write(&write, rest)?..];
    }
    let mapping = FdMapping { parent_fd: read, child_fd: number };
    command.fd_mappings(vec![mapping]).map_err(io::Error::other)?;
    Ok(())
}

#[cfg(not(unix))]
fn deliver(_: &mut Command, _: i32, _: &Secret) -> io::Result<()> {
    Err(io::Error::other("this system cannot pass file descriptors; use an environment variable"))
}

#[cfg(unix)]
fn replace(mut command: Command) -> io::Error {
    use std::os::unix::process::CommandExt as _;
    super::harden::restore_limits();
    command.exec()
}

/// The program `name`, which the system itself finds.
#[cfg(not(windows))]
fn found(name: &OsStr) -> &OsStr {
    name
}

/// The program `name` in `PATH`, with the extensions of `PATHEXT`: the system itself adds `.exe` alone, and `az` and `npm`
/// are batch files. The current directory is not searched.
#[cfg(windows)]
fn found(name: &OsStr) -> OsString {
    which::which_global(name).map_or_else(|_| name.to_owned(), Into::into)
}

/// Runs `command` and ends with its exit code. Ctrl-C reaches it too, and it alone decides what follows.
#[cfg(not(unix))]
fn replace(mut command: Command) -> io::Error {
    #[cfg(windows)]
    let _unaffected = (tokio::signal::windows::ctrl_c(), tokio::signal::windows::ctrl_break());
    match command.status() {
        Ok(status) => std::process::exit(status.code().unwrap_or(1)),
        Err(error) => error,
    }
}
