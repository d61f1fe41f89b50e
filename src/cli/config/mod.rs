//! `entrada config`.

mod consent;
pub(super) mod init;
mod store_choice;
mod write;

use std::path::Path;

pub(super) use write::check_edit;

use super::app::App;
use super::arguments::holds_secret;
use super::common::Invocation;
use super::store::key_in;
use super::ui::style_of;
use super::{Exit, Failure};
use crate::config::flags;
use crate::config::{ConfigFile, Origin, Settings, SettingsError, variable};
use crate::render;
use entrada_auth::store::StoreKind;
use entrada_auth::sys::Stream;
use entrada_core::Authority;

#[derive(clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: ConfigCommand,
}

#[derive(clap::Subcommand)]
enum ConfigCommand {
    /// Create a profile: ask for what the flags leave out, explain how to register an application, and sign in
    Init(Invocation<init::Args, init::Flags>),
    /// Show all settings in effect, and where each comes from
    Show(Invocation<Show, flags::Acquisition>),
    /// Print the path of the configuration file
    Path(Invocation<NoArgs>),
    /// Check the configuration file and all its profiles
    Check(Invocation<NoArgs>),
}

#[derive(clap::Args)]
struct Show {
    /// The profile to use: its name in the configuration file
    profile: Option<String>,
}

#[derive(clap::Args)]
struct NoArgs {}

pub(super) fn run(args: &Args, app: &mut App<'_, '_>) -> Result<Exit, Failure> {
    match &args.command {
        ConfigCommand::Init(own) => own.run(app, init::run),
        ConfigCommand::Show(own) => own.run(app, show),
        ConfigCommand::Path(own) => own.run(app, path),
        ConfigCommand::Check(own) => own.run(app, check),
    }
}

fn path(_: &NoArgs, app: &mut App<'_, '_>) -> Result<Exit, Failure> {
    let (path, _) = app.config_file()?;
    writeln!(app.stdout, "{}", path.display())?;
    Ok(Exit::Success)
}

fn show(args: &Show, app: &mut App<'_, '_>) -> Result<Exit, Failure> {
    let settings = app.settings(args.profile.as_deref())?;
    let mut rows: Vec<Vec<String>> = settings
        .given()
        .into_iter()
        .map(|(key, value, origin)| {
            let from = match origin {
                Origin::Env => variable(&key),
                other => other.label().to_owned(),
            };
            vec![key, value.to_string(), from]
        })
        .collect();
    if settings.get(|layer| &layer.store).is_none() {
        let store: &str = StoreKind::default().into();
        rows.push(vec!["store".to_owned(), format!("\"{store}\""), "default".to_owned()]);
    }
    if let Some(policy) = app.policy()? {
        let path = policy.path.display().to_string();
        let limits = policy.given().into_iter();
        rows.extend(
            limits.map(|(key, value)| vec![key.to_owned(), value.to_string(), path.clone()]),
        );
    }
    let authority = settings.authority()?.to_string();
    rows.push(vec!["(authority)".to_owned(), authority, "derived from these".to_owned()]);
    let style = style_of(app.sys, Stream::Stdout);
    render::records(app.stdout, &["setting", "value", "from"], &rows, style)?;
    Ok(Exit::Success)
}

fn check(_: &NoArgs, app: &mut App<'_, '_>) -> Result<Exit, Failure> {
    let (path, file) = app.config_file()?;
    if !path.exists() {
        app.ui.line(format!(
            "there is no file at {}; only flags and variables apply",
            path.display()
        ));
        return Ok(Exit::Success);
    }
    let text = ConfigFile::read_text(&path, false)?;
    let secret = |(_, value): &&(String, String)| holds_secret(value);
    if let Some((place, _)) = ConfigFile::strings(&text).iter().find(secret) {
        let place = if place.is_empty() { "the file" } else { place };
        return Err(Failure::usage(format!(
            "{}: a value in `{place}` looks like a secret, and no setting holds a secret",
            path.display()
        ))
        .help(
            "remove it there, and replace the secret if others can read that file or a copy of it; the key of the file store belongs \
             in its own file, which `store-key-file` names",
        ));
    }
    // Every command without a profile fails if the default profile is missing.
    app.settings_of(&file, None)?;
    for name in file.profiles.keys() {
        app.settings(Some(name))?;
        let layer = app.common.layer.clone();
        let settings = Settings::resolve(&file, Some(name), app.sys.env, layer)?;
        let is_entra = matches!(settings.authority()?, Authority::Entra { .. });
        // What is missing has no place of its own.
        settings.client_id().map_err(|error| of_profile(&path, name, error))?;
        if is_entra {
            settings.check_client_id()?;
        }
        let jobs = settings.jobs()?;
        settings.request_scopes(&jobs).map_err(|error| of_profile(&path, name, error))?;
        if let Some(path) = settings.get(|layer| &layer.store_key_file) {
            key_in(path.as_ref(), app.has_new_file_store()?)?;
        }
    }
    let count = file.profiles.len();
    let profiles = if count == 1 { "profile" } else { "profiles" };
    app.ui.line(format!("{}: {count} {profiles}, no errors", path.display()));
    Ok(Exit::Success)
}

/// `error`, which names no place, as that of the profile `name` of the file `path`.
fn of_profile(path: &Path, name: &str, error: SettingsError) -> Failure {
    let is_placed = matches!(error, SettingsError::InFile { .. });
    let mut failure = Failure::from(error);
    if !is_placed {
        failure.message = format!("{}: [profiles.{name}]: {}", path.display(), failure.message);
    }
    failure
}
