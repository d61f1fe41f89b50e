//! `entrada config`.

mod init;

use super::app::App;
use super::arguments::holds_secret;
use super::{Exit, Failure};
use crate::config::{ConfigFile, Origin, Settings, variable};
use crate::render;

/// Look at the configuration
#[derive(clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Write a first profile: asks for what flags do not give, tells how to register an application, and signs in
    Init(init::Args),
    /// Show every setting in force and where it came from
    Show {
        /// A profile of the configuration file
        profile: Option<String>,
    },
    /// Print where the configuration file is
    Path,
    /// Check the configuration file, every profile of it
    Check,
}

pub(super) fn run(args: &Args, app: &mut App<'_, '_>) -> Result<Exit, Failure> {
    match &args.command {
        Command::Init(args) => return init::run(args, app),
        Command::Show { profile } => show(app, profile.as_deref())?,
        Command::Path => {
            let (path, _) = app.config_file()?;
            writeln!(app.stdout, "{}", path.display())?;
        }
        Command::Check => check(app)?,
    }
    Ok(Exit::Success)
}

fn show(app: &mut App<'_, '_>, profile: Option<&str>) -> Result<(), Failure> {
    let settings = app.settings(profile)?;
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
    let authority = settings.authority()?.to_string();
    rows.push(vec!["(authority)".to_owned(), authority, "what follows from these".to_owned()]);
    render::table(app.stdout, &["setting", "value", "from"], &rows)?;
    Ok(())
}

fn check(app: &mut App<'_, '_>) -> Result<(), Failure> {
    let (path, file) = app.config_file()?;
    if !path.exists() {
        app.ui.line(format!(
            "there is no file at {}; flags and variables are all there is",
            path.display()
        ));
        return Ok(());
    }
    let text = ConfigFile::read_text(&path, false)?;
    let secret = |(_, value): &&(String, String)| holds_secret(value);
    if let Some((place, _)) = ConfigFile::strings(&text).iter().find(secret) {
        let place = if place.is_empty() { "the file" } else { place };
        return Err(Failure::usage(format!(
            "{}: something in `{place}` looks like a secret, and no setting is one",
            path.display()
        ))
        .help(
            "remove it there, and have it changed if others can read that file or a copy of it; the key of the file store goes into \
             a file of its own, which `store-key-file` names",
        ));
    }
    // A default that is not there is met by each command that names none.
    app.settings_of(&file, None)?;
    for name in file.profiles.keys() {
        app.settings(Some(name))?;
        let layer = app.common.layer.clone();
        let settings = Settings::resolve(&file, Some(name), app.sys.env, layer)?;
        settings.authority()?;
        settings.client_id()?;
        settings.request_scopes(&settings.jobs()?)?;
    }
    let count = file.profiles.len();
    let profiles = if count == 1 { "profile" } else { "profiles" };
    app.ui.line(format!("{}: {count} {profiles}, all in order", path.display()));
    Ok(())
}
