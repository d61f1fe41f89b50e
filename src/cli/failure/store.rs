//! What to do about a store that cannot be used, and about locks that cannot be had.

use std::error::Error as StdError;
use std::io;

use super::Failure;
use crate::cli::{Exit, platform};
use entrada_auth::store::{LockError, StoreError, StoreErrorKind, StoreKind};
use entrada_auth::sys::Interrupted;
use entrada_core::shell_quoted;

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        if let StoreErrorKind::Interrupted(signal) = error.reason {
            return Interrupted { signal }.into();
        }
        let failure = Self::of(Exit::Store, &error);
        match (&error.reason, error.kind) {
            (StoreErrorKind::Locked, StoreKind::Keyring) => failure.help(platform::UNLOCK_KEYRING),
            (StoreErrorKind::Dismissed, _) => {
                failure.help("run the command again and unlock the keyring when asked")
            }
            (StoreErrorKind::OtherOwner { .. }, _) => failure.help(
                "use a session of your own: `sudo` without `-E`, or unset DBUS_SESSION_BUS_ADDRESS and XDG_RUNTIME_DIR; or keep \
                 grants in an encrypted file: `--store file` with a key in ENTRADA_STORE_KEY",
            ),
            (StoreErrorKind::TimedOut(_), StoreKind::Keyring) => failure.help(
                "the keyring's program may be waiting for an answer in its own window: answer there; otherwise restart that \
                 program, or log in again",
            ),
            (StoreErrorKind::Unavailable(_), StoreKind::Keyring) => failure.help(format!(
                "{}: `entrada config init` makes their key; without questions: `{}`, then `--store file --store-key-file FILE`",
                platform::START_KEYRING,
                platform::MAKE_KEY_FILE,
            )),
            (StoreErrorKind::WrongKey(_), _) => failure
                .help(
                    "the key is most likely not the one that the store was created with: check ENTRADA_STORE_KEY, \
                     `--store-key-file` or the passphrase; with the right one nothing is lost",
                )
                .help(
                    "only if that key is lost, or every file damaged: `entrada logout --everything` removes all sign-ins of the store, \
                     and `entrada login` signs in again",
                ),
            (StoreErrorKind::WrongKeyKind { made_with: "passphrase", .. }, _) => failure
                .help(
                    "type the passphrase: run the command at a terminal, without ENTRADA_STORE_KEY and `--store-key-file`",
                )
                .help(
                    "or encrypt the store with that key: `entrada store rekey` asks for the passphrase once",
                ),
            (StoreErrorKind::WrongKeyKind { .. }, _) => failure.help(
                "give that key in ENTRADA_STORE_KEY, or name its file with `--store-key-file`; with it nothing is lost",
            ),
            (StoreErrorKind::RekeyUnfinished(_), _) => failure.help(
                "wait until `entrada store rekey` has ended, if it still runs; if it was interrupted, run `entrada store rekey` again, as \
                 it was run before: it continues, and nothing is lost",
            ),
            (StoreErrorKind::Corrupt(_), StoreKind::File) => failure.help(
                "check the key (ENTRADA_STORE_KEY, `--store-key-file`) or the passphrase: with the right one nothing is lost; if the file \
                 itself is damaged, `entrada login --replace-damaged` moves it aside and signs in again, and `entrada logout` clears \
                 it (`--all` where no one account is named)",
            ),
            (StoreErrorKind::Corrupt(_), _) => failure.help(
                "nothing was changed; `entrada login --replace-damaged` moves the damaged item aside and signs in again, and \
                 `entrada logout` clears it (`--all` where no one account is named)",
            ),
            (StoreErrorKind::FewDescriptors, _) => failure.help("allow more: `ulimit -n 64`"),
            (StoreErrorKind::NotAFile { path, is, .. }, _) => failure.help(format!(
                "remove it: `{}`; entrada rebuilds the list from the store",
                platform::remove_command(
                    &shell_quoted(&path.to_string_lossy()),
                    *is == "is a directory"
                ),
            )),
            (StoreErrorKind::Denied(_), StoreKind::File) if is_of_place(error.source.as_deref()) => {
                failure.help(platform::NAME_STORE_FOLDERS)
            }
            (StoreErrorKind::Denied(_), _) if is_full(error.source.as_deref()) => failure.help(FULL),
            (StoreErrorKind::Newer(_), _) => failure.help("use that newer entrada; nothing was changed"),
            _ => failure,
        }
    }
}

impl From<LockError> for Failure {
    fn from(error: LockError) -> Self {
        let (exit, help) = match error {
            LockError::Held { .. } => {
                (Exit::Busy, "wait for it to end, or give `--lock-timeout` more time".to_owned())
            }
            LockError::GaveUp { .. } => (Exit::Interrupted, "run it again".to_owned()),
            LockError::Refused { ref source, .. } if is_full(Some(&**source)) => {
                (Exit::Store, FULL.to_owned())
            }
            LockError::Refused { .. } => (
                Exit::Store,
                format!(
                    "nothing was changed, and a stored token that is still valid is used anyway; to renew one, make that \
                     folder writable, or name another with {}",
                    platform::STATE_VARIABLE
                ),
            ),
        };
        Self::of(exit, &error).help(help)
    }
}

/// What to do about a disk that takes no more.
const FULL: &str = "make room on that disk, and run it again; nothing was changed";

/// What the system said where it did not let something be written or read.
type Source<'a> = Option<&'a (dyn StdError + Send + Sync + 'static)>;

fn kind_of(source: Source<'_>) -> Option<io::ErrorKind> {
    Some(source?.downcast_ref::<io::Error>()?.kind())
}

/// Whether another place would do.
fn is_of_place(source: Source<'_>) -> bool {
    use io::ErrorKind::{
        AlreadyExists, NotADirectory, NotFound, PermissionDenied, ReadOnlyFilesystem,
    };
    let of_place = [AlreadyExists, NotADirectory, NotFound, PermissionDenied, ReadOnlyFilesystem];
    kind_of(source).is_some_and(|kind| of_place.contains(&kind))
}

fn is_full(source: Source<'_>) -> bool {
    use io::ErrorKind::{QuotaExceeded, StorageFull};
    matches!(kind_of(source), Some(QuotaExceeded | StorageFull))
}
