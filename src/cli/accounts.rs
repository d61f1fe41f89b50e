//! `entrada accounts`.

use super::app::App;
use super::{Exit, Failure};
use crate::render::{self, Format};

/// List the accounts that are signed in
#[derive(clap::Args)]
pub(super) struct Args {
    /// How the list is written
    #[arg(long, short, default_value = "human")]
    output: Format,
}

pub(super) fn run(args: &Args, app: &mut App<'_, '_>) -> Result<Exit, Failure> {
    let settings = app.settings(None)?;
    let grants = app.grants(&settings)?;
    let entries = grants.list()?;
    match args.output {
        Format::Json => {
            let document =
                serde_json::json!({ "version": render::json::VERSION, "accounts": entries });
            render::json::write(app.stdout, &document)?;
        }
        Format::Human if entries.is_empty() => {
            app.talk.line(format!("nobody is signed in ({})", grants.describe()));
        }
        Format::Human => {
            let rows: Vec<Vec<String>> = entries
                .iter()
                .map(|entry| {
                    vec![
                        entry.label().to_owned(),
                        entry.tenant.clone(),
                        entry.client_id.clone(),
                        entry.authority.clone(),
                        entry.saved_at.to_string(),
                    ]
                })
                .collect();
            let headings = ["account", "tenant", "client", "authority", "since"];
            render::table(app.stdout, &headings, &rows)?;
        }
    }
    for warning in grants.take_warnings() {
        app.talk.line(format!("warning: {warning}"));
    }
    Ok(Exit::Success)
}
