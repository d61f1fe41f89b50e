//! The profile that `entrada login --save` writes.

use std::path::PathBuf;

use super::Failure;
use super::app::App;
use super::config::init;
use crate::config::{ConfigFile, Layer, Settings};
use entrada_auth::sys::Env;
use entrada_core::{clean, shell_quoted};

/// The name of a profile that can be written, and where.
pub(super) struct NewProfile {
    path: PathBuf,
    name: String,
    /// The settings that the file has under this name, as key and value.
    before: Option<toml::Table>,
}

impl NewProfile {
    /// Before anybody is asked to sign in: the file can be read, no other user can change it, and a profile `name` that it has is
    /// for the same application and tenant.
    pub(super) fn check(
        app: &App<'_, '_>,
        name: &str,
        settings: &Settings,
    ) -> Result<Self, Failure> {
        let (path, file) = init::config_file(app)?;
        ConfigFile::check_place(&path)?;
        if file.profiles.contains_key(name) {
            let of_profile =
                |env: &Env| Settings::resolve(&file, Some(name), env, Layer::default());
            is_same_application(name, &of_profile(&Env::default())?, settings)?;
            is_same_tenant(name, &of_profile(app.sys.env)?, settings)?;
        }
        let before = file.profiles.get(name).map(Layer::table);
        Ok(Self { path, name: name.to_owned(), before })
    }

    /// Writes it, says what changes in a profile that is there, and returns the settings with it.
    pub(super) fn write(
        &self,
        app: &mut App<'_, '_>,
        settings: &Settings,
    ) -> Result<Settings, Failure> {
        let new = init::write(app, &self.path, &self.name, settings)?;
        if let Some(before) = &self.before {
            app.ui.line(changes(before, &new));
        }
        // What was typed is in the profile now.
        let quiet = app.common.layer.quiet;
        app.common.layer = Layer { quiet, ..Layer::default() };
        app.settings(Some(&self.name))
    }
}

/// Refuses to make the profile of one application that of another: commands that name it would use another sign-in. A variable
/// says nothing of the profile.
fn is_same_application(name: &str, own: &Settings, settings: &Settings) -> Result<(), Failure> {
    let (old, new) = (own.get(|layer| &layer.client_id), settings.client_id()?);
    match old {
        Some(old) if !old.eq_ignore_ascii_case(&new) => Err(other(name, "client", &old, &new)),
        _ => Ok(()),
    }
}

/// The same for its authority and tenant, which are those of the variables where the profile has none.
fn is_same_tenant(name: &str, own: &Settings, settings: &Settings) -> Result<(), Failure> {
    let (old, new) = (own.authority()?.to_string(), settings.authority()?.to_string());
    if own.client_id().is_err() || old.eq_ignore_ascii_case(&new) {
        Ok(())
    } else {
        Err(other(name, "authority", &old, &new))
    }
}

fn other(name: &str, what: &str, old: &str, new: &str) -> Failure {
    let (old, new) = (clean(old), clean(new));
    Failure::usage(format!(
        "the profile `{name}` is for the {what} `{old}`, and this sign-in is for `{new}`; nothing was sent"
    ))
    .help("choose another name: `--save NAME`")
    .help(format!(
        "to change the profile, edit the file (`entrada config path`), then `entrada login {}`",
        shell_quoted(name)
    ))
}

/// What is different in the profile `after` it was written. Settings that were not named stay.
fn changes(before: &toml::Table, after: &toml::Table) -> String {
    let changed = after.iter().filter_map(|(key, new)| match before.get(key) {
        Some(old) if old == new => None,
        Some(old) => Some(format!("{key} was {old} and is {new}")),
        None => Some(format!("{key} is {new}")),
    });
    let changed: Vec<String> = changed.collect();
    if changed.is_empty() {
        "nothing changes in it".to_owned()
    } else {
        format!("changed in it: {}; its other settings stay", changed.join("; "))
    }
}
