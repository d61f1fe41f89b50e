//! The public keys of authorities, with which ID tokens are checked. A cache: they may be lost, and are then asked for again.

use std::path::PathBuf;

use super::temporary::Temporary;
use super::{Bytes, Grants, disk};

impl Grants {
    /// The signing keys of an authority that were kept under the address `url`.
    pub fn signing_keys(&self, url: &str) -> Option<Bytes> {
        disk::read(&self.signing_keys_path(url)).ok()?
    }

    /// Keeps the signing keys that `url` publishes, which are public. They may be lost: then they are asked for again.
    pub fn keep_signing_keys(&self, url: &str, keys: &str) {
        let path = self.signing_keys_path(url);
        let is_known = disk::read(&path)
            .is_ok_and(|known| known.is_some_and(|known| *known == *keys.as_bytes()));
        if !is_known
            && path.parent().is_some_and(|dir| disk::private_dir(dir).is_ok())
            && let Ok(file) = Temporary::beside(&path)
        {
            let _ = file.become_cache(&path, keys.as_bytes());
        }
    }

    fn signing_keys_path(&self, url: &str) -> PathBuf {
        self.state_dir.join("signing-keys").join(format!("{}.json", disk::file_name(url)))
    }
}
