//! Files that only the owner may read. Writes are atomic; opening a file checks its type, owner and mode first.

#[cfg(unix)]
use std::fs::File;
use std::fs::{self, DirBuilder, Metadata, OpenOptions};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::temporary::Temporary;
use super::{BackendError, Bytes, hex, rename};

/// Largest size in bytes of a file that this module reads. It is far above the size of any grant and small enough for
/// memory.
const FILE_MAX: u64 = 64 << 20;

/// The file name for the item `name`, which may contain any character, such as `|` and `/`.
pub(super) fn file_name(name: &str) -> String {
    hex(&Sha256::digest(name.as_bytes()))
}

/// Creates `dir` (mode 0700) and its parents if it is missing. Refuses a directory that other users can list or
/// write.
pub(super) fn private_dir(dir: &Path) -> Result<(), BackendError> {
    make_dir(dir, 0o077, "chmod 700")
}

/// As [`private_dir`], but other users may list the directory.
pub(super) fn own_dir(dir: &Path) -> Result<(), BackendError> {
    make_dir(dir, 0o022, "chmod go-w")
}

fn make_dir(dir: &Path, forbidden: u32, cure: &str) -> Result<(), BackendError> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir).map_err(|error| cannot("create the directory", dir, error))?;
    let metadata = fs::metadata(dir).map_err(|error| cannot("read the directory", dir, error))?;
    check_owner(dir, &metadata, forbidden, cure)
}

/// The contents of `path`, or `None` if there is no such file.
pub(super) fn read(path: &Path) -> Result<Option<Bytes>, BackendError> {
    let refuse = |error| cannot("read", path, error);
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(refuse(error)),
        // Checked before opening, because opening a FIFO can block and opening a device can have side effects.
        Ok(metadata) => check(path, &metadata)?,
    }
    let file = match without_following(OpenOptions::new().read(true)).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(refuse)?,
    };
    // Checked again on the open file, because the name may point to another file by now.
    let metadata = file.metadata().map_err(refuse)?;
    check_open(path, &metadata)?;
    if FILE_MAX < metadata.len() {
        return Err(BackendError::corrupt(format!("`{}` is larger than 64 MiB", path.display())));
    }
    // The buffer has its final size from the start: a growing buffer leaves unwiped copies in memory.
    let size = usize::try_from(metadata.len()).unwrap_or_default();
    let mut bytes = Bytes::new(Vec::with_capacity(size + 1));
    (&file).take(FILE_MAX).read_to_end(&mut bytes).map_err(refuse)?;
    Ok(Some(bytes))
}

/// Replaces the contents of `path` atomically, through a temporary file in a folder next to it. The data is on disk
/// when this returns.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), BackendError> {
    let refuse = |error| cannot("write", path, error);
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => (),
        Err(error) => return Err(refuse(error)),
        Ok(metadata) => check(path, &metadata)?,
    }
    Temporary::create_for(path)?.become_file(path, bytes)
}

/// Removes `path`, whatever its file type. Returns whether it existed.
pub(super) fn remove(path: &Path) -> Result<bool, BackendError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(cannot("remove", path, error)),
        Ok(()) => {
            sync_parent(path).map_err(|error| cannot("remove", path, error))?;
            Ok(true)
        }
    }
}

/// Renames `path` to `to` in the same directory, and replaces an existing file there.
pub(super) fn rename(path: &Path, to: &Path) -> Result<(), BackendError> {
    rename::replace(path, to)
        .and_then(|()| sync_parent(to))
        .map_err(|error| cannot("rename", path, error))
}

/// The files in `dir` whose names end in `extension`; an empty list if there is no such directory.
pub(super) fn list(dir: &Path, extension: &str) -> Result<Vec<PathBuf>, BackendError> {
    let refuse = |error| cannot("read the directory", dir, error);
    let entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(refuse)?,
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(refuse)?.path();
        if path.extension().is_some_and(|own| own == extension) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// Adds the flags to `options` that refuse a symbolic link as the last path component and do not block on a FIFO.
pub(super) fn without_following(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        std::os::unix::fs::OpenOptionsExt::custom_flags(options, flags.bits().cast_signed());
    }
    options
}

/// The error that the platform could not `verb` the file. The platform's own error becomes the cause.
pub(super) fn cannot(verb: &str, path: &Path, error: io::Error) -> BackendError {
    BackendError::denied(format!("cannot {verb} `{}`", path.display())).with_source(error)
}

/// Syncs the directory of `path`, so that its file names survive a power failure.
#[cfg(unix)]
pub(super) fn sync_parent(path: &Path) -> io::Result<()> {
    if let Some(dir) = path.parent() {
        match File::open(dir) {
            // What was written stands there, and no descriptor is left to sync its folder with.
            Err(error) if is_out_of_descriptors(&error) => (),
            dir => dir?.sync_all()?,
        }
    }
    Ok(())
}

/// Does nothing: NTFS writes file names to its journal, and Windows cannot sync a directory without more rights.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the same form on every platform")]
pub(super) fn sync_parent(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn is_out_of_descriptors(error: &io::Error) -> bool {
    use rustix::io::Errno;
    [Errno::MFILE, Errno::NFILE].iter().any(|few| error.raw_os_error() == Some(few.raw_os_error()))
}

/// Refuses a path that is not a regular file.
fn check(path: &Path, metadata: &Metadata) -> Result<(), BackendError> {
    match no_file(metadata) {
        Some(wrong) => Err(BackendError::denied(format!("`{}` {wrong}", path.display()))),
        None => check_open(path, metadata),
    }
}

/// A description of the file if it is not a regular file, such as `is a directory`.
pub(super) fn no_file(metadata: &Metadata) -> Option<&'static str> {
    let kind = metadata.file_type();
    if kind.is_symlink() {
        Some("is a symbolic link")
    } else if kind.is_dir() {
        Some("is a directory")
    } else if kind.is_file() {
        None
    } else {
        Some("is not a regular file")
    }
}

/// Refuses a file that other users own or can access.
pub(super) fn check_open(path: &Path, metadata: &Metadata) -> Result<(), BackendError> {
    if !metadata.is_file() {
        return Err(BackendError::denied(format!("`{}` is not a regular file", path.display())));
    }
    #[cfg(unix)]
    {
        let links = std::os::unix::fs::MetadataExt::nlink(metadata);
        // No link at all: the file was removed after it was opened, which does no harm.
        if 1 < links {
            let path = path.display();
            return Err(BackendError::denied(format!("`{path}` has {links} names (hard links)")));
        }
    }
    check_owner(path, metadata, 0o077, "chmod 600")
}

/// Refuses a file or directory that another user owns or whose mode has one of the `forbidden` bits.
#[cfg(unix)]
pub(super) fn check_owner(
    path: &Path,
    metadata: &Metadata,
    forbidden: u32,
    cure: &str,
) -> Result<(), BackendError> {
    use std::os::unix::fs::MetadataExt as _;
    let shown = path.display();
    let (owner, mode) = (metadata.uid(), metadata.mode() & 0o7777);
    if owner != rustix::process::geteuid().as_raw() {
        return Err(BackendError::denied(format!(
            "`{shown}` belongs to another user (uid {owner})"
        )));
    }
    if mode & forbidden != 0 {
        let quoted = entrada_core::shell_quoted(&path.to_string_lossy());
        let text =
            format!("`{shown}` is accessible to other users (mode {mode:04o}): `{cure} {quoted}`");
        return Err(BackendError::denied(text));
    }
    Ok(())
}

/// On other platforms the access control list of the profile directory protects the files below it.
#[cfg(not(unix))]
pub(super) fn check_owner(_: &Path, _: &Metadata, _: u32, _: &str) -> Result<(), BackendError> {
    Ok(())
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

    use super::*;

    fn refused(result: Result<impl Sized, BackendError>, word: &str) {
        let Err(fault) = result else { panic!("`{word}` was accepted") };
        assert!(fault.reason.to_string().contains(word), "{} lacks {word}", fault.reason);
    }

    fn place() -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let private = dir.path().join("private");
        private_dir(&private).unwrap();
        (dir, private.join("item"))
    }

    #[test]
    fn a_written_file_is_read_back_and_only_the_owner_can_read_it() {
        let (_dir, path) = place();
        assert!(read(&path).unwrap().is_none());
        write(&path, b"one").unwrap();
        write(&path, b"two").unwrap();
        assert_eq!(read(&path).unwrap().unwrap().as_slice(), b"two");
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o600);
        assert_eq!(fs::metadata(path.parent().unwrap()).unwrap().mode() & 0o7777, 0o700);
        assert_eq!(fs::read_dir(path.with_file_name(".tmp")).unwrap().count(), 0);
        assert!(remove(&path).unwrap());
        assert!(!remove(&path).unwrap());
    }

    #[test]
    fn a_file_that_was_made_stricter_ends_at_0600() {
        let (_dir, path) = place();
        write(&path, b"x").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
        write(&path, b"y").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o600);
    }

    #[test]
    fn the_umask_does_not_change_the_modes() {
        // A process has one umask for all its threads, so a child runs the test.
        for umask in ["000", "022", "077"] {
            let exe = std::env::current_exe().unwrap();
            let test =
                "store::disk::tests::a_written_file_is_read_back_and_only_the_owner_can_read_it";
            let script = format!("umask {umask} && exec \"$0\" --exact {test}");
            let child = std::process::Command::new("sh").args(["-c", &script]).arg(exe).output();
            let output = String::from_utf8(child.unwrap().stdout).unwrap();
            assert!(output.contains("1 passed"), "umask {umask}: {output}");
        }
    }

    #[test]
    fn links_pipes_and_directories_are_refused_to_reader_and_writer() {
        let (_dir, path) = place();
        let other = path.with_file_name("other");
        write(&other, b"x").unwrap();

        symlink(&other, &path).unwrap();
        refused(read(&path), "symbolic link");
        refused(write(&path, b"y"), "symbolic link");
        assert_eq!(read(&other).unwrap().unwrap().as_slice(), b"x");
        assert!(remove(&path).unwrap());

        fs::hard_link(&other, &path).unwrap();
        refused(read(&path), "hard links");
        refused(write(&path, b"y"), "hard links");
        remove(&path).unwrap();

        fs::create_dir(&path).unwrap();
        refused(read(&path), "directory");
        refused(write(&path, b"y"), "directory");
        fs::remove_dir(&path).unwrap();

        // macOS has no call for it in rustix.
        let made = std::process::Command::new("mkfifo").args(["-m", "600"]).arg(&path).status();
        assert!(made.unwrap().success());
        refused(read(&path), "not a regular file");
        refused(write(&path, b"y"), "not a regular file");
    }

    #[test]
    fn files_and_directories_open_to_others_are_refused_with_the_fix() {
        let (dir, path) = place();
        write(&path, b"x").unwrap();
        for mode in [0o640, 0o604, 0o622, 0o610] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            refused(read(&path), "chmod 600");
            refused(write(&path, b"y"), "chmod 600");
        }
        let private = dir.path().join("private");
        fs::set_permissions(&private, fs::Permissions::from_mode(0o755)).unwrap();
        refused(private_dir(&private), "chmod 700");
        own_dir(&private).unwrap();
        fs::set_permissions(&private, fs::Permissions::from_mode(0o1777)).unwrap();
        refused(own_dir(&private), "chmod go-w");
    }

    #[test]
    fn the_fix_is_a_command_whatever_the_folder_is_called() {
        let (dir, _) = place();
        let path = dir.path().join("it's; echo");
        fs::write(&path, "x").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let quoted = entrada_core::shell_quoted(&path.to_string_lossy());
        refused(read(&path), &format!("`chmod 600 {quoted}`"));
    }

    #[test]
    fn a_file_of_another_user_is_refused() {
        if !rustix::process::geteuid().is_root() {
            // Only root can change the owner of a file; every machine has some files of root.
            let of_root = Path::new("/etc/passwd");
            refused(read(of_root), "another user (uid 0)");
            refused(write(of_root, b"y"), "another user (uid 0)");
            refused(own_dir(Path::new("/etc")), "another user (uid 0)");
            return;
        }
        let (_dir, path) = place();
        write(&path, b"x").unwrap();
        let other = 54_321;
        std::os::unix::fs::chown(&path, Some(other), None).unwrap();
        refused(read(&path), &format!("another user (uid {other})"));
        refused(write(&path, b"y"), "another user");
        assert_eq!(fs::read(&path).unwrap(), b"x");
        let private = path.parent().unwrap();
        std::os::unix::fs::chown(private, Some(other), None).unwrap();
        refused(private_dir(private), &format!("another user (uid {other})"));
        refused(own_dir(private), "another user");
        // The test runs again as that user, who sees root's files. The copy of the test binary is in a place that the
        // user can read.
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let exe = dir.path().join("test");
        fs::copy(std::env::current_exe().unwrap(), &exe).unwrap();
        let mut child = std::process::Command::new(&exe);
        std::os::unix::process::CommandExt::uid(&mut child, other);
        let test = "store::disk::tests::a_file_of_another_user_is_refused";
        let output = child.args(["--exact", test]).current_dir("/").output().unwrap();
        let output = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.contains("1 passed"), "{output}");
    }

    #[test]
    fn a_directory_that_cannot_be_created_is_named() {
        let (_dir, path) = place();
        write(&path, b"x").unwrap();
        refused(private_dir(&path.join("below")), "cannot create the directory");
        refused(write(Path::new("/nowhere/item"), b"x"), "/nowhere/item");
    }
}
