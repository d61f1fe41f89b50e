//! Files that a command is told to write.

use std::io;
use std::path::Path;

use super::Failure;
use super::app::App;
use entrada_auth::sys::{OutputFile, OutputOptions};
use entrada_core::clean;

/// Opens `path`, which was given to `flag`, for `what`.
pub(super) fn open(
    what: &str,
    flag: &str,
    path: &Path,
    options: OutputOptions,
) -> Result<OutputFile, Failure> {
    OutputFile::open(path, options).map_err(|error| failed(what, flag, path, &error))
}

/// Writes `text` to the open `file`, and tells where a file was written.
pub(super) fn write(
    app: &mut App<'_, '_>,
    what: &str,
    flag: &str,
    file: &mut OutputFile,
    text: &[u8],
) -> Result<(), Failure> {
    file.write(app.stdout, text).map_err(|error| failed(what, flag, file.path(), &error))?;
    if file.is_file() {
        let what = what.trim_start_matches("the ");
        app.ui.line(format!("{what} written to {}", file.path().display()));
    }
    Ok(())
}

/// `what` cannot be written to `path`, which was given to `flag`.
pub(super) fn failed(what: &str, flag: &str, path: &Path, error: &io::Error) -> Failure {
    let shown = path.to_string_lossy();
    let shown = clean(&shown);
    let failure = Failure::usage(format!("cannot write {what} to `{shown}`: {error}"));
    failure.help(format!("name a file in a folder that you may write to: `{flag} FILE`"))
}
