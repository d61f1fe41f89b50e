//! Writes the configuration file.

use std::path::Path;

use super::super::Failure;
use super::super::app::App;
use crate::config::ConfigFile;
use entrada_auth::sys::{OutputFile, OutputOptions};

impl App<'_, '_> {
    /// Replaces the text of the configuration file `path` by what `edit` makes of it. A failure leaves the file unchanged; two
    /// runs wait for each other.
    pub(in crate::cli) fn edit_config(
        &mut self,
        path: &Path,
        edit: impl FnOnce(&str) -> Result<String, String>,
    ) -> Result<(), Failure> {
        let failed = |error: &std::io::Error| {
            Failure::usage(format!("cannot write {}: {error}", path.display()))
                .help("name a file that you may write: `--config FILE`, or ENTRADA_CONFIG")
        };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        let mut folders = std::fs::DirBuilder::new();
        folders.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut folders, 0o700);
        folders.create(folder).map_err(|error| failed(&error))?;
        // A symbolic link is kept, even if its target does not exist yet.
        let options = OutputOptions { in_place: true, ..OutputOptions::default() };
        let mut output = OutputFile::open(path, options).map_err(|error| failed(&error))?;
        if !output.is_file() {
            return Err(failed(&std::io::Error::other("it is not a plain file")));
        }
        // A lock makes two simultaneous runs wait for each other.
        #[cfg(unix)]
        let _turn = {
            let turn = std::fs::File::open(folder).map_err(|error| failed(&error))?;
            turn.lock().map_err(|error| failed(&error))?;
            turn
        };
        let before = ConfigFile::read_text(path, false)?;
        ConfigFile::read_from(path, &before)?;
        let by_hand = |why: String| {
            Failure::usage(format!("{}: entrada cannot change this file: {why}", path.display()))
                .help("write it by hand: `config.example.toml` shows how")
        };
        let text = edit(&before).map_err(by_hand)?;
        ConfigFile::parse(&text).map_err(|fault| by_hand(fault.to_string()))?;
        output.write(self.stdout, text.as_bytes()).map_err(|error| failed(&error))
    }
}
