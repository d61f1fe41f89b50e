//! Another program, run in our place.

use std::ffi::OsString;
use std::io;
use std::process::Command;

use entrada_core::Secret;

/// What is to be run.
#[derive(Debug)]
pub struct Program {
    /// Its name and its arguments.
    pub argv: Vec<OsString>,
    /// Where it finds the token.
    pub delivery: TokenDelivery,
    /// The token.
    pub token: Secret,
    /// Variables of the environment that it does not get.
    pub without: Vec<String>,
}

/// How a program gets a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenDelivery {
    /// In the environment variable of this name.
    Variable(String),
    /// On the file descriptor of this number, to be read to its end.
    Descriptor(i32),
}

/// Runs other programs.
pub trait Programs {
    /// Runs `program` in place of this one: same process where the system can do that, so that signals, terminal and exit
    /// code are its own. Comes back only with the reason why it could not be started.
    fn run(&self, program: &Program) -> io::Error;
}

/// The system's.
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
    let mut command = Command::new(name);
    command.args(arguments);
    // Before the token's own variable, which may have any name.
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

/// What a pipe takes without anybody reading, on every system.
#[cfg(unix)]
const PIPE: usize = 16 << 10;

#[cfg(unix)]
fn deliver(command: &mut Command, number: i32, token: &Secret) -> io::Result<()> {
    use command_fds::{CommandFdExt as _, FdMapping};
    if PIPE < token.expose().len() {
        return Err(io::Error::other("the token is too long for a pipe: hand it in a variable"));
    }
    let most = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    if most.is_some_and(|most| u64::try_from(number).is_ok_and(|number| most <= number)) {
        return Err(io::Error::other(format!(
            "the system allows no descriptor {number} (`ulimit -n`)"
        )));
    }
    let (read, write) = rustix::pipe::pipe()?;
    // Only the copy under the number that was asked for is the program's.
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
    Err(io::Error::other("this system hands over no descriptors: use a variable"))
}

#[cfg(unix)]
fn replace(mut command: Command) -> io::Error {
    use std::os::unix::process::CommandExt as _;
    super::harden::soften();
    command.exec()
}

#[cfg(not(unix))]
fn replace(mut command: Command) -> io::Error {
    match command.status() {
        Ok(status) => std::process::exit(status.code().unwrap_or(1)),
        Err(error) => error,
    }
}
