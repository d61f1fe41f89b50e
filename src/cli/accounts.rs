//! `entrada accounts`.

use super::app::App;
use super::ui::style_of;
use super::{Exit, Failure};
use crate::config::flags;
use crate::render::{self, Format};
use entrada_auth::sys::Stream;

/// The settings that the command reads.
pub(super) type Flags = (flags::Store, flags::Interaction);

#[derive(clap::Args)]
pub(super) struct Args {
    /// The format of the list
    #[arg(long, short, value_name = "FORMAT", default_value = "human")]
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
            app.json(&document)?;
        }
        Format::Human if entries.is_empty() => {
            app.ui.line(format!("no account is signed in ({})", grants.describe()));
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
            let style = style_of(app.sys, Stream::Stdout);
            if render::table_fits(&headings, &rows, style) {
                render::table(app.stdout, &headings, &rows)?;
            } else {
                // One after the other, where the line is too narrow for all of it.
                for row in &rows {
                    for (heading, value) in headings.iter().zip(row) {
                        let indent = if *heading == "account" { "" } else { "  " };
                        render::wrapped(
                            app.stdout,
                            style.width,
                            &format!("{indent}{heading}: {value}"),
                        )?;
                    }
                }
            }
        }
    }
    for warning in grants.take_warnings() {
        app.ui.line(format!("warning: {warning}"));
    }
    Ok(Exit::Success)
}
