//! Small files that are named by settings: plain ones, of a size that is known before, and trusted only where nobody else
//! could have written them.

use std::fs::Metadata;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

/// Bytes that a file of settings or of one key may have.
pub const SMALL_FILE_MAX: u64 = 1 << 20;

/// Bytes that a file of certificates may have: those of a system have a quarter of a megabyte, or twice that with text.
pub const CERTIFICATES_MAX: u64 = 4 << 20;

/// Symbolic links that are followed one after the other.
#[cfg(unix)]
const LINKS_MAX: usize = 40;

/// Whose a file must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Anybody's.
    Anybody,
    /// This user's or root's, and so the folder that it is in; nobody else may write to either.
    Unaltered,
    /// This user's or root's, and nobody else may read it.
    Secret,
}

/// Why a file was not read.
#[derive(Debug, thiserror::Error)]
pub enum InputFileError {
    /// The system refused.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// Not a plain file.
    #[error("it is {0}, not a plain file")]
    NotPlain(&'static str),
    /// Too many bytes.
    #[error("it is larger than {} MiB", .0 >> 20)]
    TooLarge(u64),
    /// Somebody else's.
    #[error("`{path}` belongs to another user (uid {owner})", path = .path.display())]
    Owner {
        /// What it is that belongs to them.
        path: PathBuf,
        /// Who.
        owner: u32,
    },
    /// Others could change it.
    #[error("`{path}` can be written by others; run `chmod go-w {quoted}`",
        path = .0.display(), quoted = entrada_core::shell_quoted(&.0.to_string_lossy()))]
    Writable(PathBuf),
    /// Others could read it.
    #[error("`{path}` is open to others (mode {mode:04o}); run `chmod {cure} {quoted}`",
        path = .path.display(), quoted = entrada_core::shell_quoted(&.path.to_string_lossy()))]
    Readable {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
        /// The mode that it should have.
        cure: &'static str,
    },
}

impl InputFileError {
    /// Whether there is no such file.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Io(error) if error.kind() == io::ErrorKind::NotFound)
    }
}

/// What is in the plain file `path`, of at most `max` bytes. A symbolic link is followed; what counts is where it leads.
///
/// # Errors
///
/// [`InputFileError`] where the file cannot be read, is too long, or may be another user's doing.
pub fn read_input_file(
    path: &Path,
    max: u64,
    trust: Trust,
) -> Result<Zeroizing<Vec<u8>>, InputFileError> {
    if trust == Trust::Unaltered {
        check_way(path)?;
    }
    // Before opening, which waits at a pipe and may do anything to a device.
    check_plain(&path.metadata()?)?;
    let mut options = std::fs::OpenOptions::new();
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed();
        std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, flags);
    }
    let file = options.read(true).open(path)?;
    // Once more, of what was opened: the name may have come to mean another file in between.
    let metadata = file.metadata()?;
    check_plain(&metadata)?;
    check_owner(path, &metadata, trust)?;
    if max < metadata.len() {
        return Err(InputFileError::TooLarge(max));
    }
    // One buffer from the start: one that grows leaves copies behind that are not wiped.
    let size = usize::try_from(metadata.len()).unwrap_or_default();
    let mut bytes = Zeroizing::new(Vec::with_capacity(size + 1));
    (&file).take(max + 1).read_to_end(&mut bytes)?;
    // It may have grown meanwhile, and files of `/proc` have no size.
    if u64::try_from(bytes.len()).is_ok_and(|size| size <= max) {
        Ok(bytes)
    } else {
        Err(InputFileError::TooLarge(max))
    }
}

/// Refuses a folder or a link on the way to `path` that another user could change. What is not there yet is no fault.
///
/// # Errors
///
/// [`InputFileError`] names what another user could change.
#[cfg(unix)]
pub fn check_way(path: &Path) -> Result<(), InputFileError> {
    let there = |metadata: io::Result<Metadata>| match metadata {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        other => other.map(Some),
    };
    let mut at = path.to_owned();
    for _ in 0..LINKS_MAX {
        let folder = at.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new(".")).to_owned();
        let Some(metadata) = there(folder.metadata())? else { return Ok(()) };
        check_owner(&folder, &metadata, Trust::Unaltered)?;
        let Some(metadata) = there(at.symlink_metadata())? else { return Ok(()) };
        if !metadata.is_symlink() {
            return Ok(());
        }
        // In a folder where everybody may make files, it may be another user's.
        check_owner_alone(&at, &metadata, this_user())?;
        at = folder.join(at.read_link()?);
    }
    Err(io::Error::other("too many symbolic links lead to it").into())
}

/// Elsewhere the access list of the user's own folders protects what is in them.
#[cfg(not(unix))]
pub fn check_way(_: &Path) -> Result<(), InputFileError> {
    Ok(())
}

/// What a file is, in words.
pub(super) fn kind_of(metadata: &Metadata) -> &'static str {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt as _;
        let kind = metadata.file_type();
        if kind.is_fifo() {
            return "a pipe";
        }
        if kind.is_socket() {
            return "a socket";
        }
        if kind.is_char_device() || kind.is_block_device() {
            return "a device";
        }
    }
    if metadata.is_dir() { "a folder" } else { "something else" }
}

fn check_plain(metadata: &Metadata) -> Result<(), InputFileError> {
    if metadata.is_file() { Ok(()) } else { Err(InputFileError::NotPlain(kind_of(metadata))) }
}

/// Refuses what belongs to another user than `user` and root.
#[cfg(unix)]
fn check_owner_alone(path: &Path, metadata: &Metadata, user: u32) -> Result<(), InputFileError> {
    let owner = std::os::unix::fs::MetadataExt::uid(metadata);
    if owner == 0 || owner == user {
        return Ok(());
    }
    Err(InputFileError::Owner { path: path.to_owned(), owner })
}

#[cfg(unix)]
fn check_owner(path: &Path, metadata: &Metadata, trust: Trust) -> Result<(), InputFileError> {
    check_owner_for(this_user(), path, metadata, trust)
}

#[cfg(unix)]
fn this_user() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Refuses what `user` cannot trust.
#[cfg(unix)]
fn check_owner_for(
    user: u32,
    path: &Path,
    metadata: &Metadata,
    trust: Trust,
) -> Result<(), InputFileError> {
    use std::os::unix::fs::MetadataExt as _;
    if trust == Trust::Anybody {
        return Ok(());
    }
    check_owner_alone(path, metadata, user)?;
    let mode = metadata.mode() & 0o7777;
    let path = path.to_owned();
    if trust == Trust::Unaltered {
        // In a sticky folder nobody can replace another user's file.
        let is_sticky = metadata.is_dir() && mode & 0o1000 != 0;
        return if mode & 0o022 == 0 || is_sticky {
            Ok(())
        } else {
            Err(InputFileError::Writable(path))
        };
    }
    // A file of root's reaches another user through the group alone, as the secrets of a pod do.
    let by_group = metadata.uid() != user;
    let (forbidden, cure) = if by_group { (0o037, "440") } else { (0o077, "600") };
    if mode & forbidden == 0 { Ok(()) } else { Err(InputFileError::Readable { path, mode, cure }) }
}

/// Elsewhere the access list of the user's own folders protects what is in them.
#[cfg(not(unix))]
fn check_owner(_: &Path, _: &Metadata, _: Trust) -> Result<(), InputFileError> {
    Ok(())
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::os::unix::fs::{PermissionsExt as _, chown, symlink};

    use super::*;

    /// A user id that nobody here has.
    const NOBODY_HERE: u32 = 54_321;

    fn read(path: &Path, trust: Trust) -> Result<String, String> {
        let bytes = read_input_file(path, SMALL_FILE_MAX, trust).map_err(|error| error.to_string());
        bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    fn refused(path: &Path, trust: Trust, word: &str) {
        let told = read(path, trust).unwrap_err();
        assert!(told.contains(word), "`{told}` lacks `{word}`");
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn file(dir: &tempfile::TempDir) -> PathBuf {
        let path = dir.path().join("file");
        fs::write(&path, "text").unwrap();
        set_mode(&path, 0o600);
        path
    }

    #[test]
    fn only_plain_files_of_a_size_that_is_known_are_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = file(&dir);
        for trust in [Trust::Anybody, Trust::Unaltered, Trust::Secret] {
            assert_eq!(read(&path, trust).unwrap(), "text");
        }
        let pipe = dir.path().join("pipe");
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::from_raw_mode(0o600))
            .unwrap();
        refused(&pipe, Trust::Anybody, "a pipe");
        refused(dir.path(), Trust::Anybody, "a folder");
        refused(Path::new("/dev/zero"), Trust::Anybody, "a device");
        let link = dir.path().join("link");
        for (target, word) in [
            ("/dev/zero", "a device"),
            ("pipe", "a pipe"),
            ("gone", "No such file"),
            ("link", "links"),
        ] {
            symlink(target, &link).unwrap();
            refused(&link, Trust::Anybody, word);
            fs::remove_file(&link).unwrap();
        }
        let large = File::create(dir.path().join("large")).unwrap();
        large.set_len(SMALL_FILE_MAX).unwrap();
        assert!(read(&dir.path().join("large"), Trust::Anybody).is_ok());
        large.set_len(3 << 30).unwrap();
        refused(&dir.path().join("large"), Trust::Anybody, "larger than 1 MiB");
        let missing = read_input_file(&dir.path().join("gone"), 1, Trust::Secret).unwrap_err();
        assert!(missing.is_not_found());
    }

    #[test]
    fn what_others_can_write_or_read_is_refused_with_the_way_out() {
        let dir = tempfile::tempdir().unwrap();
        let path = file(&dir);
        for (mode, unaltered, secret) in [
            (0o644, true, false),
            (0o640, true, false),
            (0o400, true, true),
            (0o620, false, false),
            (0o602, false, false),
        ] {
            set_mode(&path, mode);
            assert_eq!(read(&path, Trust::Unaltered).is_ok(), unaltered, "{mode:o}");
            assert_eq!(read(&path, Trust::Secret).is_ok(), secret, "{mode:o}");
            assert!(read(&path, Trust::Anybody).is_ok(), "{mode:o}");
        }
        refused(&path, Trust::Unaltered, &format!("chmod go-w {}", path.display()));
        refused(&path, Trust::Secret, &format!("chmod 600 {}", path.display()));
    }

    #[test]
    fn a_folder_that_others_can_fill_is_refused_unless_it_keeps_them_apart() {
        let dir = tempfile::tempdir().unwrap();
        let path = file(&dir);
        for (mode, fine) in [(0o755, true), (0o775, false), (0o777, false), (0o1777, true)] {
            set_mode(dir.path(), mode);
            assert_eq!(read(&path, Trust::Unaltered).is_ok(), fine, "{mode:o}");
        }
        // The folder in which a link stands counts as well as the one it leads to.
        let other = tempfile::tempdir().unwrap();
        let link = other.path().join("link");
        symlink(&path, &link).unwrap();
        assert!(read(&link, Trust::Unaltered).is_ok());
        set_mode(other.path(), 0o777);
        refused(&link, Trust::Unaltered, &format!("chmod go-w {}", other.path().display()));
        set_mode(other.path(), 0o700);
        set_mode(dir.path(), 0o777);
        refused(&link, Trust::Unaltered, &format!("chmod go-w {}", dir.path().display()));
    }

    #[test]
    fn a_key_that_is_mounted_as_kubernetes_does_it_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let version = dir.path().join("..2026_11_29");
        fs::create_dir(&version).unwrap();
        fs::write(version.join("key"), "text").unwrap();
        symlink("..2026_11_29", dir.path().join("..data")).unwrap();
        let key = dir.path().join("key");
        symlink("..data/key", &key).unwrap();
        set_mode(dir.path(), 0o1777);
        set_mode(&version.join("key"), 0o644);
        refused(&key, Trust::Secret, "chmod 600");
        set_mode(&version.join("key"), 0o400);
        assert_eq!(read(&key, Trust::Secret).unwrap(), "text");
        assert_eq!(read(&key, Trust::Unaltered).unwrap(), "text");
    }

    #[test]
    fn what_belongs_to_another_user_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = file(&dir);
        let judged = |user, trust| {
            let metadata = path.metadata().unwrap();
            check_owner_for(user, &path, &metadata, trust).map_err(|error| error.to_string())
        };
        if !rustix::process::geteuid().is_root() {
            // Nobody else can give a file away, so another user looks at this one.
            let (me, other) = (this_user(), this_user() + 1);
            for trust in [Trust::Unaltered, Trust::Secret] {
                judged(me, trust).unwrap();
                let told = judged(other, trust).unwrap_err();
                assert!(told.contains(&format!("belongs to another user (uid {me})")), "{told}");
            }
            judged(other, Trust::Anybody).unwrap();
            return;
        }
        // Another user may read what root shares with a group of theirs, and with nobody else.
        for (mode, cure) in
            [(0o440, None), (0o400, None), (0o444, Some("440")), (0o460, Some("440"))]
        {
            set_mode(&path, mode);
            let told = judged(NOBODY_HERE, Trust::Secret).err();
            let cured = told.as_deref().is_some_and(|told| told.contains("chmod 440"));
            assert_eq!(cured, cure.is_some(), "{mode:o}: {told:?}");
        }
        set_mode(&path, 0o600);
        let word = format!("belongs to another user (uid {NOBODY_HERE})");
        chown(&path, Some(NOBODY_HERE), None).unwrap();
        refused(&path, Trust::Unaltered, &word);
        refused(&path, Trust::Secret, &word);
        assert!(read(&path, Trust::Anybody).is_ok());
        chown(&path, Some(0), None).unwrap();
        chown(dir.path(), Some(NOBODY_HERE), None).unwrap();
        refused(&path, Trust::Unaltered, &word);
        chown(dir.path(), Some(0), None).unwrap();
        // A link of theirs in a folder that is everybody's.
        set_mode(dir.path(), 0o1777);
        let link = dir.path().join("link");
        symlink("file", &link).unwrap();
        std::os::unix::fs::lchown(&link, Some(NOBODY_HERE), None).unwrap();
        refused(&link, Trust::Unaltered, &word);
    }
}
