//! What to do about a configuration that cannot be used.

use super::Failure;
use crate::cli::Exit;
use crate::config::{ConfigError, NotAllowed, SettingsError};
use entrada_auth::sys::InputFileError;
use entrada_core::shell_quoted;

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        let failure = Self::of(Exit::Usage, &error);
        match &error {
            ConfigError::Untrusted(InputFileError::Owner { path, .. }) => {
                let quoted = shell_quoted(&path.to_string_lossy());
                failure
                    .help("name a file of your own: `--config FILE`, or ENTRADA_CONFIG")
                    .help(format!("if you trust what is in it: `sudo chown \"$(id -u)\" {quoted}`"))
            }
            ConfigError::Read { source: InputFileError::NotPlain(_), .. } => {
                failure.help("name a plain file: `--config FILE`, or ENTRADA_CONFIG")
            }
            ConfigError::Parse { fault, .. } => {
                Self { drawing: fault.drawing().to_owned(), ..failure }.helps(fault.cure.clone())
            }
            _ => failure,
        }
    }
}

impl From<NotAllowed> for Failure {
    fn from(error: NotAllowed) -> Self {
        Self::of(Exit::Usage, &error)
            .help("choose an allowed one, or ask the administrator of this machine")
    }
}

impl From<SettingsError> for Failure {
    fn from(error: SettingsError) -> Self {
        Self::of(Exit::Usage, &error)
    }
}
