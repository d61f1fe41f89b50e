//! Flags over environment over file over defaults, each value with its origin.

mod choice;
pub mod edit;
mod fault;
mod file;
pub mod flags;
mod in_file;
mod job;
mod layer;
mod list;
mod nearest;
mod policy;
mod settings;
mod span;
mod toml_fault;
pub mod variables;

pub use entrada_auth::sys::Paths;
pub use fault::SettingsError;
pub use file::{ConfigError, ConfigFile};
pub use flags::Flags;
pub use job::{JobName, JobTable};
pub use layer::{Layer, keys};
pub use nearest::nearest;
pub use policy::{NotAllowed, Policy};
pub use settings::Settings;
pub use span::Span;
pub use toml_fault::TomlFault;
pub use variables::variable;

/// Where a value came from, weakest first. `config show` prints it beside each value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// Built in.
    Default,
    /// The one sign-in that is stored without a profile.
    Stored,
    /// `[defaults]` of the configuration file.
    Defaults,
    /// The profile in the configuration file.
    Profile,
    /// An environment variable.
    Env,
    /// The command line.
    Flag,
}

impl Origin {
    /// As `config show` prints it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Default => "built in",
            Self::Stored => "the stored sign-in",
            Self::Defaults => "[defaults] in the file",
            Self::Profile => "the profile in the file",
            Self::Env => "environment",
            Self::Flag => "command line",
        }
    }
}
