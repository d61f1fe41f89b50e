//! Files on their way to their name: they stand in a folder of their own beside it, so that what a killed run left behind
//! is found without looking through everything that is stored.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::disk::{cannot, check_owner, list, sync_parent, without_following};
use super::{Fault, hex, seal};

/// The folder's name.
const FOLDER: &str = ".tmp";

/// Age at which a temporary file is certainly left over from a run that was killed.
const LIFE: Duration = Duration::from_secs(600);

/// Bytes set aside for a grant: several times what the largest seen takes.
const ROOM: u64 = 64 << 10;

/// A file that has no name yet; removed again unless it gets one.
#[derive(Debug)]
pub(super) struct Temporary {
    path: PathBuf,
    pub(super) file: File,
    is_named: bool,
}

impl Temporary {
    /// A new file for `path`, 0600 whatever the umask.
    pub(super) fn beside(path: &Path) -> Result<Self, Fault> {
        let refuse = |error| cannot("write beside", path, error);
        let random: [u8; 8] = seal::random()?;
        let stem = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
        let folder = path.with_file_name(FOLDER);
        let temporary = folder.join(format!("{stem}.{}.tmp", hex(&random)));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let options = without_following(&mut options);
        match fs::symlink_metadata(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                create(&folder).map_err(refuse)?;
            }
            metadata => check_folder(&folder, &metadata.map_err(refuse)?)?,
        }
        let file = options.open(&temporary).map_err(refuse)?;
        let made = Self { path: temporary, file, is_named: false };
        // Tells others that somebody is at work on it; where there are no locks, its age has to do.
        let _ = made.file.try_lock();
        #[cfg(unix)]
        {
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
            made.file.set_permissions(mode).map_err(refuse)?;
        }
        Ok(made)
    }

    /// As [`Temporary::beside`], with room on the disk for a grant, whatever others fill it with meanwhile.
    pub(super) fn with_room(path: &Path) -> Result<Self, Fault> {
        let made = Self::beside(path)?;
        allocate(&made.file).map_err(|error| cannot("set room aside for", path, error))?;
        sweep(&path.with_file_name(FOLDER), &made.file);
        Ok(made)
    }

    /// Writes `bytes` and puts them at `path`, in place of what is there, in one step; on disk when this returns.
    pub(super) fn become_file(mut self, path: &Path, bytes: &[u8]) -> Result<(), Fault> {
        let written = self
            .file
            .write_all(bytes)
            .and_then(|()| self.file.set_len(bytes.len() as u64))
            .and_then(|()| self.file.sync_all())
            .and_then(|()| fs::rename(&self.path, path))
            .and_then(|()| {
                self.is_named = true;
                sync_parent(path)
            });
        written.map_err(|error| cannot("write", path, error))?;
        sweep(&path.with_file_name(FOLDER), &self.file);
        Ok(())
    }
}

impl Temporary {
    /// As [`Temporary::become_file`], for what may be lost or torn when the power fails.
    pub(super) fn become_cache(mut self, path: &Path, bytes: &[u8]) -> Result<(), Fault> {
        let written = self.file.write_all(bytes).and_then(|()| fs::rename(&self.path, path));
        self.is_named = written.is_ok();
        written.map_err(|error| cannot("write", path, error))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.is_named {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn create(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

#[cfg(target_os = "linux")]
fn allocate(file: &File) -> io::Result<()> {
    use rustix::io::Errno;
    match rustix::fs::fallocate(file, rustix::fs::FallocateFlags::empty(), 0, ROOM) {
        Err(Errno::OPNOTSUPP | Errno::NOSYS) => fill(file),
        other => Ok(other?),
    }
}

#[cfg(not(target_os = "linux"))]
fn allocate(file: &File) -> io::Result<()> {
    fill(file)
}

/// Room on a file system that gives it only for bytes.
fn fill(mut file: &File) -> io::Result<()> {
    use std::io::{Read as _, Seek as _};
    io::copy(&mut io::repeat(0).take(ROOM), &mut file)?;
    file.rewind()
}

/// Refuses a folder that is a link, or that others may fill.
fn check_folder(folder: &Path, metadata: &Metadata) -> Result<(), Fault> {
    if !metadata.is_dir() {
        return Err(Fault::denied(format!("`{}` is not a directory", folder.display())));
    }
    check_owner(folder, metadata, 0o077, "chmod 700")
}

/// Whether a process that lives has `path` open for itself.
fn is_in_use(path: &Path) -> bool {
    let file = without_following(OpenOptions::new().read(true)).open(path);
    file.is_ok_and(|file| matches!(file.try_lock(), Err(fs::TryLockError::WouldBlock)))
}

/// Removes what killed runs left in `folder`, as far as possible. `written` tells the time.
fn sweep(folder: &Path, written: &File) {
    let Ok(now) = written.metadata().and_then(|metadata| metadata.modified()) else { return };
    for old in list(folder, "tmp").unwrap_or_default() {
        let modified = fs::symlink_metadata(&old).and_then(|metadata| metadata.modified());
        let age = modified.ok().and_then(|then| now.duration_since(then).ok());
        if age.is_some_and(|age| LIFE < age) && !is_in_use(&old) {
            let _ = fs::remove_file(&old);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(dir: &Path) -> Vec<PathBuf> {
        list(&dir.join(FOLDER), "tmp").unwrap()
    }

    #[test]
    fn what_gets_no_name_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("item");
        let made = Temporary::with_room(&path).unwrap();
        assert_eq!(made.file.metadata().unwrap().len(), ROOM);
        assert_eq!(left(dir.path()).len(), 1);
        drop(made);
        assert_eq!(left(dir.path()), [""; 0].map(PathBuf::from));
        assert!(!path.exists());
    }

    #[test]
    fn room_that_was_set_aside_is_cut_to_what_is_written() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("item");
        Temporary::with_room(&path).unwrap().become_file(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        let filled = Temporary::beside(&path).unwrap();
        fill(&filled.file).unwrap();
        filled.become_file(&path, b"three").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"three");
        assert_eq!(left(dir.path()), [""; 0].map(PathBuf::from));
    }

    #[test]
    fn leftovers_of_killed_runs_are_swept_and_fresh_ones_are_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("item");
        let old = std::mem::ManuallyDrop::new(Temporary::beside(&path).unwrap());
        old.file.unlock().unwrap();
        let then = old.file.metadata().unwrap().modified().unwrap() - 2 * LIFE;
        old.file.set_modified(then).unwrap();
        let fresh = Temporary::beside(&path).unwrap();
        Temporary::beside(&path).unwrap().become_file(&path, b"x").unwrap();
        assert_eq!(left(dir.path()), std::slice::from_ref(&fresh.path));
        // Not even one that seems old, as long as somebody has it.
        fresh.file.set_modified(then).unwrap();
        drop(Temporary::with_room(&path).unwrap());
        assert_eq!(left(dir.path()), std::slice::from_ref(&fresh.path));
        fresh.file.unlock().unwrap();
        drop(Temporary::with_room(&path).unwrap());
        assert_eq!(left(dir.path()), [""; 0].map(PathBuf::from));
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_leads_elsewhere_or_is_open_to_others_is_refused() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let dir = tempfile::tempdir().unwrap();
        let (path, folder) = (dir.path().join("item"), dir.path().join(FOLDER));
        let other = tempfile::tempdir().unwrap();
        symlink(other.path(), &folder).unwrap();
        assert!(Temporary::beside(&path).is_err());
        fs::remove_file(&folder).unwrap();
        drop(Temporary::beside(&path).unwrap());
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();
        let Err(fault) = Temporary::beside(&path) else { panic!("taken") };
        assert!(fault.trouble.to_string().contains("chmod 700"));
    }
}
