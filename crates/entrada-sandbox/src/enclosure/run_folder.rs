//! The folder of a run without namespaces. It is removed at the end, and by a later run if this one was killed.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use rustix::process::geteuid;
use tempfile::TempDir;

use super::layout::Layout;
use super::processes::Processes;

const PREFIX: &str = "entrada-sandbox-";
/// The file in the folder that the run locks: the system ends the lock with the process, however it ends.
const LOCK: &str = "lock";
/// How often a folder is made that another run takes for a left one.
const TRIES: usize = 5;

/// A new folder, and what holds it.
pub(super) struct RunFolder {
    // Removed while it is still locked.
    folder: TempDir,
    _lock: File,
}

impl RunFolder {
    /// Makes one in `parent`, and removes those of runs that were killed, with the processes that they left.
    pub(super) fn new_in(parent: &Path) -> io::Result<Self> {
        remove_left(parent);
        for _ in 0..TRIES {
            let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(parent)?;
            let path = folder.path().join(LOCK);
            let lock = File::create_new(&path)?;
            // Another run may have seen the file before it was locked.
            if lock.try_lock().is_ok() && path.exists() {
                return Ok(Self { folder, _lock: lock });
            }
        }
        Err(io::Error::other("another run removes each new folder"))
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Removes what killed runs of this user left in `parent`.
fn remove_left(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        // Of a symbolic link, these are those of the link.
        let is_own = entry.metadata().is_ok_and(|it| it.is_dir() && it.uid() == geteuid().as_raw());
        if !is_own || !entry.file_name().to_string_lossy().starts_with(PREFIX) {
            continue;
        }
        // A folder without the file is just being made, or is not of this program.
        let options = File::options().read(true).write(true).open(entry.path().join(LOCK));
        if let Ok(lock) = options
            && lock.try_lock().is_ok()
        {
            drop(Processes::of(&Layout::new(entry.path())));
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_of_a_killed_run_is_removed_and_that_of_a_running_one_stays() {
        let parent = tempfile::tempdir().unwrap();
        let left = parent.path().join("entrada-sandbox-left");
        fs::create_dir_all(left.join("home")).unwrap();
        fs::write(left.join(LOCK), "").unwrap();
        let foreign = parent.path().join("entrada-sandbox-of-somebody");
        fs::create_dir(&foreign).unwrap();
        let running = RunFolder::new_in(parent.path()).unwrap();
        assert!(!left.exists() && foreign.exists());
        let second = RunFolder::new_in(parent.path()).unwrap();
        assert!(running.path().exists() && second.path().exists());
        let path = running.path().to_owned();
        drop(running);
        assert!(!path.exists() && second.path().exists());
    }
}
