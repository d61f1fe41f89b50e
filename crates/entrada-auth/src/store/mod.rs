//! Stores grants between runs. The stores are in [`backend`], behind the trait [`Backend`]; [`Grants`] above them knows
//! the format of a grant, the account list and the locks.

mod account_entry;
pub mod backend;
mod deadline;
mod defaults;
mod disk;
pub mod foreign;
mod grant;
mod grants;
mod index;
mod listing;
mod lock;
mod lock_holder;
mod open;
mod record;
mod recovery;
mod rekey;
mod rename;
mod reserved_descriptors;
mod seal;
mod signing_keys;
mod stale_entries;
mod temporary;
mod write_test;

pub use account_entry::AccountEntry;
#[cfg(any(test, feature = "testing"))]
pub use backend::contract;
pub use backend::{
    Backend, Bytes, File, Interaction, ItemCheck, KeyringSession, Limits, Memory, Native, Notice,
    Split, TerminationSignal,
};
#[cfg(target_os = "linux")]
pub use backend::{ItemPaths, Keyutils, SecretService, SecretServiceOptions, bus_in};
pub use defaults::{ApplicationDefaults, LastRequest, application_defaults};
pub use grant::{CachedToken, Grant, GrantKey, GrantQuery};
pub use grants::Grants;

pub use listing::read_account_list;
pub use lock::{LockError, LockGuard, LockOutcome, WritersLock};
pub use open::{StoreOptions, is_new, open, session_bus};
pub use recovery::WriteReservation;
pub use rekey::{Rekey, RekeyError, Rekeyed, StoredKeys};
pub use seal::{MAKE_KEY, StoreKey};
pub use temporary::ReservedSpace;

use serde::{Deserialize, Serialize};

/// The kinds of store, as flags and configuration name them.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    strum::EnumIter,
    strum::EnumMessage,
    strum::EnumString,
    strum::IntoStaticStr,
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum StoreKind {
    /// The operating system's keyring: Secret Service, Keychain, Credential Manager
    #[default]
    Keyring,
    /// An encrypted file; you provide the key
    File,
    /// The Linux kernel's keys: lost after a reboot
    Keyutils,
    /// Memory only: lost when the program ends
    Memory,
    /// A store that the program implements
    ///
    /// For programs that implement [`Backend`]. No flag and no setting names it, and the account list in the state
    /// directory does not contain its grants: [`Grants::list`] reads the store itself.
    #[serde(skip)]
    #[strum(disabled)]
    Custom,
}

impl StoreKind {
    /// Whether [`Grants::list`] always reads the store itself, instead of the account list.
    fn lists_itself(self) -> bool {
        matches!(self, Self::Memory | Self::Custom)
    }
}

/// A store could not be used.
#[derive(Debug, thiserror::Error)]
#[error("the {} store could not {action}: {reason}", kind_name(*.kind))]
pub struct StoreError {
    /// The kind of store.
    pub kind: StoreKind,
    /// The action that failed: `read the grant`, `save the grant`, …
    pub action: &'static str,
    /// The reason.
    pub reason: StoreErrorKind,
    /// The platform's error.
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The reason why a store failed, by what the user can do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreErrorKind {
    /// The store does not exist: no D-Bus session, no provider, or another platform.
    #[error("{0}")]
    Unavailable(String),
    /// The store is locked, and entrada could not ask the user to unlock it.
    #[error("it is locked")]
    Locked,
    /// The unlock dialog was dismissed.
    #[error("the request to unlock it was dismissed")]
    Dismissed,
    /// The store belongs to another user, who could read its items.
    #[error("{what} belongs to another user (uid {owner})")]
    OtherOwner {
        /// The thing that belongs to the other user.
        what: String,
        /// The other user's id.
        owner: u32,
    },
    /// A signal with this number ended the wait for an answer.
    #[error("it did not answer before the program was asked to end")]
    Interrupted(u8),
    /// No answer within the deadline.
    #[error("it did not answer within {0} s")]
    TimedOut(u64),
    /// The platform refused: access denied, disk full, read-only.
    #[error("{0}")]
    Denied(String),
    /// The stored data cannot be decrypted: it was encrypted with another key.
    #[error("the stored data cannot be decrypted: {0}")]
    WrongKey(String),
    /// The stored data was encrypted with a passphrase and a key was given, or the other way round.
    #[error(
        "wrong kind of key: the stored data was encrypted with a {made_with}, and a {given} was given"
    )]
    WrongKeyKind {
        /// What the data was encrypted with: `passphrase` or `key`.
        made_with: &'static str,
        /// What was given.
        given: &'static str,
    },
    /// A change of the key has begun and not ended, and this item is under the other key.
    #[error("a change of the store's key has not finished: {0}")]
    RekeyUnfinished(String),
    /// The stored data cannot be read: truncated, altered, or written by another program.
    #[error("the stored data is damaged: {0}")]
    Corrupt(String),
    /// Saving a grant would open more files than the process may have open.
    #[error("too few file descriptors are left to store a grant")]
    FewDescriptors,
    /// Another kind of file is in the place of one of entrada's files.
    #[error("`{}`, {what}, {is}", .path.display())]
    NotAFile {
        /// The path.
        path: std::path::PathBuf,
        /// The expected file: `the list of accounts`.
        what: &'static str,
        /// The file that is there: `is a symbolic link`.
        is: &'static str,
    },
    /// A newer entrada wrote the stored data.
    #[error("it was written by a newer entrada (format {0})")]
    Newer(u64),
    /// The item is too large for this store.
    #[error("the item has {size} bytes, more than the {max} that it can hold")]
    TooLarge {
        /// Bytes of the item.
        size: usize,
        /// The limit in bytes.
        max: usize,
    },
}

fn kind_name(kind: StoreKind) -> &'static str {
    match kind {
        StoreKind::Keyring => "keyring",
        StoreKind::File => "file",
        StoreKind::Keyutils => "keyutils",
        StoreKind::Memory => "memory",
        StoreKind::Custom => "custom",
    }
}

/// Adds the platform's error as the cause.
type SourceError = Box<dyn std::error::Error + Send + Sync>;

/// The reason of a failure, before the store and the action are known.
#[derive(Debug)]
struct BackendError {
    reason: StoreErrorKind,
    source: Option<SourceError>,
}

impl BackendError {
    fn new(reason: StoreErrorKind) -> Self {
        Self { reason, source: None }
    }

    fn denied(text: impl Into<String>) -> Self {
        Self::new(StoreErrorKind::Denied(text.into()))
    }

    fn unavailable(text: impl Into<String>) -> Self {
        Self::new(StoreErrorKind::Unavailable(text.into()))
    }

    fn corrupt(text: impl Into<String>) -> Self {
        Self::new(StoreErrorKind::Corrupt(text.into()))
    }

    fn with_source(self, source: impl Into<SourceError>) -> Self {
        Self { source: Some(source.into()), ..self }
    }

    fn when(self, kind: StoreKind, action: &'static str) -> StoreError {
        StoreError { kind, action, reason: self.reason, source: self.source }
    }
}

/// Prefix of the names of damaged items that a sign-in moved aside.
const ASIDE: &str = "damaged-";

/// The item that [`Grants::test_write`] writes, and the prefix of the names that it uses without a lock.
const TRIAL: &str = "doctor";

/// Whether an item is internal to entrada and not a grant.
fn is_internal_item(name: &str) -> bool {
    // Names of grants hold `|`.
    !name.contains('|')
        && (name == recovery::NAME || name.starts_with(ASIDE) || name.starts_with(TRIAL))
}

/// The action of each store call, as the error messages say it.
mod action {
    pub(super) const OPEN: &str = "be opened";
    pub(super) const LOAD: &str = "read the grant";
    pub(super) const SAVE: &str = "save the grant";
    pub(super) const REMOVE: &str = "remove the grant";
    pub(super) const NAMES: &str = "list the grants";
    pub(super) const PREPARE: &str = "prove that it can be written";
    pub(super) const REKEY: &str = "change its key";
    pub(super) const DEFAULTS: &str = "keep the default account";
    pub(super) const KEEP: &str = "keep the grant aside";
}

/// The file of the lock on the item `name`.
fn lock_path(state_dir: &std::path::Path, kind: StoreKind, name: &str) -> std::path::PathBuf {
    let file = disk::file_name(&format!("{}|{name}", kind_name(kind)));
    state_dir.join("locks").join(format!("{file}.lock"))
}

/// Lower-case hexadecimal digits of `bytes`.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
