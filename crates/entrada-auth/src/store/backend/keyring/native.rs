//! The platform's keyring through the `keyring` crate: Keychain on macOS, Credential Manager on Windows.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use keyring_core::{CredentialStore, Error};

use super::{Interaction, Limits};
use crate::store::{
    Backend, BackendError, Bytes, StoreError, StoreErrorKind, StoreKind, action, deadline,
};
use entrada_core::clean;

/// Bytes that one Windows credential can hold (`CRED_MAX_CREDENTIAL_BLOB_SIZE`, 5 × 512).
const CREDENTIAL_BLOB_MAX: usize = 2560;

/// The error text for an item that another process is removing (`ERROR_KEY_DELETED`), under wine. Windows has no such error.
const BEING_REMOVED: &str = "Windows error code 1018";

/// Items of one service in the platform's keyring.
pub struct Native {
    service: String,
    limit: Duration,
    store: Option<Arc<CredentialStore>>,
}

impl Native {
    /// Items of `service` in the platform's default keyring.
    pub fn new(service: String, interaction: Interaction, limits: Limits) -> Self {
        let limit = match interaction {
            Interaction::Allowed => limits.dialog,
            Interaction::Forbidden => limits.answer,
        };
        Self { service, limit, store: None }
    }

    #[cfg(test)]
    fn over(store: Arc<CredentialStore>) -> Self {
        let limit = Limits::default().answer;
        Self { service: "entrada-test".to_owned(), limit, store: Some(store) }
    }

    /// Runs `work` with the store, under the time limit.
    fn run<T: Send + 'static>(
        &self,
        action: &'static str,
        work: impl FnOnce(&CredentialStore, &str) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (store, service) = (self.store.clone(), self.service.clone());
        let run = move || {
            let store = store.map_or_else(platform_store, Ok)?;
            work(&*store, &service).map_err(fault)
        };
        let result = deadline::within(self.limit, run).and_then(|result| result);
        result.map_err(|fault| fault.when(StoreKind::Keyring, action))
    }
}

/// The store that the `keyring` crate chooses, opened once per process.
fn platform_store() -> Result<Arc<CredentialStore>, BackendError> {
    // Opened here because the error of `AccountEntry::new` does not contain the reason.
    keyring::Entry::store_status().as_ref().map_err(|error| {
        let text = format!("the keyring cannot be reached: {}", clean(&error.to_string()));
        BackendError::unavailable(text)
    })?;
    let none = || BackendError::unavailable("the keyring cannot be reached");
    keyring_core::get_default_store().ok_or_else(none)
}

impl Backend for Native {
    fn kind(&self) -> StoreKind {
        StoreKind::Keyring
    }

    fn describe(&self) -> String {
        let name = if cfg!(target_os = "macos") {
            "the macOS keychain"
        } else if cfg!(windows) {
            "the Windows Credential Manager"
        } else {
            "the Secret Service"
        };
        name.to_owned()
    }

    fn load(&self, name: &str) -> Result<Option<Bytes>, StoreError> {
        let name = name.to_owned();
        self.run(action::LOAD, move |store, service| {
            absent_as_none(store.build(service, &name, None)?.get_secret().map(Bytes::new))
        })
    }

    fn save(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let (name, bytes) = (name.to_owned(), Bytes::new(bytes.to_vec()));
        self.run(action::SAVE, move |store, service| {
            // Not `set_password`: on Windows it stores UTF-16, which halves the usable size.
            store.build(service, &name, None)?.set_secret(&bytes)
        })
    }

    fn remove(&self, name: &str) -> Result<bool, StoreError> {
        let name = name.to_owned();
        self.run(action::REMOVE, move |store, service| {
            let removed = store.build(service, &name, None)?.delete_credential();
            absent_as_none(removed).map(|removed| removed.is_some())
        })
    }

    fn item_max(&self) -> Option<usize> {
        cfg!(windows).then_some(CREDENTIAL_BLOB_MAX)
    }

    fn names(&self) -> Result<Option<Vec<String>>, StoreError> {
        self.run(action::NAMES, |store, service| {
            // Windows credentials can be searched only by their target name, `user.service`.
            let pattern = format!(".*\\.{service}$");
            let spec =
                if cfg!(windows) { ("pattern", pattern.as_str()) } else { ("service", service) };
            let entries = match store.search(&HashMap::from([spec])) {
                Err(Error::NotSupportedByStore(_)) => return Ok(None),
                other => other?,
            };
            let own = entries.iter().filter_map(keyring_core::Entry::get_specifiers);
            Ok(Some(own.filter(|(its, _)| its == service).map(|(_, user)| user).collect()))
        })
    }
}

fn absent_as_none<T>(result: Result<T, Error>) -> Result<Option<T>, Error> {
    match result {
        Err(Error::NoEntry) => Ok(None),
        Err(Error::PlatformFailure(cause)) if cause.to_string() == BEING_REMOVED => Ok(None),
        other => other.map(Some),
    }
}

fn fault(error: Error) -> BackendError {
    let text_of = |error: &dyn std::fmt::Display| clean(&error.to_string()).into_owned();
    match error {
        Error::NoStorageAccess(cause) => {
            BackendError::new(StoreErrorKind::Locked).with_source(cause)
        }
        Error::TooLong(_, max) => {
            let max = usize::try_from(max).unwrap_or(usize::MAX);
            BackendError::denied(format!("the item's name or value is longer than {max}"))
        }
        // The `Debug` output of these errors contains the item's bytes, so it is not used.
        Error::BadEncoding(_) | Error::BadDataFormat(..) => {
            BackendError::corrupt("the platform cannot decode it")
        }
        Error::BadStoreFormat(text) => BackendError::corrupt(text_of(&text)),
        Error::Ambiguous(all) => BackendError::denied(format!(
            "{} items have the same name; remove all but one",
            all.len()
        )),
        Error::NoDefaultStore => BackendError::unavailable("the keyring cannot be reached"),
        Error::PlatformFailure(cause) => {
            BackendError::denied(format!("the keyring refused: {}", text_of(&cause)))
                .with_source(cause)
        }
        other => BackendError::denied(format!("the keyring refused: {}", text_of(&other))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Split, contract};

    /// A store for the keyring crate that cannot search, with the size limit of a Windows credential.
    struct Lowered(Native);

    impl Backend for Lowered {
        fn kind(&self) -> StoreKind {
            self.0.kind()
        }
        fn describe(&self) -> String {
            self.0.describe()
        }
        fn load(&self, name: &str) -> Result<Option<Bytes>, StoreError> {
            self.0.load(name)
        }
        fn save(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
            assert!(bytes.len() <= CREDENTIAL_BLOB_MAX);
            self.0.save(name, bytes)
        }
        fn remove(&self, name: &str) -> Result<bool, StoreError> {
            self.0.remove(name)
        }
        fn item_max(&self) -> Option<usize> {
            Some(CREDENTIAL_BLOB_MAX)
        }
        fn names(&self) -> Result<Option<Vec<String>>, StoreError> {
            Ok(None)
        }
    }

    #[test]
    fn the_keyring_crate_keeps_the_contract_whole_and_in_parts() {
        let native = || Native::over(keyring_core::mock::Store::new().unwrap());
        contract::check(&Split::new(Box::new(Lowered(native()))));
    }

    #[test]
    fn an_item_that_is_being_removed_is_absent() {
        let refused = |text: &str| Err::<(), _>(Error::PlatformFailure(text.into()));
        assert!(absent_as_none(refused(BEING_REMOVED)).unwrap().is_none());
        assert!(absent_as_none(refused("Windows error code 101")).is_err());
    }

    #[test]
    fn each_refusal_maps_to_the_error_that_says_what_to_do() {
        let cause = || -> Box<dyn std::error::Error + Send + Sync> { "no".into() };
        assert_eq!(fault(Error::NoStorageAccess(cause())).reason, StoreErrorKind::Locked);
        let denied = fault(Error::PlatformFailure(cause())).reason;
        assert_eq!(denied, StoreErrorKind::Denied("the keyring refused: no".to_owned()));
        let corrupt = fault(Error::BadEncoding(b"hunter2".to_vec()));
        assert!(!format!("{corrupt:?}").contains("104"), "{corrupt:?}");
        assert!(matches!(corrupt.reason, StoreErrorKind::Corrupt(_)));
    }
}
