//! `entrada version`.

use super::app::App;
use super::{Exit, Failure, VERSION_LINE};

#[derive(clap::Args)]
pub(super) struct Args {}

pub(super) fn run(_: &Args, app: &mut App<'_, '_>) -> Result<Exit, Failure> {
    app.stdout.write_all(VERSION_LINE.as_bytes())?;
    Ok(Exit::Success)
}
