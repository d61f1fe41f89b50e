//! `entrada logout`.

use super::app::App;
use super::{Exit, Failure};
use crate::store::Entry;

/// Forget an account on this machine
#[derive(clap::Args)]
pub(super) struct Args {
    /// A profile of the configuration file
    profile: Option<String>,
    /// Forget every account in the store
    #[arg(long)]
    all: bool,
}

pub(super) fn run(args: &Args, app: &mut App<'_, '_>) -> Result<Exit, Failure> {
    let settings = app.settings(args.profile.as_deref())?;
    let grants = app.grants(&settings)?;
    let mut entries = grants.list()?;
    if !args.all {
        entries = App::selected(&settings, entries)?;
        if 1 < entries.len() {
            let names: Vec<&str> = entries.iter().map(Entry::label).collect();
            let message = format!("several accounts are signed in: {}", names.join(", "));
            return Err(Failure::usage(message).help("say which with `--account`, or `--all`"));
        }
    }
    if entries.is_empty() {
        app.talk.line("nothing to forget: nobody is signed in here");
        return Ok(Exit::Success);
    }
    for entry in &entries {
        grants.remove(&entry.key())?;
        app.talk.line(format!("forgot {}", entry.label()));
    }
    if entries.iter().any(|entry| !entry.tenant.is_empty()) {
        app.talk.line(
            "the tokens themselves stay valid until they end: Entra has no way to revoke one. A changed password, or \
             `revokeSignInSessions` in Graph, ends the refresh token",
        );
    }
    Ok(Exit::Success)
}
