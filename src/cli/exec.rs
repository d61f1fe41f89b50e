//! `entrada exec`.

use std::ffi::OsString;
use std::io;

use super::app::App;
use super::obtain::{AcquireOptions, obtain};
use super::token::{VARIABLE, variable_name};
use super::{Exit, Failure};
use crate::config::flags;
use crate::config::variables;
use entrada_auth::sys::{Program, TokenDelivery};

/// The settings that the command reads.
pub(super) type Flags = flags::Acquisition;

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// The profile to use: its name in the configuration file
    profile: Option<String>,
    /// The environment variable that holds the token
    #[arg(long, value_name = "NAME", default_value = VARIABLE, value_parser = variable_name)]
    variable: String,
    /// Pass the token on this file descriptor instead of in the environment, which child processes inherit
    #[arg(long, value_name = "NUMBER", conflicts_with = "variable", value_parser = clap::value_parser!(i32).range(3..256))]
    fd: Option<i32>,
    /// The program and its arguments, after `--`
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

pub(super) fn run(args: &Args, app: &mut App<'_, '_>) -> Result<Exit, Failure> {
    let settings = app.settings_of_sign_in(args.profile.as_deref())?;
    let acquired = obtain(app, &settings, "exec", AcquireOptions::default())?;
    let delivery = match args.fd {
        Some(number) => TokenDelivery::Descriptor(number),
        None => TokenDelivery::Variable(args.variable.clone()),
    };
    let program = Program {
        argv: args.command.clone(),
        delivery,
        token: acquired.token.access_token,
        without: variables::secret(app.sys.env),
    };
    // The program replaces this process, so the trace is written before. If that fails, the trace is written again.
    super::tell_of_trace(app.recorder.write(Exit::Success.code(), app.stdout), app.ui);
    let error = app.sys.programs.run(&program);
    let name = program.argv.first().map(|name| name.to_string_lossy()).unwrap_or_default();
    let exit = match error.kind() {
        io::ErrorKind::NotFound => Exit::NotFound,
        _ => Exit::NotExecutable,
    };
    Err(Failure::new(exit, format!("cannot run `{name}`: {error}")))
}
