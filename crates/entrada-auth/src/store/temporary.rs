//! Temporary files for atomic writes. They are in a separate folder next to the target, so that files left by killed
//! runs are found without a search through the whole store.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::disk::{cannot, check_open, check_owner, list, sync_parent, without_following};
use super::{BackendError, hex, rename, seal};

/// The folder's name.
const FOLDER: &str = ".tmp";

/// Age after which a temporary file is certainly left over from a killed run.
const LIFE: Duration = Duration::from_secs(600);

/// File extension of reserved disk space.
const ROOM_NAME: &str = "room";

/// How often creating a file is tried: another process may remove it between its creation and its lock.
const TRIES: usize = 5;

/// Bytes reserved for a grant whose size is not known: several times the size of a large one.
pub(super) const ROOM: u64 = 64 << 10;

/// A file without its final name, removed on drop unless it gets one.
#[derive(Debug)]
pub(super) struct Temporary {
    path: PathBuf,
    pub(super) file: File,
    is_named: bool,
}

impl Temporary {
    /// A new file for `path`, with mode 0600 whatever the umask is.
    pub(super) fn create_for(path: &Path) -> Result<Self, BackendError> {
        for _ in 0..TRIES {
            let random: [u8; 8] = seal::random()?;
            if let Some(made) = Self::named(path, &hex(&random), true)? {
                return Ok(made);
            }
        }
        let taken = io::Error::from(io::ErrorKind::ResourceBusy);
        Err(cannot("write a temporary file for", path, taken))
    }

    /// The temporary file for `path` that is called `name`: a new one, or one that a killed run left. `None` if
    /// another process has it or has just removed it.
    fn named(path: &Path, name: &str, is_new: bool) -> Result<Option<Self>, BackendError> {
        let refuse = |error| cannot("write a temporary file for", path, error);
        let stem = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
        let folder = path.with_file_name(FOLDER);
        let temporary = folder.join(format!("{stem}.{name}.tmp"));
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false).create_new(is_new);
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
        check_open(&temporary, &file.metadata().map_err(refuse)?)?;
        // The lock tells other processes that the file is in use. On file systems without locks, its age decides.
        if matches!(file.try_lock(), Err(fs::TryLockError::WouldBlock)) || !is_at(&file, &temporary)
        {
            return Ok(None);
        }
        let made = Self { path: temporary, file, is_named: false };
        #[cfg(unix)]
        {
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
            made.file.set_permissions(mode).map_err(refuse)?;
        }
        Ok(Some(made))
    }

    /// As [`Temporary::create_for`], with `room` bytes of disk space reserved. Each `path` has one such file; one that a
    /// killed run left is reused. On Windows each has a name of its own, because [`release`] unlocks a file before it
    /// is renamed, and nobody may open it then.
    pub(super) fn with_room(path: &Path, room: u64) -> Result<Self, BackendError> {
        let reused = if cfg!(windows) { None } else { Self::named(path, ROOM_NAME, false)? };
        let made = match reused {
            Some(made) => made,
            None => Self::create_for(path)?,
        };
        allocate(&made.file, room).map_err(|error| cannot("set room aside for", path, error))?;
        sweep(&path.with_file_name(FOLDER), &made.file);
        Ok(made)
    }

    /// Writes `bytes` and atomically moves the file to `path`. The data is on disk when this returns.
    pub(super) fn become_file(mut self, path: &Path, bytes: &[u8]) -> Result<(), BackendError> {
        let written = self
            .file
            .write_all(bytes)
            .and_then(|()| self.file.set_len(bytes.len() as u64))
            .and_then(|()| self.file.sync_all())
            .map(|()| release(&self.file))
            .and_then(|()| rename::replace(&self.path, path))
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
    /// As [`Temporary::become_file`], without a sync. The file may be lost or damaged by a power failure.
    pub(super) fn become_cache(mut self, path: &Path, bytes: &[u8]) -> Result<(), BackendError> {
        let written = self
            .file
            .write_all(bytes)
            .map(|()| release(&self.file))
            .and_then(|()| rename::replace(&self.path, path));
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

/// Unlocks `file` on Windows, where no other process can read a locked file, not even under its final name. Its age
/// protects it from then on: see [`sweep`]. A file that stays locked is only unreadable until it is closed, so an error
/// is ignored.
fn release(file: &File) {
    if cfg!(windows) {
        let _ = file.unlock();
    }
}

/// Disk space reserved for one item, released on drop.
pub struct ReservedSpace {
    _file: Temporary,
}

impl ReservedSpace {
    /// Reserves `room` bytes in the existing folder `dir`.
    pub(super) fn in_folder(dir: &Path, room: u64) -> Result<Self, BackendError> {
        Temporary::with_room(&dir.join("any"), room).map(|file| Self { _file: file })
    }
}

fn create(folder: &Path) -> io::Result<()> {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "only Unix has modes"))]
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

#[cfg(target_os = "linux")]
fn allocate(file: &File, room: u64) -> io::Result<()> {
    use rustix::io::Errno;
    match rustix::fs::fallocate(file, rustix::fs::FallocateFlags::empty(), 0, room) {
        Err(Errno::OPNOTSUPP | Errno::NOSYS) => fill(file, room),
        other => Ok(other?),
    }
}

#[cfg(not(target_os = "linux"))]
fn allocate(file: &File, room: u64) -> io::Result<()> {
    fill(file, room)
}

/// Writes bytes to reserve space on a file system that has no call for it.
fn fill(mut file: &File, room: u64) -> io::Result<()> {
    use std::io::{Read as _, Seek as _};
    io::copy(&mut io::repeat(0).take(room), &mut file)?;
    file.rewind()
}

/// Refuses a folder that is a symbolic link or that other users can write to.
fn check_folder(folder: &Path, metadata: &Metadata) -> Result<(), BackendError> {
    if !metadata.is_dir() {
        return Err(BackendError::denied(format!("`{}` is not a directory", folder.display())));
    }
    check_owner(folder, metadata, 0o077, "chmod 700")
}

/// Whether `path` is still the name of `file`.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let node = |metadata: Metadata| (metadata.dev(), metadata.ino());
    let (own, named) = (file.metadata().map(node).ok(), fs::symlink_metadata(path).map(node).ok());
    own.is_some() && own == named
}

/// On other platforms an open file keeps its name.
#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> bool {
    true
}

/// Removes the files that killed runs left in the folder next to `path`, before anything is written there. Files that
/// a running process has locked stay. On Windows a lock does not show whether a file is in use: see [`sweep`].
pub(super) fn sweep_next_to(path: &Path) {
    if cfg!(windows) {
        return;
    }
    for old in list(&path.with_file_name(FOLDER), "tmp").unwrap_or_default() {
        let _ = remove_unlocked(&old);
    }
}

/// Removes `old` if no process has it locked. An error means that the lock could not be tried. The lock is held until
/// the file is gone: a process that has just created the file finds it locked or missing, and creates another.
fn remove_unlocked(old: &Path) -> Result<(), fs::TryLockError> {
    let file = without_following(OpenOptions::new().read(true)).open(old);
    let file = file.map_err(fs::TryLockError::Error)?;
    file.try_lock()?;
    if is_at(&file, old) {
        let _ = fs::remove_file(old);
    }
    Ok(())
}

/// As [`sweep_next_to`], but decides by age if the file system has no locks, and on Windows, where a file in use is
/// unlocked for a moment (see [`release`]). The modification time of `written` is the current time.
fn sweep(folder: &Path, written: &File) {
    let Ok(now) = written.metadata().and_then(|metadata| metadata.modified()) else { return };
    for old in list(folder, "tmp").unwrap_or_default() {
        if !cfg!(windows) {
            match remove_unlocked(&old) {
                Ok(()) | Err(fs::TryLockError::WouldBlock) => continue,
                Err(fs::TryLockError::Error(_)) => (),
            }
        }
        let modified = fs::symlink_metadata(&old).and_then(|metadata| metadata.modified());
        let age = modified.ok().and_then(|then| now.duration_since(then).ok());
        if age.is_some_and(|age| LIFE < age) {
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
    fn a_file_without_a_final_name_is_removed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("item");
        let made = Temporary::with_room(&path, ROOM).unwrap();
        assert_eq!(made.file.metadata().unwrap().len(), ROOM);
        assert_eq!(left(dir.path()).len(), 1);
        drop(made);
        assert_eq!(left(dir.path()), [""; 0].map(PathBuf::from));
        assert!(!path.exists());
    }

    #[test]
    fn reserved_space_is_cut_to_the_written_size() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("item");
        Temporary::with_room(&path, ROOM).unwrap().become_file(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        let filled = Temporary::create_for(&path).unwrap();
        fill(&filled.file, ROOM).unwrap();
        filled.become_file(&path, b"three").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"three");
        assert_eq!(left(dir.path()), [""; 0].map(PathBuf::from));
    }

    /// As a killed run leaves it: the kernel has released the lock.
    fn killed(mut made: Temporary) -> PathBuf {
        made.is_named = true;
        made.path.clone()
    }

    #[cfg(windows)]
    #[test]
    fn a_file_that_was_left_is_removed_when_it_is_old() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("item");
        let old = Temporary::create_for(&path).unwrap();
        let now = old.file.metadata().unwrap().modified().unwrap();
        old.file.set_modified(now - LIFE * 2).unwrap();
        killed(old);
        let new = Temporary::create_for(&path).unwrap();
        let new_path = new.path.clone();
        killed(new);
        Temporary::create_for(&path).unwrap().become_file(&path, b"x").unwrap();
        assert_eq!(left(dir.path()), [new_path]);
    }

    #[cfg(windows)]
    #[test]
    fn a_file_that_is_written_can_be_read_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("item");
        let (first, second) = (
            Temporary::with_room(&path, ROOM).unwrap(),
            Temporary::with_room(&path, ROOM).unwrap(),
        );
        assert_ne!(first.path, second.path);
        let held = first.file.try_clone().unwrap();
        first.become_file(&path, b"x").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"x");
        drop(held);
    }

    #[cfg(unix)]
    #[test]
    fn leftovers_of_killed_runs_are_removed_and_files_in_use_are_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("item");
        let at_work = Temporary::create_for(&path).unwrap();
        let sweeps: [&dyn Fn(); 3] = [
            &|| sweep_next_to(&path),
            &|| drop(Temporary::with_room(&path, ROOM).unwrap()),
            &|| {
                Temporary::create_for(&path).unwrap().become_file(&path, b"x").unwrap();
            },
        ];
        for (number, sweep) in sweeps.iter().enumerate() {
            killed(Temporary::with_room(&path.with_extension("other"), ROOM).unwrap());
            killed(Temporary::create_for(&path).unwrap());
            assert_eq!(left(dir.path()).len(), 3, "{number}");
            sweep();
            assert_eq!(left(dir.path()), std::slice::from_ref(&at_work.path), "{number}");
        }
        sweep_next_to(&dir.path().join("nowhere/item"));
    }

    #[cfg(unix)]
    #[test]
    fn killed_runs_leave_one_reservation_for_each_item() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("item");
        for _ in 0..5 {
            killed(Temporary::named(&path, ROOM_NAME, false).unwrap().unwrap());
            killed(Temporary::with_room(&path, ROOM).unwrap());
            assert_eq!(left(dir.path()).len(), 1);
        }
        // A file in use stays with the process that has it.
        let first = Temporary::with_room(&path, ROOM).unwrap();
        let second = Temporary::with_room(&path, ROOM).unwrap();
        assert_ne!(first.path, second.path);
        second.become_file(&path, b"second").unwrap();
        first.become_file(&path, b"1").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"1");
        assert_eq!(left(dir.path()), [""; 0].map(PathBuf::from));
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_is_a_link_or_open_to_others_is_refused() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let dir = tempfile::tempdir().unwrap();
        let (path, folder) = (dir.path().join("item"), dir.path().join(FOLDER));
        let other = tempfile::tempdir().unwrap();
        symlink(other.path(), &folder).unwrap();
        assert!(Temporary::create_for(&path).is_err());
        fs::remove_file(&folder).unwrap();
        drop(Temporary::create_for(&path).unwrap());
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();
        let Err(fault) = Temporary::create_for(&path) else { panic!("taken") };
        assert!(fault.reason.to_string().contains("chmod 700"));
    }
}
