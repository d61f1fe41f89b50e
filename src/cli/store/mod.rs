//! The store of a run: which one the settings name, and the key of the `file` store.

use std::path::Path;

use super::app::App;
use super::{Exit, Failure};
use crate::config::Settings;
use entrada_auth::store::{self, Grants, Interaction, StoreKey, StoreKind};
use entrada_auth::sys::{FileTrust, SMALL_FILE_MAX, read_input_file, say, termination_signal};
use entrada_core::{Secret, clean};

impl App<'_, '_> {
    /// The store that the settings name.
    pub(super) fn grants(&self, settings: &Settings) -> Result<Grants, Failure> {
        let interaction = self.interaction(settings);
        let paths = self.paths()?;
        let kind = settings.get(|layer| &layer.store).unwrap_or_default();
        let key = match kind {
            StoreKind::File => Some(self.store_key(settings, interaction)?),
            StoreKind::Keyring | StoreKind::Keyutils | StoreKind::Memory | StoreKind::Custom => {
                None
            }
        };
        let redactor = self.redactor.clone();
        let grants = store::open(store::StoreOptions {
            kind,
            state_dir: paths.state,
            data_dir: paths.data,
            key,
            session: settings.get(|layer| &layer.keyring_session).unwrap_or_default(),
            bus: store::session_bus(self.sys.env),
            service: "entrada".to_owned(),
            interaction,
            limits: store::Limits::default(),
            notice: Box::new(move |text| say(&redactor.text(text))),
            termination_signal,
        })?;
        Ok(grants.with_redactor(self.redactor.clone()))
    }

    /// The key of the `file` store: a variable, a file, or a passphrase from the terminal.
    fn store_key(
        &self,
        settings: &Settings,
        interaction: Interaction,
    ) -> Result<StoreKey, Failure> {
        if let Some(key) = self.sys.env.own("STORE_KEY") {
            self.redactor.register(key);
            return Ok(StoreKey::Raw(Secret::new(key)));
        }
        if let Some(path) = settings.get(|layer| &layer.store_key_file) {
            self.reading(Path::new(&path))?;
            let key = key_in(Path::new(&path))?;
            self.redactor.register(key.expose());
            return Ok(StoreKey::Raw(key));
        }
        if interaction == Interaction::Forbidden {
            return Err(Failure::new(Exit::Store, "the file store has no key").help(
                "make one with `openssl rand -base64 32` and give it in ENTRADA_STORE_KEY, or name its file with \
                 `--store-key-file`",
            ));
        }
        let ask = |prompt: &str| self.sys.terminal.read_password(prompt);
        if !store::is_new(&self.paths()?.data) {
            return Ok(StoreKey::Passphrase(ask("Passphrase of the entrada store: ")?));
        }
        // A typing error could not be detected later.
        let chosen = ask("Choose a passphrase for the entrada store: ")?;
        if chosen.expose().is_empty() {
            return Err(Failure::usage("a passphrase has at least one character"));
        }
        if ask("Repeat the passphrase: ")?.expose() != chosen.expose() {
            return Err(Failure::usage("the two passphrases differ; nothing was stored"));
        }
        Ok(StoreKey::Passphrase(chosen))
    }
}

/// Whether `path` is one by its looks, and no key that was written in its place: it begins as paths do, or its folder is there.
fn is_path(path: &Path) -> bool {
    let text = path.to_string_lossy();
    let begins = ["/", "./", "../", "~"].iter().any(|start| text.starts_with(start));
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    path.is_absolute() || begins || path.exists() || folder.is_some_and(Path::is_dir)
}

/// The key of the `file` store in the file `path`.
fn key_in(path: &Path) -> Result<Secret, Failure> {
    let bytes = read_input_file(path, SMALL_FILE_MAX, FileTrust::Secret).map_err(|error| {
        let shown = path.to_string_lossy();
        let shown = clean(&shown);
        if error.is_not_found() {
            let named = if is_path(path) {
                format!("there is no key file `{shown}`")
            } else {
                // It may be the key itself.
                "the file that `store-key-file` names does not exist".to_owned()
            };
            return Failure::new(Exit::Store, named).help(
                "it holds the path of a file, never the key itself; make one: `(umask 077; openssl rand -base64 32 > FILE)`",
            );
        }
        let error = if is_path(path) {
            format!("cannot use the key file `{shown}`: {error}")
        } else {
            "cannot use what `store-key-file` names as a key file".to_owned()
        };
        Failure::new(Exit::Store, error)
    })?;
    // Bytes that are not text are not a key; the store reports that.
    let text = std::str::from_utf8(&bytes).unwrap_or_default();
    Ok(Secret::new(text.trim()))
}
