//! The store of a run: which one the settings name, and the key of the `file` store. `entrada store`.

mod current_key;
mod key_file;
mod protected_key;
mod rekey;

use super::app::App;
use super::common::Invocation;
use super::{Exit, Failure};
use crate::config::Settings;
use entrada_auth::store::{self, Grants, Interaction, StoreKey, StoreKind};
use entrada_auth::sys::{say, termination_signal};
use entrada_core::{Secret, shell_quoted};

use current_key::current_key;
pub(super) use current_key::{name_current_key, named_key_files};
pub(super) use key_file::{default_key_file, key_in, make_key_file};

#[derive(clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: StoreCommand,
}

#[derive(clap::Subcommand)]
enum StoreCommand {
    /// Encrypt the stored sign-ins with another key
    ///
    /// For the store `file`. Without a flag, the new key is in a key file that entrada makes, or it is the key that the
    /// settings name where the store was made with a passphrase. A run that was interrupted is continued by the same command.
    Rekey(Invocation<rekey::Args, rekey::Flags>),
}

pub(super) fn run(args: &Args, app: &mut App<'_, '_>) -> Result<Exit, Failure> {
    match &args.command {
        StoreCommand::Rekey(own) => own.run(app, rekey::run),
    }
}

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
        Ok(grants.with_redactor(self.redactor.clone()).with_profile(settings.profile.clone()))
    }

    /// The key of the `file` store: a variable, a file, or a passphrase from the terminal, which is asked for once in a run.
    fn store_key(
        &self,
        settings: &Settings,
        interaction: Interaction,
    ) -> Result<StoreKey, Failure> {
        if let Some(key) = self.key_in_variable() {
            return Ok(key);
        }
        if let Some(named) = current_key(self, settings)? {
            return Ok(named.key);
        }
        if let Some(passphrase) = &*self.passphrase.borrow() {
            return Ok(StoreKey::Passphrase(passphrase.clone()));
        }
        if interaction == Interaction::Forbidden {
            return Err(self.no_key(settings)?);
        }
        let passphrase = if self.has_new_file_store()? {
            self.new_passphrase()?
        } else {
            self.stored_passphrase()?
        };
        self.passphrase.replace(Some(passphrase.clone()));
        Ok(StoreKey::Passphrase(passphrase))
    }

    /// Whether the configuration names another key file now than when `settings` were read: `entrada store rekey` has run since.
    pub(super) fn key_has_changed(&self, settings: &Settings) -> Result<bool, Failure> {
        let named = settings.get(|layer| &layer.store_key_file);
        if named.is_none() || self.key_in_variable().is_some() {
            return Ok(false);
        }
        Ok(current_key(self, settings)?.map(|now| now.path) != named)
    }

    /// The key of the `file` store that needs no person: in a variable or in a file.
    pub(super) fn given_key(&self, settings: &Settings) -> Result<Option<StoreKey>, Failure> {
        if let Some(key) = self.key_in_variable() {
            return Ok(Some(key));
        }
        let Some(path) = settings.get(|layer| &layer.store_key_file) else { return Ok(None) };
        self.key_in_file(path.as_ref()).map(Some)
    }

    fn key_in_variable(&self) -> Option<StoreKey> {
        let key = self.sys.env.own("STORE_KEY")?;
        self.redactor.register(key);
        Some(StoreKey::Raw(Secret::new(key)))
    }

    /// The key in the file `path`.
    fn key_in_file(&self, path: &std::path::Path) -> Result<StoreKey, Failure> {
        self.reading(path)?;
        let key = key_in(path, self.has_new_file_store()?)?;
        self.redactor.register(key.expose());
        Ok(StoreKey::Raw(key))
    }

    /// Whether the `file` store has no sign-in yet.
    pub(super) fn has_new_file_store(&self) -> Result<bool, Failure> {
        Ok(store::is_new(&self.paths()?.data))
    }

    /// Whether the settings lead to a store that asks a person for its passphrase at each command.
    pub(super) fn asks_for_passphrase(&self, settings: &Settings) -> bool {
        settings.get(|layer| &layer.store) == Some(StoreKind::File)
            && settings.get(|layer| &layer.store_key_file).is_none()
            && self.sys.env.own("STORE_KEY").is_none()
    }

    /// The command that gives the store of these settings a key file.
    pub(super) fn rekey_command(&self, settings: &Settings) -> String {
        let mut words = vec!["entrada store rekey".to_owned()];
        words.extend(settings.profile.as_deref().map(shell_quoted));
        let by_flag = self.common.layer.store.is_some();
        words.extend(by_flag.then(|| "--store file".to_owned()));
        format!("`{}`", words.join(" "))
    }

    /// The failure of a run without a terminal that has no key.
    fn no_key(&self, settings: &Settings) -> Result<Failure, Failure> {
        let failure = Failure::new(Exit::Store, "the file store has no key");
        if self.has_new_file_store()? {
            return Ok(failure.help(format!(
                "make one with `{}` and give it in ENTRADA_STORE_KEY, or name its file with `--store-key-file`",
                store::MAKE_KEY
            )));
        }
        let stored = store::StoredKeys::of(&self.paths()?.data)?;
        if stored.has_passphrase && !stored.has_key {
            return Ok(failure.help(format!(
                "it was made with a passphrase, which only a person at a terminal can type; for scripts, give it a key file: {}",
                self.rekey_command(settings)
            )));
        }
        Ok(failure.help(
            "it was made with a key: give that in ENTRADA_STORE_KEY, or name its file with `--store-key-file`",
        ))
    }

    fn stored_passphrase(&self) -> Result<Secret, Failure> {
        Ok(self.sys.terminal.read_password("Passphrase of the entrada store: ")?)
    }

    fn new_passphrase(&self) -> Result<Secret, Failure> {
        let ask = |prompt: &str| self.sys.terminal.read_password(prompt);
        // A typing error could not be detected later.
        let chosen = ask("Choose a passphrase for the entrada store: ")?;
        if chosen.expose().is_empty() {
            return Err(Failure::usage("a passphrase has at least one character"));
        }
        if ask("Repeat the passphrase: ")?.expose() != chosen.expose() {
            return Err(Failure::usage("the two passphrases differ; nothing was stored"));
        }
        Ok(chosen)
    }
}
