//! `--report FILE`: the judgement as a page.

use std::path::Path;

use super::Failure;
use super::app::App;
use crate::diagnose::Diagnosis;
use crate::model::clean;
use crate::render;

/// Writes the page, whole or not at all, for its owner alone: claims name people.
pub(super) fn write(app: &App<'_, '_>, path: &Path, judged: &[Diagnosis]) -> Result<(), Failure> {
    let failed = |error: std::io::Error| {
        let shown = path.to_string_lossy();
        // Not the error's own text: it names the file that was to become this one.
        let why = match error.kind() {
            std::io::ErrorKind::NotFound => "there is no such folder".to_owned(),
            kind => std::io::Error::from(kind).to_string(),
        };
        Failure::usage(format!("cannot write the report to `{}`: {why}", clean(&shown)))
            .help("name a file in a folder that you may write to: `--report FILE`")
    };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut file =
        tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new("."))).map_err(failed)?;
    render::report(&mut file, judged, app.sys.clock.now()).map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    app.talk.line(format!("report written to {}", path.display()));
    Ok(())
}
