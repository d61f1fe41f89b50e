//! `--report FILE`: the judgement as a page.

use std::path::Path;

use super::app::App;
use super::{Failure, output};
use crate::render;
use entrada_auth::sys::{OutputFile, OutputOptions};
use entrada_diagnose::Diagnosis;

/// Where the page goes, looked at before anything is done.
pub(super) fn open(app: &App<'_, '_>, path: &Path) -> Result<OutputFile, Failure> {
    output::open(app, "the report", "--report", path, OutputOptions::default())
}

/// Writes the page, for its owner alone: claims name people.
pub(super) fn write(
    app: &mut App<'_, '_>,
    file: &mut OutputFile,
    judged: &[Diagnosis],
) -> Result<(), Failure> {
    let mut page = Vec::new();
    render::report(&mut page, judged, app.sys.clock.now())?;
    output::write(app, "the report", "--report", file, &page)
}
