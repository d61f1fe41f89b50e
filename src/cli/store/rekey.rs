//! `entrada store rekey`: encrypts the `file` store with another key.
//!
//! What can fail is checked first. Then the mark of an unfinished change is set, the new key goes to disk, the items are encrypted
//! with it, the configuration names it, and the mark is removed. A run that ends between two steps is continued by the next one.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::current_key::names_file_store;
use super::default_key_file;
use super::key_file::NewKeyFile;
use crate::cli::app::App;
use crate::cli::config::check_edit;
use crate::cli::lock_wait::{LockWait, other_process, waiting_for};
use crate::cli::{Exit, Failure};
use crate::config::edit::{self, Section};
use crate::config::{ConfigFile, Layer, Origin, Settings, flags, variable};
use entrada_auth::store::Interaction;
use entrada_auth::store::{
    LockError, LockGuard, Rekey, RekeyError, Rekeyed, StoreKey, StoreKind, StoredKeys,
};
use entrada_core::{clean, shell_quoted};

/// The settings that the command reads.
pub(in crate::cli) type Flags = (flags::Store, flags::Locking, flags::Interaction);

#[derive(clap::Args)]
pub(in crate::cli) struct Args {
    /// The profile to use: its name in the configuration file
    profile: Option<String>,
    /// The file with the new key; it is made if it is missing
    #[arg(long, value_name = "FILE")]
    new_key_file: Option<PathBuf>,
    /// Encrypt with a passphrase, which a person types at each command; not for scripts
    #[arg(long, conflicts_with = "new_key_file")]
    new_passphrase: bool,
}

/// How long a change takes before its progress is shown.
const SHOWN_AFTER: Duration = Duration::from_secs(1);

/// The time between two lines of progress in a log.
const LOGGED_EVERY: Duration = Duration::from_secs(10);

/// When the progress of a change is shown.
struct Progress {
    /// The least time between two times.
    every: Duration,
    last: Option<Duration>,
}

impl Progress {
    /// Whether it is shown now, so long after the start.
    fn is_due(&mut self, now: Duration) -> bool {
        let is_due = SHOWN_AFTER <= now && self.last.is_none_or(|last| last + self.every <= now);
        if is_due {
            self.last = Some(now);
        }
        is_due
    }
}

/// The new key, and where it is.
struct NewKey {
    key: StoreKey,
    place: Place,
    /// The key file that is not there yet.
    unwritten: Option<NewKeyFile>,
}

enum Place {
    /// In this file, which the configuration has to name.
    File(PathBuf),
    /// Where the settings have it already.
    Given,
    /// With a person.
    Passphrase,
}

pub(in crate::cli) fn run(args: &Args, app: &mut App<'_, '_>) -> Result<Exit, Failure> {
    // One change at a time: keys and configuration are read under the lock.
    let wait = app.settings(args.profile.as_deref())?.lock_wait();
    let _lock = key_lock(app, wait)?;
    let (config_path, file) = app.config_file()?;
    let settings = app.settings_of(&file, args.profile.as_deref())?;
    let kind = settings.get(|layer| &layer.store).unwrap_or_default();
    if kind != StoreKind::File {
        let name: &str = kind.into();
        return Err(Failure::usage(format!("the store `{name}` has no key of its own")).help(
            "only the store `file` has one: name a profile that uses it, or give `--store file`",
        ));
    }
    let paths = app.paths()?;
    let stored = StoredKeys::of(&paths.data)?;
    if !stored.has_key && !stored.has_passphrase {
        app.ui.line("nothing to do: the store has no items, and takes any key");
        return Ok(Exit::Success);
    }
    let given = app.given_key(&settings)?;
    let (old, new) = keys(args, app, &settings, stored, given)?;
    let change = Rekey::new(&paths.data, &paths.state, &old, &new.key)?;
    let naming = Naming::of(&file, &settings, &new.place);
    naming.check(&config_path)?;
    change.begin()?;
    if let (Some(unwritten), Place::File(path)) = (new.unwritten, &new.place) {
        let shown = clean(&path.to_string_lossy()).into_owned();
        if !unwritten.write(app)? {
            let message = format!("{shown} was made by another program just now");
            return Err(Failure::new(Exit::Store, message).help("run the same command again"));
        }
        app.ui.line(format!("wrote a new key to {shown}"));
    }
    let changed = encrypt(app, &settings, &change)?;
    naming.write(app, &config_path)?;
    finish(app, &change)?;
    tell(app, &settings, &changed, &new.place);
    Ok(if changed.unreadable.is_empty() { Exit::Success } else { Exit::Store })
}

/// The old key and the new one. A person is asked only for what no file and no variable has.
fn keys(
    args: &Args,
    app: &mut App<'_, '_>,
    settings: &Settings,
    stored: StoredKeys,
    given: Option<StoreKey>,
) -> Result<(StoreKey, NewKey), Failure> {
    let typed = |app: &App<'_, '_>| {
        if app.interaction(settings) == Interaction::Forbidden {
            return Err(Failure::new(
                Exit::Store,
                "the store was made with a passphrase, and there is no terminal to ask for it",
            )
            .help("run this command once at a terminal"));
        }
        app.stored_passphrase().map(StoreKey::Passphrase)
    };
    // The store's old key is a passphrase, unless a key is the old one and the change to a passphrase was interrupted.
    let from_passphrase =
        stored.has_passphrase && !(args.new_passphrase && stored.has_key && given.is_some());
    let old = if from_passphrase { Some(typed(app)?) } else { given.clone() };
    let new = if args.new_passphrase {
        if app.interaction(settings) == Interaction::Forbidden {
            return Err(Failure::usage("there is no terminal to ask for a passphrase at"));
        }
        let key = StoreKey::Passphrase(app.new_passphrase()?);
        NewKey { key, place: Place::Passphrase, unwritten: None }
    } else if let (true, None, Some(key)) = (from_passphrase, &args.new_key_file, given) {
        NewKey { key, place: Place::Given, unwritten: None }
    } else {
        new_key_in_file(args, app, stored)?
    };
    // Without an old key, all items have to be under the new one already.
    let old = old.unwrap_or_else(|| new.key.clone());
    Ok((old, new))
}

/// The new key in the file that is named, or in the one that entrada makes. A file that is missing gets a new key.
fn new_key_in_file(args: &Args, app: &App<'_, '_>, stored: StoredKeys) -> Result<NewKey, Failure> {
    let path = match &args.new_key_file {
        Some(path) => std::path::absolute(path)?,
        None => default_key_file(app)?,
    };
    if path.to_str().is_none() {
        return Err(Failure::usage(format!(
            "the configuration file cannot name {}, because the path is not UTF-8 text",
            path.display()
        ))
        .help("name another file: `--new-key-file FILE`"));
    }
    if !path.exists() {
        let unwritten = NewKeyFile::prepare(app, &path)?;
        let key = StoreKey::Raw(unwritten.key());
        return Ok(NewKey { key, place: Place::File(path), unwritten: Some(unwritten) });
    }
    let key = app.key_in_file(&path)?;
    // The file was not named: it may hold a key that was replaced because another person had seen it.
    if args.new_key_file.is_none() && !stored.is_unfinished {
        let paths = app.paths()?;
        let shown = clean(&path.to_string_lossy()).into_owned();
        let other = "for a new key, name a file that does not exist yet: `--new-key-file FILE`";
        if !Rekey::new(&paths.data, &paths.state, &key, &key)?.is_done()? {
            let message = format!("{shown} exists already, and its key is not that of the store");
            return Err(Failure::usage(message).help(other).help(format!(
                "to use the key in it all the same: `--new-key-file {}`",
                shell_quoted(&shown)
            )));
        }
        app.ui.line(format!("the store uses the key in {shown} already; {other}"));
    }
    Ok(NewKey { key, place: Place::File(path), unwritten: None })
}

/// Encrypts all items, and shows the progress of a change that takes long.
fn encrypt(app: &App<'_, '_>, settings: &Settings, change: &Rekey) -> Result<Rekeyed, Failure> {
    let elapsed = app.sys.clock.stopwatch();
    let to_terminal = app.ui.to_terminal;
    let mut shown =
        Progress { every: if to_terminal { Duration::ZERO } else { LOGGED_EVERY }, last: None };
    let mut progress = |done: usize, all: usize| {
        if shown.is_due(elapsed()) {
            let text = format!("{done} of {all} items are under the new key");
            if to_terminal {
                app.ui.raw(&format!("\r\u{1b}[2K{text}"));
            } else {
                app.ui.line(text);
            }
        }
    };
    let mut wait = LockWait::new(app);
    let mut sleep = |pause| wait.pause(change.waited(), pause, || what_blocks(change));
    let changed = change.run(settings.lock_wait(), &mut sleep, &mut progress);
    if to_terminal && shown.last.is_some() {
        app.ui.raw("\r\u{1b}[2K");
    }
    changed.map_err(|error| failure_of(error, &wait))
}

/// Ends the change, and waits for the processes that write.
fn finish(app: &App<'_, '_>, change: &Rekey) -> Result<(), Failure> {
    let mut wait = LockWait::new(app);
    let mut sleep = |pause| wait.pause(change.waited(), pause, || what_blocks(change));
    change.finish(&mut sleep).map_err(|error| failure_of(error, &wait))
}

fn what_blocks(change: &Rekey) -> String {
    format!("{}, which uses the store", waiting_for(change.blocking_process()))
}

fn failure_of(error: RekeyError, wait: &LockWait<'_, '_>) -> Failure {
    let again = "every sign-in is still there, under the old key or under the new one; run the same command again";
    match error {
        RekeyError::Store(error) => error.into(),
        RekeyError::Lock(error) => {
            wait.interruption().unwrap_or_else(|| Failure::from(error)).help(again)
        }
    }
}

/// The lock on changes of the key. The key that the store has does not change while it is held.
pub(in crate::cli) fn key_lock(app: &App<'_, '_>, wait: Duration) -> Result<LockGuard, Failure> {
    let state = app.paths()?.state;
    let (mut lock_wait, mut waited) = (LockWait::new(app), Duration::ZERO);
    let mut sleep = |pause| {
        let text = || {
            let holder = Rekey::lock_holder(&state);
            format!("{}, which changes or names the key of the store", waiting_for(holder))
        };
        let goes_on = lock_wait.pause(waited, pause, text);
        waited += pause;
        goes_on
    };
    let locked = Rekey::lock(&state, wait, &mut sleep);
    locked.map_err(|error| match error {
        LockError::Held { by, .. } => {
            let message =
                format!("{} still changes or names the key of the store", other_process(by));
            Failure::new(Exit::Busy, message)
                .help("wait for it to end, or give `--lock-timeout` more time")
        }
        error => lock_wait.interruption().unwrap_or_else(|| Failure::from(error)),
    })
}

/// How the configuration names the new key: in `[defaults]` and in each profile that uses the store.
struct Naming<'f> {
    sections: Vec<Section<'f>>,
    settings: toml::Table,
    removed: &'static [&'static str],
}

impl<'f> Naming<'f> {
    fn of(file: &'f ConfigFile, settings: &'f Settings, place: &Place) -> Self {
        let (new, removed): (toml::Table, &[&str]) = match place {
            Place::Given => {
                return Self { sections: Vec::new(), settings: toml::Table::new(), removed: &[] };
            }
            Place::Passphrase => (toml::Table::new(), &["store-key-file"]),
            Place::File(path) => {
                let layer = Layer {
                    store: Some(StoreKind::File),
                    store_key_file: Some(path.to_string_lossy().into_owned()),
                    ..Layer::default()
                };
                (layer.with_whole_paths().table(), &[])
            }
        };
        let mut sections: Vec<Section<'_>> =
            names_file_store(&file.defaults).then_some(Section::Defaults).into_iter().collect();
        let profiles = file.profiles.iter().filter(|(_, layer)| names_file_store(layer));
        sections.extend(profiles.map(|(name, _)| Section::Profile(name)));
        // A profile whose store was named by a flag or a variable.
        if sections.is_empty()
            && let Some(name) = &settings.profile
            && matches!(place, Place::File(_))
        {
            sections.push(Section::Profile(name));
        }
        Self { sections, settings: new, removed }
    }

    fn edited(&self, text: &str) -> Result<String, String> {
        self.sections.iter().try_fold(text.to_owned(), |text, section| {
            edit::change(&text, *section, &self.settings, self.removed)
        })
    }

    /// Fails where [`Naming::write`] would, before an item is changed.
    fn check(&self, path: &Path) -> Result<(), Failure> {
        if self.sections.is_empty() {
            return Ok(());
        }
        check_edit(path, |text| self.edited(text))
            .map_err(|failure| failure.help("no item was changed"))
    }

    fn write(&self, app: &mut App<'_, '_>, path: &Path) -> Result<(), Failure> {
        if self.sections.is_empty() {
            return Ok(());
        }
        let mut is_changed = false;
        app.edit_config(path, |text| {
            let edited = self.edited(text)?;
            is_changed = edited != text;
            Ok(edited)
        })?;
        if !is_changed {
            return Ok(());
        }
        let names = self.sections.iter().map(|section| match section {
            Section::Defaults => "[defaults]".to_owned(),
            Section::Profile(name) => format!("the profile `{name}`"),
        });
        let names = names.collect::<Vec<_>>().join(", ");
        app.ui.line(format!("changed {names} in {}", clean(&path.to_string_lossy())));
        Ok(())
    }
}

fn tell(app: &App<'_, '_>, settings: &Settings, changed: &Rekeyed, place: &Place) {
    let count = changed.changed + changed.unchanged;
    let items = if count == 1 { "item is" } else { "items are" };
    let with = match place {
        Place::File(path) => format!("the key in {}", clean(&path.to_string_lossy())),
        Place::Given => "the key that the settings name".to_owned(),
        Place::Passphrase => {
            "the passphrase; commands without a terminal cannot use them".to_owned()
        }
    };
    app.ui.line(format!("{count} {items} encrypted with {with}"));
    if let Place::File(path) = place {
        let path = clean(&path.to_string_lossy()).into_owned();
        app.ui.line("keep a copy of that file: without it the sign-ins cannot be read");
        if app.sys.env.own("STORE_KEY").is_some() {
            app.ui.line("warning: ENTRADA_STORE_KEY holds another key and has priority: unset it");
        }
        let by_variable = settings.origin(|layer| &layer.store_key_file) == Some(Origin::Env);
        if by_variable {
            let name = variable("store-key-file");
            app.ui.line(format!(
                "warning: {name} names another file and has priority: set it to {path}"
            ));
        } else if settings.profile.is_none()
            && settings.origin(|layer| &layer.store) != Some(Origin::Defaults)
        {
            app.ui.line(format!("name it at each command: `--store-key-file {path}`, or in a profile as `store-key-file`"));
        }
    }
    if matches!(place, Place::Passphrase) && app.sys.env.own("STORE_KEY").is_some() {
        app.ui.line("warning: ENTRADA_STORE_KEY holds the old key and has priority: unset it");
    }
    for path in &changed.unreadable {
        app.ui.line(format!(
            "warning: {} opens with neither key, and was left as it is",
            clean(&path.to_string_lossy())
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_shown_after_a_second() {
        let due = |every: Duration, millis: &[u64]| -> Vec<bool> {
            let mut progress = Progress { every, last: None };
            millis.iter().map(|now| progress.is_due(Duration::from_millis(*now))).collect()
        };
        let at_terminal = due(Duration::ZERO, &[0, 999, 1_000, 1_001]);
        assert_eq!(at_terminal, [false, false, true, true]);
        let in_log = due(LOGGED_EVERY, &[0, 999, 1_500, 11_000, 11_500, 12_000]);
        assert_eq!(in_log, [false, false, true, false, true, false]);
    }
}
