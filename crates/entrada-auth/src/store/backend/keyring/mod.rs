//! The operating system's keyring: the Secret Service on Linux, the native one on other platforms.

#[cfg(target_os = "linux")]
mod address;
#[cfg(target_os = "linux")]
mod connection;
#[cfg(target_os = "linux")]
mod errors;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod fake;
#[cfg(target_os = "linux")]
mod item_paths;
#[cfg(target_os = "linux")]
mod items;
mod native;
#[cfg(target_os = "linux")]
mod poll_loop;
#[cfg(target_os = "linux")]
mod prompt;
#[cfg(target_os = "linux")]
mod secret_service;
#[cfg(target_os = "linux")]
mod timeouts;

use std::time::Duration;

use serde::{Deserialize, Serialize};

#[cfg(target_os = "linux")]
pub use address::bus_in;
#[cfg(target_os = "linux")]
pub use item_paths::ItemPaths;
pub use native::Native;
#[cfg(target_os = "linux")]
pub use secret_service::{SecretService, SecretServiceOptions};

/// How secrets are sent between entrada and the Secret Service.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    strum::EnumIter,
    strum::EnumMessage,
    strum::EnumString,
    strum::IntoStaticStr,
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
#[non_exhaustive]
pub enum KeyringSession {
    /// Unencrypted: the bus connects processes of one user, and each of them can ask for the secret anyway
    #[default]
    Plain,
    /// Encrypted (Diffie-Hellman), which protects against a program that logs the bus; takes about 4 ms
    Dh,
}

/// Whether the user may be asked to unlock the keyring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Interaction {
    /// A dialog may be shown.
    Allowed,
    /// No user is present: a locked keyring is an error at once.
    #[default]
    Forbidden,
}

/// Timeouts of keyring calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest time between two answers of the keyring.
    pub answer: Duration,
    /// The longest time for a user to answer a dialog.
    pub dialog: Duration,
}

impl Default for Limits {
    /// 5 s, and 90 s for a user.
    fn default() -> Self {
        Self { answer: Duration::from_secs(5), dialog: Duration::from_secs(90) }
    }
}

/// Returns the signal that asked the program to end, if there is one.
pub type TerminationSignal = fn() -> Option<u8>;

/// Tells the user what entrada is waiting for.
pub type Notice = Box<dyn Fn(&str)>;
