//! A cache of the items' object paths in the keyring, stored next to the account list. A keyring with thousands of
//! items searches all of them for each token. The paths are only hints: the item at a path is verified, and searched
//! for if the check fails.

use std::path::PathBuf;

use zbus::zvariant::OwnedObjectPath;

use crate::store::disk;
use crate::store::temporary::Temporary;

/// The longest object path in bytes that is accepted.
const PATH_MAX: usize = 1024;

/// The hints in one directory.
#[derive(Clone, Debug)]
pub struct ItemPaths(PathBuf);

impl ItemPaths {
    /// A cache in `dir`.
    pub fn new(dir: PathBuf) -> Self {
        Self(dir)
    }

    /// The last known path of the item `name`.
    pub(super) fn get(&self, name: &str) -> Option<OwnedObjectPath> {
        let bytes = disk::read(&self.file(name)).ok()??;
        let text = std::str::from_utf8(&bytes).ok().filter(|text| text.len() <= PATH_MAX)?;
        OwnedObjectPath::try_from(text.to_owned()).ok()
    }

    /// Stores the path of the item.
    pub(super) fn put(&self, name: &str, item_path: &OwnedObjectPath) {
        let path = self.file(name);
        if disk::private_dir(&self.0).is_ok()
            && let Ok(file) = Temporary::create_for(&path)
        {
            // The cache may be lost.
            let _ = file.become_cache(&path, item_path.as_bytes());
        }
    }

    /// Removes the path.
    pub(super) fn remove(&self, name: &str) {
        let _ = std::fs::remove_file(self.file(name));
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(format!("{}.at", disk::file_name(name)))
    }
}
