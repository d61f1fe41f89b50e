//! Maps errors of the Secret Service and D-Bus to store errors that say what the user can do.

use std::io;

use zbus::DBusError as _;

use super::address::Address;
use crate::store::{BackendError, SourceError, StoreErrorKind};
use entrada_core::clean;

/// No connection to the bus at `address`.
pub(super) fn no_session(address: &Address, error: impl Into<SourceError>) -> BackendError {
    BackendError::unavailable(format!("no D-Bus session at `{}`", address.text)).with_source(error)
}

/// The error for a session without any usable bus. Each of `failed` has its address and the reason: an unusable
/// address or a failed connection.
pub(super) fn no_sessions(failed: Vec<(Address, Option<io::Error>)>) -> BackendError {
    let (mut tried, mut unusable, mut cause) = (Vec::new(), Vec::new(), None);
    for (address, error) in failed {
        match (&address.socket, error) {
            (Err(why), _) => unusable.push(format!("the D-Bus address `{}` {why}", address.text)),
            (Ok(_), error) => {
                tried.push(format!("`{}`", address.text));
                cause = cause.or(error);
            }
        }
    }
    if !tried.is_empty() {
        unusable.insert(0, format!("no D-Bus session at {}", tried.join(" or ")));
    }
    let fault = BackendError::unavailable(unusable.join("; "));
    match cause {
        Some(cause) => fault.with_source(cause),
        None => fault,
    }
}

/// Maps an error of the secret-service crate.
pub(super) fn from_service(error: secret_service::Error) -> BackendError {
    use secret_service::Error;
    match error {
        Error::Zbus(error) => from_bus(error),
        Error::ZbusFdo(error) => from_bus(error.into()),
        Error::Locked => BackendError::new(StoreErrorKind::Locked),
        Error::Prompt => BackendError::new(StoreErrorKind::Dismissed),
        Error::Unavailable => BackendError::unavailable(NO_PROVIDER).with_source(error),
        Error::PromptDisconnected => BackendError::unavailable(WENT_AWAY).with_source(error),
        Error::NoResult => {
            BackendError::unavailable("the keyring did not return an item").with_source(error)
        }
        other => BackendError::denied("the keyring's answer cannot be read").with_source(other),
    }
}

const NO_PROVIDER: &str = "no program provides `org.freedesktop.secrets` on the D-Bus session: start gnome-keyring, \
                           KeePassXC or KWallet";
const WENT_AWAY: &str = "the keyring's program ended during the request";

/// Maps an error of D-Bus.
pub(super) fn from_bus(error: zbus::Error) -> BackendError {
    let Some((name, text)) = name_and_text(&error) else {
        return match &error {
            zbus::Error::InputOutput(io) if io.kind() == io::ErrorKind::TimedOut => {
                BackendError::unavailable("the keyring did not answer").with_source(error)
            }
            zbus::Error::InputOutput(_) => BackendError::unavailable(WENT_AWAY).with_source(error),
            _ => BackendError::denied("the keyring's answer cannot be read").with_source(error),
        };
    };
    let fault = match name.strip_prefix("org.freedesktop.DBus.Error.").unwrap_or(&name) {
        "org.freedesktop.Secret.Error.IsLocked" => BackendError::new(StoreErrorKind::Locked),
        "ServiceUnknown" | "NameHasNoOwner" => BackendError::unavailable(NO_PROVIDER),
        spawn if spawn.starts_with("Spawn.") => BackendError::unavailable(NO_PROVIDER),
        "NoReply" | "Disconnected" => BackendError::unavailable(WENT_AWAY),
        _ => {
            let text = if text.is_empty() { &name } else { &text };
            BackendError::denied(format!("the keyring refused: {}", clean(text)))
        }
    };
    fault.with_source(error)
}

/// Whether the error says that the called object does not exist.
pub(super) fn is_missing_object(error: &secret_service::Error) -> bool {
    let name = match error {
        secret_service::Error::Zbus(error) => name_and_text(error).map(|(name, _)| name),
        secret_service::Error::ZbusFdo(error) => Some(error.name().to_string()),
        _ => None,
    };
    name.is_some_and(|name| {
        let last = name.rsplit('.').next().unwrap_or_default();
        ["NoSuchObject", "UnknownObject", "UnknownMethod", "UnknownInterface"].contains(&last)
    })
}

fn name_and_text(error: &zbus::Error) -> Option<(String, String)> {
    match error {
        zbus::Error::MethodError(name, text, _) => {
            Some((name.to_string(), text.clone().unwrap_or_default()))
        }
        zbus::Error::FDO(error) => match &**error {
            zbus::fdo::Error::ZBus(inner) => name_and_text(inner),
            other => {
                let text = other.description().unwrap_or_default().to_owned();
                Some((other.name().to_string(), text))
            }
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_answer_maps_to_the_error_that_says_what_to_do() {
        use zbus::fdo::Error;
        let trouble_of = |error: Error| from_bus(error.into()).reason;
        let text = || "no".to_owned();
        assert!(
            trouble_of(Error::ServiceUnknown(text())).to_string().contains("no program provides")
        );
        assert!(trouble_of(Error::NoReply(text())).to_string().contains("ended"));
        let refused = "the keyring refused: no".to_owned();
        assert_eq!(
            trouble_of(Error::Failed("n\u{1b}[2Jo".to_owned())),
            StoreErrorKind::Denied(refused)
        );
        assert_eq!(from_service(secret_service::Error::Locked).reason, StoreErrorKind::Locked);
        assert_eq!(from_service(secret_service::Error::Prompt).reason, StoreErrorKind::Dismissed);
    }
}
