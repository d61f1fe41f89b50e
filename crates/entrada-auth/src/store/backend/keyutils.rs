//! The Linux kernel's keys: fast, and in memory only. They expire after three days without use and at a reboot.

use linux_keyutils::{Key, KeyError, KeyRing, KeyRingIdentifier};

use super::{Backend, Bytes};
use crate::store::{BackendError, StoreError, StoreErrorKind, StoreKind, action};

/// Bytes that a key of the type `user` can hold (`keyctl(2)`), minus the prefix.
const ITEM_MAX: usize = 32_767 - MARK.len();

/// Prefix of each value: the kernel refuses an empty key.
const MARK: &[u8] = b"=";

/// How many links of the user's keyring are read: far more than the usual quota of 200 keys.
const LINKS_MAX: usize = 4096;

/// Keys in the user's persistent keyring (`persistent-keyring(7)`), shared by all sessions of the user.
pub struct Keyutils {
    ring: KeyRing,
    prefix: String,
}

impl Keyutils {
    /// Keys described as `{service}:{name}`.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the kernel has no keyring for this user.
    pub fn new(service: &str) -> Result<Self, StoreError> {
        // The user's keyring is linked to this process's keyring, so that the process possesses the keys. The
        // session's keyring may be missing or revoked, as in cron jobs and containers.
        let ring = KeyRing::get_persistent(KeyRingIdentifier::Process);
        let ring = ring.map_err(|error| fault(error).when(StoreKind::Keyutils, action::OPEN))?;
        Ok(Self { ring, prefix: format!("{service}:") })
    }

    fn find(&self, name: &str) -> Result<Option<Key>, KeyError> {
        match self.ring.search(&format!("{}{name}", self.prefix)) {
            Ok(key) => Ok(Some(key)),
            Err(KeyError::KeyDoesNotExist | KeyError::KeyExpired | KeyError::KeyRevoked) => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn read(&self, name: &str) -> Result<Option<Bytes>, BackendError> {
        let Some(key) = self.find(name).map_err(fault)? else { return Ok(None) };
        let bytes = Bytes::new(key.read_to_vec().map_err(fault)?);
        let value = bytes.strip_prefix(MARK);
        let value = value.ok_or_else(|| BackendError::corrupt("not written by entrada"))?;
        Ok(Some(Bytes::new(value.to_vec())))
    }

    fn list(&self) -> Result<Vec<String>, KeyError> {
        let mut names = Vec::new();
        for key in
            self.ring.get_links(LINKS_MAX)?.iter().filter_map(linux_keyutils::LinkNode::as_key)
        {
            // A key may be removed during the search.
            let Ok(metadata) = key.metadata() else { continue };
            names.extend(metadata.get_description().strip_prefix(&self.prefix).map(str::to_owned));
        }
        Ok(names)
    }
}

impl Backend for Keyutils {
    fn kind(&self) -> StoreKind {
        StoreKind::Keyutils
    }

    fn describe(&self) -> String {
        "the Linux kernel's keys; they expire 3 days after the last use, or at a reboot".to_owned()
    }

    fn load(&self, name: &str) -> Result<Option<Bytes>, StoreError> {
        self.read(name).map_err(|fault| fault.when(StoreKind::Keyutils, action::LOAD))
    }

    fn save(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let mut value = Bytes::new(Vec::with_capacity(MARK.len() + bytes.len()));
        value.extend_from_slice(MARK);
        value.extend_from_slice(bytes);
        // An existing key of this description is updated in place (`add_key(2)`).
        let added = self.ring.add_key(&format!("{}{name}", self.prefix), &*value);
        added.map(drop).map_err(|error| {
            let fault = if ITEM_MAX < bytes.len() {
                let (size, max) = (bytes.len(), ITEM_MAX);
                BackendError::new(StoreErrorKind::TooLarge { size, max })
            } else {
                fault(error)
            };
            fault.when(StoreKind::Keyutils, action::SAVE)
        })
    }

    fn remove(&self, name: &str) -> Result<bool, StoreError> {
        let remove = || {
            let Some(key) = self.find(name)? else { return Ok(false) };
            key.invalidate()?;
            Ok(true)
        };
        remove().map_err(|error| fault(error).when(StoreKind::Keyutils, action::REMOVE))
    }

    fn item_max(&self) -> Option<usize> {
        Some(ITEM_MAX)
    }

    fn names(&self) -> Result<Option<Vec<String>>, StoreError> {
        self.list().map(Some).map_err(|error| fault(error).when(StoreKind::Keyutils, action::NAMES))
    }
}

fn fault(error: KeyError) -> BackendError {
    let fault = match error {
        KeyError::QuotaExceeded => BackendError::denied(
            "the kernel's quota for this user's keys is used up (see `/proc/sys/kernel/keys`)",
        ),
        KeyError::AccessDenied | KeyError::PermissionDenied => BackendError::denied(
            "the kernel does not let this process use the user's keys, as is usual in containers",
        ),
        KeyError::OperationNotSupported | KeyError::Unknown(_) => {
            BackendError::unavailable("this kernel does not support persistent keys")
        }
        _ => BackendError::denied("the kernel refused"),
    };
    fault.with_source(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::contract;

    #[test]
    fn keys_keep_the_contract_where_the_kernel_allows_them() {
        let service = format!("entrada-test-{}", std::process::id());
        match Keyutils::new(&service) {
            Ok(store) => contract::check(&store),
            Err(error) => {
                assert!(matches!(
                    error.reason,
                    StoreErrorKind::Denied(_) | StoreErrorKind::Unavailable(_)
                ));
            }
        }
    }

    #[test]
    fn refusals_say_why() {
        for (error, word) in [
            (KeyError::QuotaExceeded, "quota"),
            (KeyError::AccessDenied, "does not let"),
            (KeyError::Unknown(38), "not support persistent keys"),
        ] {
            assert!(fault(error).reason.to_string().contains(word));
        }
    }
}
