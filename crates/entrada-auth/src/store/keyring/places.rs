//! Where the items are in the keyring, kept beside the list: a keyring that holds thousands of items searches them all, and
//! that for each token. Only hints: what is read there must prove itself, and is searched for if it does not.

use std::path::PathBuf;

use zbus::zvariant::OwnedObjectPath;

use crate::store::disk;
use crate::store::temporary::Temporary;

/// Bytes of an object's path that are believed.
const PATH_MAX: usize = 1024;

/// The hints in one directory.
#[derive(Clone, Debug)]
pub struct Places(PathBuf);

impl Places {
    /// Kept in `dir`.
    pub fn new(dir: PathBuf) -> Self {
        Self(dir)
    }

    /// Where the item `name` was.
    pub(super) fn of(&self, name: &str) -> Option<OwnedObjectPath> {
        let bytes = disk::read(&self.file(name)).ok()??;
        let text = std::str::from_utf8(&bytes).ok().filter(|text| text.len() <= PATH_MAX)?;
        OwnedObjectPath::try_from(text.to_owned()).ok()
    }

    /// Notes where it is.
    pub(super) fn note(&self, name: &str, place: &OwnedObjectPath) {
        let path = self.file(name);
        if disk::private_dir(&self.0).is_ok()
            && let Ok(file) = Temporary::beside(&path)
        {
            // Nothing depends on it.
            let _ = file.become_cache(&path, place.as_bytes());
        }
    }

    /// Forgets it.
    pub(super) fn forget(&self, name: &str) {
        let _ = std::fs::remove_file(self.file(name));
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(format!("{}.at", disk::file_name(name)))
    }
}
