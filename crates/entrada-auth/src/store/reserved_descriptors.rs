//! File descriptors reserved for a save, so that the grant can be stored even if the network connections use up the
//! rest.

use super::BackendError;
#[cfg(unix)]
use super::StoreErrorKind;

/// As many as are open at the same time when the signed-in user is looked up and the grant is stored.
#[cfg(unix)]
const COUNT: usize = 8;

/// Descriptors that are reserved until this is dropped.
#[cfg(unix)]
pub(super) struct ReservedDescriptors {
    _descriptors: Vec<std::os::fd::OwnedFd>,
}

#[cfg(unix)]
impl ReservedDescriptors {
    /// Reserves the descriptors.
    pub(super) fn reserve() -> Result<Self, BackendError> {
        let stdin = rustix::stdio::stdin();
        let taken: Result<Vec<_>, _> =
            (0..COUNT).map(|_| rustix::io::fcntl_dupfd_cloexec(stdin, 3)).collect();
        let few = |error: rustix::io::Errno| {
            BackendError::new(StoreErrorKind::FewDescriptors)
                .with_source(std::io::Error::from(error))
        };
        Ok(Self { _descriptors: taken.map_err(few)? })
    }
}

/// Other platforms have no such limit.
#[cfg(not(unix))]
pub(super) struct ReservedDescriptors;

#[cfg(not(unix))]
impl ReservedDescriptors {
    #[expect(clippy::unnecessary_wraps, reason = "it can fail elsewhere")]
    pub(super) fn reserve() -> Result<Self, BackendError> {
        Ok(Self)
    }
}
