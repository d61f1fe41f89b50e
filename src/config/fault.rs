//! What is wrong with settings.

use std::path::PathBuf;

use super::TomlFault;
use entrada_core::{AddressError, AuthorityError, TenantError};

/// The settings contradict themselves, or one is missing.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// No such profile.
    #[error("there is no profile `{name}`{near}")]
    NoProfile {
        /// What was asked for.
        name: String,
        /// `; did you mean …?`, the list, or where none is.
        near: String,
        /// Whether the file has no profile, or is not there.
        has_none: bool,
    },
    /// A variable with an invalid value.
    #[error("the variable {variable} has an invalid value: {reason}")]
    Variable {
        /// Which variable.
        variable: String,
        /// What is wrong.
        reason: String,
    },
    /// No application to ask with.
    #[error(
        "no client id is set: give `--client-id`, set ENTRADA_CLIENT_ID, or put `client-id` into a profile; \
         `entrada config init` explains how to get one"
    )]
    NoClientId,
    /// The client id cannot be sent.
    #[error("`{0}` is not a client id: letters, digits and `-._~:/` only")]
    ClientId(String),
    /// An application that Entra cannot know.
    #[error(
        "`{0}` is not a client id: a client id is 32 hexadecimal digits in five groups, such as \
         11111111-1111-1111-1111-111111111111"
    )]
    NoGuid(String),
    /// See [`TenantError`].
    #[error(transparent)]
    Tenant(#[from] TenantError),
    /// See [`AuthorityError`].
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// More than a tenant after the host.
    #[error("`{0}` is not an Entra authority: expected a host, optionally followed by a tenant")]
    AuthorityPath(String),
    /// The authority names one tenant, and the setting another.
    #[error("the authority names the tenant `{0}`, and `--tenant` is `{1}`; give one of them")]
    TwoTenants(String, String),
    /// See [`AddressError`].
    #[error(transparent)]
    Address(AddressError),
    /// A scope that cannot be sent.
    #[error(
        "`{0}` is not a scope: no quotes, backslashes, commas or control characters; separate scopes by spaces"
    )]
    Scope(String),
    /// No such job.
    #[error("{0}")]
    Job(String),
    /// One of these, about a value in the configuration file.
    #[error("{path}: {fault}", path = .path.display())]
    InFile {
        /// Which file.
        path: PathBuf,
        /// The message, with the place.
        fault: TomlFault,
        /// What is wrong.
        error: Box<SettingsError>,
    },
    /// Nothing says what to ask for.
    #[error("`--job custom` needs `--scope`, such as `api://<app-id>/.default`")]
    NoScope,
}

impl From<AddressError> for SettingsError {
    fn from(error: AddressError) -> Self {
        match error {
            AddressError::Authority(error) => Self::Authority(error),
            AddressError::Tenant(error) => Self::Tenant(error),
            AddressError::Path(text) => Self::AuthorityPath(text),
            AddressError::TwoTenants(one, other) => Self::TwoTenants(one, other),
            other => Self::Address(other),
        }
    }
}
