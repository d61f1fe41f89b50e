//! Groups of settings as flags: each command declares the groups that it reads.

use std::marker::PhantomData;

use clap::error::Error;
use clap::{ArgMatches, Args, Command, FromArgMatches};

use super::Layer;
pub use super::layer::{
    Acquisition, AcquisitionExceptScopes, Certificates, CodeDisplay, Everything, Freshness,
    Identity, Interaction, Jobs, Locking, LoginHint, Pins, Quiet, Recording, RequestedClaims,
    Scopes, SignIn, SignInFlow, Store, Strictness, TokenProperties,
};

/// Some settings of [`Layer`], as flags of a command. The groups are declared in `layer.rs`; a tuple of groups is one too.
pub trait Group {
    /// Adds the flags to `command`.
    fn augment(command: Command) -> Command;
    /// Moves what `matches` says of these settings into `layer`.
    ///
    /// # Errors
    ///
    /// A value is missing that the parser should have required, which is a defect of this program.
    fn read(matches: &mut ArgMatches, layer: &mut Layer) -> Result<(), Error>;
}

/// The flags of the settings in `G`, such as `Flags<(flags::Identity, flags::Store)>`.
pub struct Flags<G> {
    /// What was given on the command line.
    pub layer: Layer,
    group: PhantomData<fn() -> G>,
}

impl<G> Default for Flags<G> {
    fn default() -> Self {
        Self { layer: Layer::default(), group: PhantomData }
    }
}

impl<G: Group> Args for Flags<G> {
    fn augment_args(command: Command) -> Command {
        G::augment(command)
    }

    fn augment_args_for_update(command: Command) -> Command {
        G::augment(command)
    }
}

impl<G: Group> FromArgMatches for Flags<G> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        Self::from_arg_matches_mut(&mut matches.clone())
    }

    fn from_arg_matches_mut(matches: &mut ArgMatches) -> Result<Self, Error> {
        let mut flags = Self::default();
        G::read(matches, &mut flags.layer)?;
        Ok(flags)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Group for () {
    fn augment(command: Command) -> Command {
        command
    }

    fn read(_: &mut ArgMatches, _: &mut Layer) -> Result<(), Error> {
        Ok(())
    }
}

macro_rules! tuple {
    ($($group:ident)*) => {
        impl<$($group: Group),*> Group for ($($group,)*) {
            fn augment(command: Command) -> Command {
                $(let command = $group::augment(command);)*
                command
            }

            fn read(matches: &mut ArgMatches, layer: &mut Layer) -> Result<(), Error> {
                $($group::read(matches, layer)?;)*
                Ok(())
            }
        }
    };
}

tuple!(A B);
tuple!(A B C);
tuple!(A B C D);
tuple!(A B C D E);
tuple!(A B C D E F);
tuple!(A B C D E F G);
tuple!(A B C D E F G H);
tuple!(A B C D E F G H I);
