//! The file of a trace: readable to its owner alone, whole or not there.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// A file that will be written.
pub(super) struct Target {
    path: PathBuf,
    /// What becomes the file; `None` once it has.
    draft: Option<NamedTempFile>,
}

impl Target {
    /// Makes sure that `path` can be written; an older file there stays until the new one is whole.
    pub(super) fn new(path: &Path) -> io::Result<Self> {
        if path.symlink_metadata().is_ok_and(|there| !there.is_file()) {
            return Err(io::Error::other("it is there, and is no plain file"));
        }
        Ok(Self { path: path.to_owned(), draft: Some(draft_beside(path)?) })
    }

    /// Puts `text` there, in place of what was there before; where that is.
    pub(super) fn write(&mut self, text: &[u8]) -> io::Result<PathBuf> {
        let mut draft = match self.draft.take() {
            Some(draft) => draft,
            None => draft_beside(&self.path)?,
        };
        draft.write_all(text)?;
        draft.write_all(b"\n")?;
        draft.persist(&self.path).map_err(|error| error.error)?;
        Ok(self.path.clone())
    }
}

fn draft_beside(path: &Path) -> io::Result<NamedTempFile> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or_else(|| Path::new("."));
    // `tempfile` does not keep the system's words.
    folder.metadata()?;
    let draft = tempfile::Builder::new().prefix(".entrada-trace-").tempfile_in(folder);
    draft.map_err(|error| io::Error::from(error.kind()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_the_owners_alone_and_the_old_one_stays_until_it_is_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.har");
        std::fs::write(&path, "old").unwrap();
        let mut target = Target::new(&path).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "old");
        target.write(b"new").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "new\n");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "no draft waits for more");
        target.write(b"newer").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "newer\n");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        }
        drop(Target::new(&path).unwrap());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left behind");
        for bad in [dir.path(), Path::new("/dev/null"), Path::new("/nowhere/a.har")] {
            assert!(Target::new(bad).is_err(), "{}", bad.display());
        }
    }
}
