//! The key file that a new profile names: the one of the key that the store has when the profile is written.

use std::path::{Path, PathBuf};

use super::key_file::default_key_file;
use super::rekey::key_lock;
use crate::cli::app::App;
use crate::cli::{Exit, Failure};
use crate::config::{Layer, Settings};
use entrada_auth::store::{LockGuard, StoreKey, StoreKind, StoredKeys};
use entrada_core::clean;

/// Whether `layer` names the store of files.
pub(super) fn names_file_store(layer: &Layer) -> bool {
    layer.store == Some(StoreKind::File)
        || (layer.store.is_none() && layer.store_key_file.is_some())
}

/// The key files that the configuration names.
pub(in crate::cli) fn named_key_files(app: &App<'_, '_>) -> Vec<PathBuf> {
    let Ok((_, file)) = app.config_file() else { return Vec::new() };
    let Some(folder) = file.folder.clone() else { return Vec::new() };
    let layers = std::iter::once(&file.defaults).chain(file.profiles.values());
    let named = layers.filter_map(|layer| layer.store_key_file.as_ref());
    named.map(|path| folder.join(path)).collect()
}

/// The key file that the settings name, and its key.
pub(super) struct NamedKey {
    pub(super) path: String,
    pub(super) key: StoreKey,
}

/// The key in the file that `settings` name. While another process changes the key of the store, and where one has changed it
/// since the settings were read, the configuration is read again once that process has ended.
pub(super) fn current_key(
    app: &App<'_, '_>,
    settings: &Settings,
) -> Result<Option<NamedKey>, Failure> {
    let Some(path) = settings.get(|layer| &layer.store_key_file) else { return Ok(None) };
    let data = app.paths()?.data;
    let key = app.key_in_file(Path::new(&path))?;
    if !StoredKeys::is_changing(&data) && StoredKeys::is_under(&data, &key).unwrap_or(true) {
        return Ok(Some(NamedKey { path, key }));
    }
    match key_lock(app, settings.lock_wait()) {
        Err(failure) if failure.exit != Exit::Store => return Err(failure),
        // A change of the key holds this lock, so none is in progress where the lock cannot be taken.
        Ok(_) | Err(_) => (),
    }
    let (_, file) = app.config_file()?;
    let profile = settings.profile.as_deref();
    let now = Settings::resolve(&file, profile, app.sys.env, app.common.layer.clone())?;
    let path = now.get(|layer| &layer.store_key_file);
    path.map(|path| Ok(NamedKey { key: app.key_in_file(Path::new(&path))?, path })).transpose()
}

/// Sets the key file in `layer`, which is about to be written as the profile `name`: `entrada store rekey` may have changed the
/// key since the settings were read. While the returned lock is held, no change of the key begins, and the next one finds the
/// profile.
pub(in crate::cli) fn name_current_key(
    app: &App<'_, '_>,
    settings: &Settings,
    name: &str,
    layer: &mut Layer,
) -> Result<Option<LockGuard>, Failure> {
    if !names_file_store(layer) || app.has_new_file_store()? {
        return Ok(None);
    }
    let not_written =
        format!("the profile `{name}` was not written; the sign-ins are as they were");
    let lock =
        key_lock(app, settings.lock_wait()).map_err(|failure| failure.help(&*not_written))?;
    let data = app.paths()?.data;
    let is_current = |key: &StoreKey| StoredKeys::is_under(&data, key).unwrap_or(false);
    let is_in = |path: &Path| app.key_in_file(path).is_ok_and(|key| is_current(&key));
    let (place, is_named) = match (&layer.store_key_file, &*app.passphrase.borrow()) {
        (Some(path), _) => {
            let shown = format!("the one in {}", clean(path));
            (shown, is_in(Path::new(path)))
        }
        (None, Some(passphrase)) => {
            let key = StoreKey::Passphrase(passphrase.clone());
            ("the passphrase".to_owned(), is_current(&key))
        }
        // It is in a variable, and in no profile.
        (None, None) => return Ok(Some(lock)),
    };
    if is_named {
        return Ok(Some(lock));
    }
    let others = named_key_files(app).into_iter().chain([default_key_file(app)?]);
    let current = others.filter(|path| path.exists()).find(|path| is_in(path));
    let Some(current) = current.as_deref().and_then(Path::to_str) else {
        let message = format!("the store has another key than {place}");
        return Err(Failure::new(Exit::Store, message).help(not_written).help(
            "`entrada store rekey` has changed the key: run the same command again, with `--store-key-file FILE` and the file of the \
             new key",
        ));
    };
    app.ui.line(format!(
        "the key of the store is in {} now; the profile names that file",
        clean(current)
    ));
    layer.store_key_file = Some(current.to_owned());
    Ok(Some(lock))
}
