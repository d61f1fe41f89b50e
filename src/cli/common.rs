//! The flags that every command accepts, before and after its name.

use std::ops::Deref;
use std::path::PathBuf;

use clap::builder::Resettable;
use clap::error::Error;
use clap::{ArgAction, ArgMatches, Args, Command, FromArgMatches};

use crate::config::Layer;
use crate::config::flags::{self, Flags};

/// What every command accepts. Not by clap's `global`, which copies each of these flags into all commands at every start.
#[derive(clap::Args, Debug, Default)]
#[group(skip)]
pub(super) struct Common {
    /// The configuration file
    #[arg(long, value_name = "FILE", display_order = 900)]
    pub(super) config: Option<PathBuf>,
    /// A profile of the configuration file, for commands that take none as an argument
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
    /// Print help
    #[arg(long, short, action = ArgAction::HelpShort, display_order = 901)]
    help: Option<bool>,
}

impl Common {
    /// What `matches` says of these flags, and the commands in it: what stands after a command replaces what stands before it.
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

/// The arguments of a command, which also accepts the flags of [`Common`].
pub(super) struct WithCommon<A>(A);

impl<A> Deref for WithCommon<A> {
    type Target = A;

    fn deref(&self) -> &A {
        &self.0
    }
}

impl<A: Args> Args for WithCommon<A> {
    fn augment_args(command: Command) -> Command {
        // clap takes the documentation of a struct for a description of the command.
        let (about, long_about) = (command.get_about().cloned(), command.get_long_about().cloned());
        let command = A::augment_args(command).next_help_heading(None::<&str>);
        Common::augment_args(command)
            .about(Resettable::from(about))
            .long_about(Resettable::from(long_about))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl<A: FromArgMatches> FromArgMatches for WithCommon<A> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        A::from_arg_matches(matches).map(Self)
    }

    fn from_arg_matches_mut(matches: &mut ArgMatches) -> Result<Self, Error> {
        A::from_arg_matches_mut(matches).map(Self)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        self.0.update_from_arg_matches(matches)
    }
}
