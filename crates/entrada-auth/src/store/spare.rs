//! File descriptors set aside for a save: whatever the network opens meanwhile, the grant that it brings can be stored.

use super::BackendError;
#[cfg(unix)]
use super::StoreErrorKind;

/// As many as looking up who signed in and storing the grant open at the same time.
#[cfg(unix)]
const COUNT: usize = 8;

/// Descriptors that nobody else gets as long as this lives.
#[cfg(unix)]
pub(super) struct Spare {
    _descriptors: Vec<std::os::fd::OwnedFd>,
}

#[cfg(unix)]
impl Spare {
    /// Sets them aside.
    pub(super) fn take() -> Result<Self, BackendError> {
        let stdin = rustix::stdio::stdin();
        let taken: Result<Vec<_>, _> =
            (0..COUNT).map(|_| rustix::io::fcntl_dupfd_cloexec(stdin, 3)).collect();
        let few = |error: rustix::io::Errno| {
            BackendError::new(StoreErrorKind::FewDescriptors).because(std::io::Error::from(error))
        };
        Ok(Self { _descriptors: taken.map_err(few)? })
    }
}

/// Elsewhere there is no such limit.
#[cfg(not(unix))]
pub(super) struct Spare;

#[cfg(not(unix))]
impl Spare {
    #[expect(clippy::unnecessary_wraps, reason = "it can fail elsewhere")]
    pub(super) fn take() -> Result<Self, BackendError> {
        Ok(Self)
    }
}
