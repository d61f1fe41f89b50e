//! Files that a command is told to write.

use std::io;
use std::path::Path;

use super::Failure;
use super::app::App;
use entrada_auth::sys::{OutputFile, OutputOptions};
use entrada_core::clean;

/// Opens `path`, which was given to `flag`, for `what`.
pub(super) fn open(
    app: &App<'_, '_>,
    what: &str,
    flag: &'static str,
    path: &Path,
    options: OutputOptions,
) -> Result<OutputFile, Failure> {
    app.writing(flag, path)?;
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
    if app.files.is_refused() {
        return Ok(());
    }
    let replaces = file.is_file() && file.path().metadata().is_ok_and(|there| 0 < there.len());
    file.write(app.stdout, text).map_err(|error| failed(what, flag, file.path(), &error))?;
    if file.is_file() {
        let what = what.trim_start_matches("the ");
        let place = if replaces { ", in place of the file that was there" } else { "" };
        app.ui.line(format!("{what} written to {}{place}", file.path().display()));
    }
    Ok(())
}

/// `what` cannot be written to `path`, which was given to `flag`.
pub(super) fn failed(what: &str, flag: &str, path: &Path, error: &io::Error) -> Failure {
    use io::ErrorKind::{
        NotADirectory, NotFound, Other, PermissionDenied, QuotaExceeded, ReadOnlyFilesystem,
        StorageFull,
    };
    let shown = path.to_string_lossy();
    let shown = clean(&shown);
    let failure = Failure::usage(format!("cannot write {what} to `{shown}`: {error}"));
    let value = if flag == "--dir" { "FOLDER" } else { "FILE" };
    match error.kind() {
        NotADirectory | NotFound | PermissionDenied | ReadOnlyFilesystem => failure.help(format!(
            "name one in a folder that is there and that you may write to: `{flag} {value}`"
        )),
        QuotaExceeded | StorageFull => failure.help("make room on that disk"),
        // The error says it: a link, a folder, a pipe without a reader.
        Other => failure,
        _ => failure.help(format!("name another: `{flag} {value}`")),
    }
}
