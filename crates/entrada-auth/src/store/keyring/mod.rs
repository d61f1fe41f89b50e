//! The operating system's keyring: the Secret Service on Linux, the platform's own elsewhere.

#[cfg(target_os = "linux")]
mod address;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod fake;
#[cfg(target_os = "linux")]
mod items;
#[cfg(target_os = "linux")]
mod line;
#[cfg(target_os = "linux")]
mod link;
mod native;
#[cfg(target_os = "linux")]
mod places;
#[cfg(target_os = "linux")]
mod prompt;
#[cfg(target_os = "linux")]
mod secret_service;
#[cfg(target_os = "linux")]
mod trouble;
#[cfg(target_os = "linux")]
mod watch;

use std::time::Duration;

use serde::{Deserialize, Serialize};

#[cfg(target_os = "linux")]
pub use address::bus_in;
pub use native::Native;
#[cfg(target_os = "linux")]
pub use places::Places;
#[cfg(target_os = "linux")]
pub use secret_service::{SecretService, Settings};

/// How secrets travel between us and the Secret Service.
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
pub enum Session {
    /// As they are: the bus joins processes of one user, each of which may ask for the secret anyway
    #[default]
    Plain,
    /// Encrypted (Diffie-Hellman), against a program that logs the bus; takes about 4 ms
    Dh,
}

/// Whether the user may be asked to unlock the keyring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Interaction {
    /// A dialog may come up.
    Allowed,
    /// Nobody is there: a locked keyring is an error at once.
    #[default]
    Forbidden,
}

/// How long the keyring may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// From one sign of life to the next.
    pub quiet: Duration,
    /// While a person may be typing a password.
    pub patient: Duration,
}

impl Default for Limits {
    /// 5 s, and 90 s for a person.
    fn default() -> Self {
        Self { quiet: Duration::from_secs(5), patient: Duration::from_secs(90) }
    }
}

/// Tells which signal has asked the program to end, if one has.
pub type AskedToEnd = fn() -> Option<u8>;

/// Tells the user what is being waited for.
pub type Notice = Box<dyn Fn(&str)>;
