//! The stores: one file or folder for each, behind the trait [`Backend`].
//!
//! [`Memory`] is the smallest one and serves as the example. To add a store:
//!
//! 1. Implement [`Backend`] in a file of this folder. A store with small items sets [`Backend::item_max`], and [`Split`]
//!    then divides larger values.
//! 2. Run `contract::check` on it in its tests.
//! 3. Add a variant to [`StoreKind`], which is the name in flags and configuration, and an arm to `backend` in
//!    `store/open.rs`.
//!
//! A program that uses this library needs none of these: it implements [`Backend`] itself, with
//! [`StoreKind::Custom`] as the kind.

#[cfg(any(test, feature = "testing"))]
pub mod contract;
pub(super) mod file;
mod keyring;
#[cfg(target_os = "linux")]
mod keyutils;
mod memory;
mod split;

pub use file::File;
pub use keyring::{Interaction, KeyringSession, Limits, Native, Notice, TerminationSignal};
#[cfg(target_os = "linux")]
pub use keyring::{ItemPaths, SecretService, SecretServiceOptions, bus_in};
#[cfg(target_os = "linux")]
pub use keyutils::Keyutils;
pub use memory::Memory;
pub use split::Split;

use zeroize::Zeroizing;

use super::{ReservedSpace, StoreError, StoreKind, WritersLock};

/// The bytes of one item, zeroed when dropped.
pub type Bytes = Zeroizing<Vec<u8>>;

/// Checks whether bytes are those of the wanted item.
pub type ItemCheck<'a> = dyn Fn(&[u8]) -> bool + 'a;

/// A store of named bytes. The trait is small: the format of a grant, splitting and versions are implemented once, in
/// the layer above.
pub trait Backend {
    /// The kind of store.
    fn kind(&self) -> StoreKind;
    /// The name of the provider for people: `gnome-keyring`, a path.
    fn describe(&self) -> String;
    /// The bytes under `name`, or `None` if there are none. A backend that does not answer is an error, not a `None`:
    /// "locked" and "empty" need different help.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store does not answer.
    fn load(&self, name: &str) -> Result<Option<Bytes>, StoreError>;
    /// As [`Backend::load`]. A backend that knows a likely path of the item may read that first, and checks
    /// the result with `is_valid`.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store does not answer.
    fn load_checked(
        &self,
        name: &str,
        is_valid: &ItemCheck<'_>,
    ) -> Result<Option<Bytes>, StoreError> {
        let _ = is_valid;
        self.load(name)
    }
    /// Writes `bytes` under `name` atomically: afterwards the item has the old or the new value, never a part.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store refuses the item.
    fn save(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError>;
    /// Reserves `room` bytes of disk space for an item, if items are files, and checks that the save can take its locks.
    ///
    /// # Errors
    ///
    /// The disk is full, or the folder or a lock cannot be written.
    fn reserve_space(&self, room: u64) -> Result<Option<ReservedSpace>, StoreError> {
        let _ = room;
        Ok(None)
    }
    /// The lock that a write shares with others; `None` if there is none.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the lock cannot be opened.
    fn writers_lock(&self) -> Result<Option<WritersLock>, StoreError> {
        Ok(None)
    }
    /// Gives the item `name`, which may be unreadable, the name `new_name`. Its bytes stay unchanged.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be read or written.
    fn move_item(&self, name: &str, new_name: &str) -> Result<(), StoreError> {
        self.load(name)?.map_or(Ok(()), |bytes| self.save(new_name, &bytes))
    }
    /// Removes the item `name`. Returns whether it existed.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be written.
    fn remove(&self, name: &str) -> Result<bool, StoreError>;
    /// Largest size of an item in bytes; `None` if every grant fits.
    fn item_max(&self) -> Option<usize> {
        None
    }
    /// The names of all items, if the platform can list them.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store does not answer.
    fn names(&self) -> Result<Option<Vec<String>>, StoreError>;
}
