//! The public keys of authorities, used to validate ID tokens. This is a cache: lost keys are fetched again.

use std::path::PathBuf;

use super::temporary::Temporary;
use super::{Bytes, Grants, disk};

impl Grants {
    /// The cached signing keys that were fetched from `url`.
    pub fn signing_keys(&self, url: &str) -> Option<Bytes> {
        disk::read(&self.signing_keys_path(url)).ok()?
    }

    /// Caches the public signing keys that `url` publishes. They may be lost: then they are fetched again.
    pub fn keep_signing_keys(&self, url: &str, keys: &str) {
        let path = self.signing_keys_path(url);
        let is_known = disk::read(&path)
            .is_ok_and(|known| known.is_some_and(|known| *known == *keys.as_bytes()));
        if !is_known
            && path.parent().is_some_and(|dir| disk::private_dir(dir).is_ok())
            && let Ok(file) = Temporary::create_for(&path)
        {
            let _ = file.become_cache(&path, keys.as_bytes());
        }
    }

    fn signing_keys_path(&self, url: &str) -> PathBuf {
        self.state_dir.join("signing-keys").join(format!("{}.json", disk::file_name(url)))
    }
}
