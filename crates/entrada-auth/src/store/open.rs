//! Builds the store that the options name.

use std::path::{Path, PathBuf};

use crate::sys::{Env, TextVariable};

use super::{
    Backend, BackendError, File, Grants, Interaction, KeyringSession, Limits, MAKE_KEY, Memory,
    Notice, Split, StoreError, StoreKey, StoreKind, TerminationSignal, action,
};

/// The inputs for building a store. Each kind uses the ones that it needs.
pub struct StoreOptions {
    /// The kind of store.
    pub kind: StoreKind,
    /// The directory of the account list, the locks and the grants kept aside.
    pub state_dir: PathBuf,
    /// The directory of the encrypted files.
    pub data_dir: PathBuf,
    /// The key of the encrypted files.
    pub key: Option<StoreKey>,
    /// How secrets are sent to the Secret Service.
    pub session: KeyringSession,
    /// The address of the D-Bus session, or several separated by `;`. `None` is the default address of systemd user
    /// sessions.
    pub bus: Option<String>,
    /// The service name of the items in a keyring: `entrada`, or another name for a separate set of items.
    pub service: String,
    /// Whether the user may be asked to unlock a keyring.
    pub interaction: Interaction,
    /// The timeouts of keyring calls.
    pub limits: Limits,
    /// Tells the user what entrada is waiting for.
    pub notice: Notice,
    /// Returns the signal that asked the program to end. entrada then stops waiting for a silent keyring.
    pub termination_signal: TerminationSignal,
}

/// Builds the store that `options` names. There is no fallback: a user who chose a keyring must not get a file.
///
/// # Errors
///
/// [`StoreError`] if the store cannot be opened: no key, a wrong key, or another platform.
pub fn open(options: StoreOptions) -> Result<Grants, StoreError> {
    let state_dir = options.state_dir.clone();
    if options.kind == StoreKind::File {
        super::temporary::sweep_next_to(&items_in(&options.data_dir).join("any"));
    }
    Ok(Grants::with_backend(backend(options)?, state_dir))
}

impl Grants {
    /// As [`open()`], for a store of the program's own: items larger than [`Backend::item_max`] are stored in parts, and
    /// files that an interrupted run left in `state_dir` are removed.
    pub fn with_backend(backend: Box<dyn Backend>, state_dir: PathBuf) -> Self {
        let is_small = backend.item_max().is_some();
        let backend = if is_small { Box::new(Split::new(backend)) } else { backend };
        let grants = Self::new(backend, state_dir);
        grants.sweep();
        grants
    }
}

/// The address of the user's D-Bus session, as the environment names it.
pub fn session_bus(env: &Env) -> Option<String> {
    let named = env.get(TextVariable::DbusSessionBusAddress).map(str::to_owned);
    #[cfg(target_os = "linux")]
    let named = named.or_else(|| env.get(TextVariable::XdgRuntimeDir).map(super::bus_in));
    named
}

/// Whether the file store in `data_dir` has never held an item. Any key is valid then.
pub fn is_new(data_dir: &Path) -> bool {
    File::is_new(&items_in(data_dir))
}

/// The folder of the items of the file store in `data_dir`.
pub(super) fn items_in(data_dir: &Path) -> PathBuf {
    data_dir.join("grants")
}

fn backend(options: StoreOptions) -> Result<Box<dyn Backend>, StoreError> {
    match options.kind {
        StoreKind::Keyring => Ok(keyring(options)),
        StoreKind::File => {
            let none = || {
                let text = format!(
                    "it needs a key: make one with `{MAKE_KEY}` and give it in `ENTRADA_STORE_KEY`"
                );
                BackendError::unavailable(text).when(StoreKind::File, action::OPEN)
            };
            let key = options.key.as_ref().ok_or_else(none)?;
            Ok(Box::new(File::new(items_in(&options.data_dir), key)?))
        }
        StoreKind::Keyutils => keyutils(&options),
        StoreKind::Memory => Ok(Box::new(Memory::default())),
        StoreKind::Custom => {
            let text = "it is implemented by the program: pass the backend itself to `Grants::with_backend`";
            Err(BackendError::unavailable(text).when(StoreKind::Custom, action::OPEN))
        }
    }
}

#[cfg(target_os = "linux")]
fn keyring(options: StoreOptions) -> Box<dyn Backend> {
    let settings = super::SecretServiceOptions {
        address: options.bus,
        service: options.service,
        session: options.session,
        interaction: options.interaction,
        limits: options.limits,
        termination_signal: options.termination_signal,
        item_paths: Some(super::ItemPaths::new(options.state_dir.join("keyring"))),
    };
    Box::new(super::SecretService::new(settings, options.notice))
}

#[cfg(not(target_os = "linux"))]
fn keyring(options: StoreOptions) -> Box<dyn Backend> {
    Box::new(super::Native::new(options.service, options.interaction, options.limits))
}

#[cfg(target_os = "linux")]
fn keyutils(options: &StoreOptions) -> Result<Box<dyn Backend>, StoreError> {
    Ok(Box::new(super::Keyutils::new(&options.service)?))
}

#[cfg(not(target_os = "linux"))]
fn keyutils(_: &StoreOptions) -> Result<Box<dyn Backend>, StoreError> {
    let fault = BackendError::unavailable("it is available on Linux only");
    Err(fault.when(StoreKind::Keyutils, action::OPEN))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StoreErrorKind;
    use entrada_core::Secret;

    fn options(kind: StoreKind) -> StoreOptions {
        StoreOptions {
            kind,
            state_dir: PathBuf::from("/nowhere/state"),
            data_dir: PathBuf::from("/nowhere/data"),
            key: None,
            session: KeyringSession::default(),
            bus: None,
            service: "entrada".to_owned(),
            interaction: Interaction::Forbidden,
            limits: Limits::default(),
            notice: Box::new(|_| ()),
            termination_signal: || None,
        }
    }

    #[test]
    fn each_kind_opens_the_requested_store() {
        let key = Some(StoreKey::Raw(Secret::new("11".repeat(32))));
        let file = open(StoreOptions { key, ..options(StoreKind::File) }).unwrap();
        let folder = Path::new("/nowhere/data").join("grants");
        assert_eq!(file.describe(), format!("encrypted files in `{}`", folder.display()));
        for kind in [StoreKind::Keyring, StoreKind::Memory] {
            assert_eq!(open(options(kind)).unwrap().kind(), kind);
        }
    }

    #[test]
    fn files_without_a_key_are_refused_with_the_fix() {
        let Err(error) = open(options(StoreKind::File)) else { panic!("opened without a key") };
        assert!(matches!(error.reason, StoreErrorKind::Unavailable(_)));
        assert!(error.to_string().contains(MAKE_KEY), "{error}");
    }
}
