//! `entrada export`.

use std::io;
use std::path::{Path, PathBuf};

use super::app::App;
use super::{Exit, Failure, output, stored_sign_in};
use crate::config::Settings;
use crate::config::flags;
use entrada_auth::store::{AccountEntry, Grant, GrantKey, Grants, foreign};
use entrada_auth::sys::{OutputFile, OutputOptions, Stream};
use entrada_core::{Authority, clean};

/// The settings that the command reads.
pub(super) type Flags = (flags::Identity, flags::Store, flags::Interaction);

#[derive(clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line")]
pub(super) struct Args {
    /// The profile to use: its name in the configuration file
    profile: Option<String>,
    /// Write a token cache of MSAL (Python, .NET, the Azure CLI)
    #[arg(long, required = true)]
    msal: bool,
    /// Write to this file, which only its owner can read
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace the file, and all other sign-ins in it
    #[arg(long, requires = "output")]
    force: bool,
    /// Allow output on a terminal
    #[arg(long, conflicts_with = "output")]
    to_terminal: bool,
    /// Export the sign-in of an authority other than Entra too; if both programs refresh it, it may end for both
    #[arg(long)]
    any_authority: bool,
}

pub(super) fn run(args: &Args, app: &mut App<'_, '_>) -> Result<Exit, Failure> {
    let settings = app.settings_of_sign_in(args.profile.as_deref())?;
    let (authority, _) = app.limited(&settings)?;
    if !args.any_authority && matches!(authority, Authority::Issuer { .. }) {
        return Err(Failure::usage(format!(
            "{} may issue a new refresh token with each use and revoke the old one: two programs cannot share one",
            authority.base()
        ))
        .help("sign in with the other program itself; or take the risk with `--any-authority`"));
    }
    let mut file = open(args, app)?;
    let to_stdout = file.as_ref().is_none_or(OutputFile::is_stdout);
    if to_stdout && !args.to_terminal && app.sys.terminal.is_terminal(Stream::Stdout) {
        return Err(on_terminal());
    }
    let grants = app.grants(&settings)?;
    let (key, grant) = the_one(app, &settings, &grants)?;
    for warning in grants.take_warnings() {
        app.ui.line(format!("warning: {warning}"));
    }
    let host = url::Url::parse(&key.authority).ok();
    let host = host.as_ref().and_then(url::Url::host_str).unwrap_or_default();
    let cache = foreign::to_msal(&key, &grant, host, app.sys.clock.now())?;
    let place = match &mut file {
        Some(file) => {
            file.write(app.stdout, &cache).map_err(|error| cannot(file.path(), &error))?;
            format!("`{}`", file.path().display())
        }
        None => {
            app.stdout.write_all(&cache)?;
            app.stdout.flush()?;
            "the output".to_owned()
        }
    };
    warn(app, &grant, &place);
    Ok(Exit::Success)
}

/// The one grant that the settings select.
fn the_one(
    app: &App<'_, '_>,
    settings: &Settings,
    grants: &Grants,
) -> Result<(GrantKey, Grant), Failure> {
    let needed = || {
        Failure::new(Exit::SignInNeeded, "sign-in needed: no account is signed in")
            .helps(stored_sign_in::other_sign_ins(app, settings))
            .help(format!("sign in: {}", app.login_command(settings)))
    };
    let mut selected = grants.narrow_to_default(grants.signed_in(App::selected(settings, grants)?));
    let entry = selected.pop().ok_or_else(needed)?;
    if !selected.is_empty() {
        let names: Vec<&str> = selected.iter().chain([&entry]).map(AccountEntry::label).collect();
        return Err(Failure::usage(format!(
            "several accounts are signed in: {}",
            names.join(", ")
        ))
        .help("choose one with `--account`"));
    }
    let key = entry.key();
    let grant = grants.load(&key)?.ok_or_else(needed)?;
    Ok((key, grant))
}

fn warn(app: &App<'_, '_>, grant: &Grant, place: &str) {
    let who = grant.account.label();
    if grant.refresh_token.is_none() {
        app.ui.line(format!(
            "warning: {place} holds access tokens of {who} in the clear, and no refresh token: none is stored"
        ));
        return;
    }
    app.ui.line(format!(
        "warning: {place} holds a refresh token in plain text: anyone who reads it can act as {who} until the sign-in is revoked"
    ));
    app.ui.line(
        "note: entrada and the program that reads it share that sign-in from now on. Entra lets both renew it; `entrada logout` \
         here does not end it there",
    );
}

/// Opens the file before a store is opened for it.
fn open(args: &Args, app: &App<'_, '_>) -> Result<Option<OutputFile>, Failure> {
    let Some(path) = &args.output else { return Ok(None) };
    app.writing("--output", path)?;
    let options = OutputOptions { keep_existing: !args.force, ..OutputOptions::default() };
    let file = OutputFile::open(path, options).map_err(|error| cannot(path, &error))?;
    if file.is_terminal() {
        return Err(on_terminal());
    }
    Ok(Some(file))
}

fn on_terminal() -> Failure {
    Failure::usage("a refresh token would be shown on this terminal")
        .help("name a file (`--output FILE`), use a pipe, or give `--to-terminal`")
}

fn cannot(path: &Path, error: &io::Error) -> Failure {
    if error.kind() == io::ErrorKind::AlreadyExists {
        let shown = path.to_string_lossy();
        return Failure::usage(format!("`{}` exists already", clean(&shown))).help(
            "name another file; `--force` replaces this one, and with it all other sign-ins that it may hold",
        );
    }
    output::failed("the sign-in", "--output", path, error)
}
