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
            ConfigError::Read { path, source } if source.is_not_found() => {
                let quoted = shell_quoted(&path.to_string_lossy());
                failure
                    .help("if it was moved, name where it is now; without a name, entrada reads its own file (`entrada config path`)")
                    .help(format!("for a new one there: `entrada config init --config {quoted}`"))
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
        let mut failure = Self::of(Exit::Usage, &error);
        let error = match &error {
            SettingsError::InFile { fault, error, .. } => {
                fault.drawing().clone_into(&mut failure.drawing);
                failure = failure.helps(fault.cure.clone());
                &**error
            }
            error => error,
        };
        match error {
            SettingsError::NoProfile { name, has_none: true, .. } => failure
                .help(format!("write it: `entrada config init {}`", shell_quoted(name)))
                .help("or name the file that has it: `--config FILE`, or ENTRADA_CONFIG"),
            SettingsError::NoGuid(_) => failure
                .help("copy the \"Application (client) ID\" from the application's Overview page in the Entra portal")
                .help("no application is registered yet? `entrada config init` explains how"),
            _ => failure,
        }
    }
}
