//! Where grants rest between runs: one file per backend behind one trait, and one layer above them that knows what a
//! grant is.

#[cfg(any(test, feature = "testing"))]
pub mod contract;
mod deadline;
mod disk;
mod file;
pub mod foreign;
mod grant;
mod grants;
mod index;
mod keyring;
#[cfg(target_os = "linux")]
mod keyutils;
mod listing;
mod lock;
mod memory;
mod open;
mod record;
mod recovery;
mod seal;
mod shortcut;
mod signing_keys;
mod spare;
mod split;
mod stale;
mod temporary;
mod upkeep;

pub use file::File;
pub use grant::{CachedToken, Grant, GrantKey};
pub use grants::Grants;
pub use index::Entry;
pub use keyring::{AskedToEnd, Interaction, Limits, Native, Notice, Session};
#[cfg(target_os = "linux")]
pub use keyring::{Places, SecretService, Settings, bus_in};
#[cfg(target_os = "linux")]
pub use keyutils::Keyutils;
pub use listing::listed;
pub use lock::{LockError, LockGuard, LockOutcome};
pub use memory::Memory;
pub use open::{Options, is_new, open};
pub use recovery::WriteReservation;
pub use seal::Key;
pub use shortcut::GrantQuery;
pub use split::Split;
pub use temporary::Room;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

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
    /// An encrypted file; the key is yours to keep
    File,
    /// The Linux kernel's keys: gone after a reboot
    Keyutils,
    /// Nowhere: gone when the program ends
    Memory,
}

/// The bytes of one item, zeroed when dropped.
pub type Bytes = Zeroizing<Vec<u8>>;

/// Tells whether bytes are those that are looked for.
pub type IsRight<'a> = dyn Fn(&[u8]) -> bool + 'a;

/// A place that keeps named bytes. Small on purpose: what a grant is, splitting and versions are told once, above.
pub trait Backend {
    /// Which kind this is.
    fn kind(&self) -> StoreKind;
    /// Who answers, for people: `gnome-keyring`, a path.
    fn describe(&self) -> String;
    /// The bytes under `name`, or `None` when there are none. A backend that cannot be asked is an error, not a `None`:
    /// "locked" and "empty" need different help.
    fn load(&self, name: &str) -> Result<Option<Bytes>, StoreError>;
    /// As [`Backend::load`]. A backend that only believes to know where the item is may look there first, if `is_right` can
    /// tell that it was.
    fn load_if(&self, name: &str, is_right: &IsRight<'_>) -> Result<Option<Bytes>, StoreError> {
        let _ = is_right;
        self.load(name)
    }
    /// Files `bytes` under `name`, in one step: afterwards the old or the new value is there, never a part.
    fn save(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError>;
    /// Sets room on the disk aside for an item, where items are files of ours.
    ///
    /// # Errors
    ///
    /// The disk is full, or the folder cannot be written.
    fn room(&self) -> Result<Option<Room>, StoreError> {
        Ok(None)
    }
    /// Moves what is filed under `name`, and cannot be read, to `aside`, as it is.
    fn set_aside(&self, name: &str, aside: &str) -> Result<(), StoreError> {
        self.load(name)?.map_or(Ok(()), |bytes| self.save(aside, &bytes))
    }
    /// Forgets `name`; whether it was there.
    fn remove(&self, name: &str) -> Result<bool, StoreError>;
    /// Bytes that one item may have; `None` when any grant fits.
    fn item_max(&self) -> Option<usize> {
        None
    }
    /// The names of all items, where the platform can tell.
    fn names(&self) -> Result<Option<Vec<String>>, StoreError>;
}

/// The store could not be used.
#[derive(Debug, thiserror::Error)]
#[error("the {} store could not {action}: {trouble}", kind_name(*.kind))]
pub struct StoreError {
    /// Which backend.
    pub kind: StoreKind,
    /// What we were doing: `read the grant`, `save the grant`, …
    pub action: &'static str,
    /// What stood in the way.
    pub trouble: StoreErrorKind,
    /// What the platform said.
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// What stood in the way, by what the user can do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreErrorKind {
    /// Nothing there to ask: no D-Bus session, no provider, not this platform.
    #[error("{0}")]
    Unavailable(String),
    /// There, but locked, and nobody could be asked to unlock it.
    #[error("it is locked")]
    Locked,
    /// The unlock dialog was dismissed.
    #[error("the request to unlock it was dismissed")]
    Dismissed,
    /// It is another user's, who could read what is kept there.
    #[error("{what} belongs to another user (uid {owner})")]
    OtherOwner {
        /// What belongs to them.
        what: String,
        /// Their number.
        owner: u32,
    },
    /// A signal with this number ended the wait for an answer.
    #[error("it did not answer before the program was asked to end")]
    Interrupted(u8),
    /// No answer within the deadline.
    #[error("it did not answer within {0} s")]
    TimedOut(u64),
    /// Access refused, disk full, read-only: the platform said no.
    #[error("{0}")]
    Denied(String),
    /// What is stored cannot be decrypted: the key is not the one that it was encrypted with.
    #[error("what is stored there cannot be decrypted: {0}")]
    WrongKey(String),
    /// What is stored cannot be read: truncated, foreign, altered.
    #[error("what is stored there is damaged: {0}")]
    Corrupt(String),
    /// What is opened to save a grant would be more than the process may have open.
    #[error("too few file descriptors are left to store a grant")]
    FewDescriptors,
    /// Something else stands where a file of ours belongs.
    #[error("`{}`, {what}, {is}", .path.display())]
    InTheWay {
        /// Where.
        path: std::path::PathBuf,
        /// What belongs there: `the list of accounts`.
        what: &'static str,
        /// What is there instead: `is a symbolic link`.
        is: &'static str,
    },
    /// What is stored was written by a newer entrada.
    #[error("it was written by a newer entrada (format {0})")]
    Newer(u64),
    /// The item is too large for this store.
    #[error("the item has {size} bytes, more than the {max} that it can hold")]
    TooLarge {
        /// Bytes of the item.
        size: usize,
        /// Bytes that fit.
        max: usize,
    },
}

fn kind_name(kind: StoreKind) -> &'static str {
    match kind {
        StoreKind::Keyring => "keyring",
        StoreKind::File => "file",
        StoreKind::Keyutils => "keyutils",
        StoreKind::Memory => "memory",
    }
}

/// What the platform said, kept as the cause.
type Cause = Box<dyn std::error::Error + Send + Sync>;

/// A trouble that does not know yet which store met it, and while doing what.
#[derive(Debug)]
struct BackendError {
    trouble: StoreErrorKind,
    source: Option<Cause>,
}

impl BackendError {
    fn new(trouble: StoreErrorKind) -> Self {
        Self { trouble, source: None }
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

    fn because(self, source: impl Into<Cause>) -> Self {
        Self { source: Some(source.into()), ..self }
    }

    fn when(self, kind: StoreKind, action: &'static str) -> StoreError {
        StoreError { kind, action, trouble: self.trouble, source: self.source }
    }
}

/// Beginning of the names of damaged items that were moved out of the way of a sign-in.
const ASIDE: &str = "damaged-";

/// The item that [`Grants::try_out`] writes, and the beginning of the names of those that it writes where it cannot be alone.
const TRIAL: &str = "doctor";

/// Whether an item is of our own housekeeping, and no grant.
fn is_housekeeping(name: &str) -> bool {
    // Names of grants hold `|`.
    !name.contains('|')
        && (name == recovery::NAME || name.starts_with(ASIDE) || name.starts_with(TRIAL))
}

/// What each store does, in the words of its errors.
mod action {
    pub(super) const OPEN: &str = "be opened";
    pub(super) const LOAD: &str = "read the grant";
    pub(super) const SAVE: &str = "save the grant";
    pub(super) const REMOVE: &str = "remove the grant";
    pub(super) const NAMES: &str = "list the grants";
    pub(super) const PREPARE: &str = "prove that it can be written";
    pub(super) const KEEP: &str = "keep the grant aside";
}

/// Lower-case hexadecimal digits of `bytes`.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
