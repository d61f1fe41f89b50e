//! The flags that every command accepts, before and after its name.

use std::path::PathBuf;

use clap::builder::Resettable;
use clap::error::Error;
use clap::{ArgAction, ArgMatches, Args, Command, FromArgMatches};

use super::app::App;
use super::{Exit, Failure};
use crate::config::Layer;
use crate::config::flags::{self, Flags, Group};

/// The flags that every command accepts. clap's `global` is not used: it copies each flag into all commands at every start.
#[derive(clap::Args, Default)]
#[group(skip)]
pub(super) struct Common {
    /// The configuration file
    #[arg(long, value_name = "FILE", display_order = 900)]
    pub(super) config: Option<PathBuf>,
    /// The profile to use: its name in the configuration file, for commands without such an argument
    #[arg(
        id = "common-profile",
        long = "profile",
        short = 'p',
        value_name = "NAME",
        display_order = 900
    )]
    pub(super) profile: Option<String>,
    /// Show each request and response, without secrets; `-vv` shows more
    #[arg(long, short, action = ArgAction::Count, display_order = 900)]
    pub(super) verbose: u8,
    #[command(flatten)]
    quiet: Flags<flags::Quiet>,
    /// What the flags of the command set, and `--quiet`.
    #[arg(skip)]
    pub(super) layer: Layer,
    /// Print help; `-h` prints a summary, and `--help` everything
    #[arg(long, short, action = ArgAction::Help, display_order = 901)]
    help: Option<bool>,
}

impl Common {
    /// Reads these flags from `matches` and its subcommands: a flag after a command replaces the same flag before it.
    ///
    /// # Errors
    ///
    /// A flag is missing in the description of a command, which is a defect of this program.
    pub(super) fn read(matches: &ArgMatches) -> Result<Self, Error> {
        let mut common = Self::default();
        let mut level = Some(matches);
        while let Some(matches) = level {
            let inner = Self::from_arg_matches(matches)?;
            let quiet = inner.quiet.layer.quiet.or(common.layer.quiet);
            common = Self {
                config: inner.config.or(common.config),
                profile: inner.profile.or(common.profile),
                verbose: inner.verbose.max(common.verbose),
                layer: Layer { quiet, ..Layer::default() },
                ..Self::default()
            };
            level = matches.subcommand().map(|(_, inner)| inner);
        }
        Ok(common)
    }
}

/// The part of the command line after the name of a command: its own arguments `A`, the settings `S` that it reads, and the
/// flags of [`Common`], which [`Common::read`] reads. Only [`Invocation::run`] reads the two fields, so no command forgets its
/// settings.
pub(super) struct Invocation<A, S = ()> {
    args: A,
    flags: Flags<S>,
}

impl<A, S> Invocation<A, S> {
    /// Runs the command by `run`, with the settings that its flags set.
    ///
    /// # Errors
    ///
    /// Those of the command.
    pub(super) fn run<'a, 't>(
        &self,
        app: &mut App<'a, 't>,
        run: impl FnOnce(&A, &mut App<'a, 't>) -> Result<Exit, Failure>,
    ) -> Result<Exit, Failure> {
        let quiet = app.common.layer.quiet;
        app.common.layer = Layer { quiet, ..self.flags.layer.clone() };
        run(&self.args, app)
    }
}

impl<A: Args, S: Group> Args for Invocation<A, S> {
    fn augment_args(command: Command) -> Command {
        // clap takes the documentation of a struct for a description of the command.
        let (about, long_about) = (command.get_about().cloned(), command.get_long_about().cloned());
        let command = S::augment(A::augment_args(command)).next_help_heading(None::<&str>);
        Common::augment_args(command)
            .about(Resettable::from(about))
            .long_about(Resettable::from(long_about))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl<A: FromArgMatches, S: Group> FromArgMatches for Invocation<A, S> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        Self::from_arg_matches_mut(&mut matches.clone())
    }

    fn from_arg_matches_mut(matches: &mut ArgMatches) -> Result<Self, Error> {
        let flags = Flags::from_arg_matches_mut(matches)?;
        Ok(Self { args: A::from_arg_matches_mut(matches)?, flags })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
