//! Writes the configuration file.

use std::path::Path;

use super::super::Failure;
use super::super::app::App;
use crate::config::ConfigFile;
use entrada_auth::sys::{OutputFile, OutputOptions};

/// An edit of the text of the file, or why the text cannot be changed.
type Edited = Result<String, String>;

impl App<'_, '_> {
    /// Replaces the text of the configuration file `path` by what `edit` makes of it. A failure leaves the file unchanged; two
    /// runs wait for each other.
    pub(in crate::cli) fn edit_config(
        &mut self,
        path: &Path,
        edit: impl FnOnce(&str) -> Edited,
    ) -> Result<(), Failure> {
        let mut output = open(path)?;
        // A lock makes two simultaneous runs wait for each other, by whichever link they reach the file.
        #[cfg(unix)]
        let _turn = {
            let folder = output.folder().unwrap_or(Path::new("."));
            let turn = std::fs::File::open(folder).map_err(|error| failed(path, &error))?;
            turn.lock().map_err(|error| failed(path, &error))?;
            turn
        };
        let text = edited(path, edit)?;
        output.write(self.stdout, text.as_bytes()).map_err(|error| failed(path, &error))
    }
}

/// Fails where [`App::edit_config`] would. Nothing is written.
pub(in crate::cli) fn check_edit(
    path: &Path,
    edit: impl FnOnce(&str) -> Edited,
) -> Result<(), Failure> {
    open(path)?;
    edited(path, edit).map(drop)
}

fn failed(path: &Path, error: &std::io::Error) -> Failure {
    Failure::usage(format!("cannot write {}: {error}", path.display()))
        .help("name a file that you may write: `--config FILE`, or ENTRADA_CONFIG")
}

fn open(path: &Path) -> Result<OutputFile, Failure> {
    let failed = |error: &std::io::Error| failed(path, error);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut folders = std::fs::DirBuilder::new();
    folders.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut folders, 0o700);
    folders.create(folder.unwrap_or(Path::new("."))).map_err(|error| failed(&error))?;
    // A symbolic link is kept, even if its target does not exist yet.
    let options = OutputOptions { in_place: true, ..OutputOptions::default() };
    let output = OutputFile::open(path, options).map_err(|error| failed(&error))?;
    if output.is_file() {
        Ok(output)
    } else {
        Err(failed(&std::io::Error::other("it is not a plain file")))
    }
}

/// What `edit` makes of the text of the file `path`.
fn edited(path: &Path, edit: impl FnOnce(&str) -> Edited) -> Result<String, Failure> {
    let before = ConfigFile::read_text(path, false)?;
    ConfigFile::read_from(path, &before)?;
    let by_hand = |why: String| {
        Failure::usage(format!("{}: entrada cannot change this file: {why}", path.display()))
            .help("write it by hand: `config.example.toml` shows how")
    };
    let text = edit(&before).map_err(by_hand)?;
    ConfigFile::parse(&text).map_err(|fault| by_hand(fault.to_string()))?;
    Ok(text)
}
