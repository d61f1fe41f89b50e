//! Reads small files that settings name: regular files with a size limit. Files that must be trusted are read only if
//! no other user could have written them.

use std::fs::Metadata;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

/// Size limit in bytes of a settings file or a key file.
pub const SMALL_FILE_MAX: u64 = 1 << 20;

/// Size limit in bytes of a certificate file. A system's bundle has a quarter of a megabyte, or twice that with text.
pub const CERTIFICATES_MAX: u64 = 4 << 20;

/// How many symbolic links are followed in a row.
#[cfg(unix)]
const LINKS_MAX: usize = 40;

/// The required owner and mode of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileTrust {
    /// Any owner and mode.
    Anybody,
    /// The file, and every folder and link on the way to it, belongs to this user or root. No other user may write to
    /// any of them.
    Unaltered,
    /// The same, and no other user may read the file.
    Secret,
}

/// The reason why a file was not read.
#[derive(Debug, thiserror::Error)]
pub enum InputFileError {
    /// The system refused.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// Not a regular file.
    #[error("it is {0}, not a plain file")]
    NotPlain(&'static str),
    /// The file is too large.
    #[error("it is larger than {} MiB", .0 >> 20)]
    TooLarge(u64),
    /// Another user owns it.
    #[error("`{path}` belongs to another user (uid {owner})", path = .path.display())]
    Owner {
        /// The path that the other user owns.
        path: PathBuf,
        /// The owner's user id.
        owner: u32,
    },
    /// Other users could change it.
    #[error("`{path}` can be written by other users; run `chmod go-w {quoted}`",
        path = .0.display(), quoted = entrada_core::shell_quoted(&.0.to_string_lossy()))]
    Writable(PathBuf),
    /// Other users could read it.
    #[error("`{path}` is accessible to other users (mode {mode:04o}); run `chmod {cure} {quoted}`",
        path = .path.display(), quoted = entrada_core::shell_quoted(&.path.to_string_lossy()))]
    Readable {
        /// The file.
        path: PathBuf,
        /// The file's mode.
        mode: u32,
        /// The mode that it should have.
        cure: &'static str,
    },
}

impl InputFileError {
    /// Whether the file does not exist.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Io(error) if error.kind() == io::ErrorKind::NotFound)
    }
}

/// The contents of the regular file `path`, at most `max` bytes. Symbolic links are followed, and the checks apply to
/// the target.
///
/// # Errors
///
/// [`InputFileError`] if the file cannot be read, is too long, or may have been written by another user.
pub fn read_input_file(
    path: &Path,
    max: u64,
    trust: FileTrust,
) -> Result<Zeroizing<Vec<u8>>, InputFileError> {
    if trust != FileTrust::Anybody {
        check_path(path)?;
    }
    // Checked before opening, because opening a pipe blocks and opening a device can have side effects.
    check_plain(&path.metadata()?)?;
    let mut options = std::fs::OpenOptions::new();
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed();
        std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, flags);
    }
    let file = options.read(true).open(path)?;
    // Checked again on the open file, because the path may name another file by now.
    let metadata = file.metadata()?;
    check_plain(&metadata)?;
    check_owner(path, &metadata, trust)?;
    if max < metadata.len() {
        return Err(InputFileError::TooLarge(max));
    }
    // The buffer has its final size from the start: a growing buffer leaves unwiped copies in memory.
    let size = usize::try_from(metadata.len()).unwrap_or_default();
    let mut bytes = Zeroizing::new(Vec::with_capacity(size + 1));
    (&file).take(max + 1).read_to_end(&mut bytes)?;
    // The file may have grown meanwhile, and files in `/proc` report no size.
    if u64::try_from(bytes.len()).is_ok_and(|size| size <= max) {
        Ok(bytes)
    } else {
        Err(InputFileError::TooLarge(max))
    }
}

/// Refuses a folder or a link on the way to `path` that another user could change. Checks every folder from the root
/// on, as `safe_path` in OpenSSH does. A missing component is accepted.
///
/// # Errors
///
/// [`InputFileError`] names what another user could change.
#[cfg(unix)]
pub fn check_path(path: &Path) -> Result<(), InputFileError> {
    use std::path::Component;
    let parts = |path: &Path| -> Vec<PathBuf> {
        path.components().rev().map(|part| PathBuf::from(part.as_os_str())).collect()
    };
    let mut at = PathBuf::from("/");
    // Components in reverse order, so that the next one is at the end.
    let mut rest = parts(&std::path::absolute(path)?);
    let mut links = 0;
    while let Some(part) = rest.pop() {
        match part.components().next() {
            Some(Component::ParentDir) => {
                at.pop();
                continue;
            }
            Some(Component::CurDir) | None => continue,
            // An absolute link target starts again at the root.
            Some(_) => at.push(&part),
        }
        let metadata = match at.symlink_metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            other => other?,
        };
        if metadata.is_symlink() {
            // In a folder in which every user may create files, the link may belong to another user.
            check_owner_alone(&at, &metadata, this_user())?;
            links += 1;
            if LINKS_MAX < links {
                return Err(io::Error::other("too many symbolic links lead to it").into());
            }
            let target = at.read_link()?;
            at.pop();
            rest.extend(parts(&target));
        } else if metadata.is_dir() && !has_unmapped_owner(&metadata) {
            check_owner(&at, &metadata, FileTrust::Unaltered)?;
        }
    }
    Ok(())
}

/// Whether a folder belongs to a user that this user namespace does not map, and is not writable from here. In a
/// sandbox that maps only this user, all of the system's folders look like that.
#[cfg(unix)]
fn has_unmapped_owner(metadata: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let read = |path: &str| std::fs::read_to_string(path).ok();
    let is_overflow = || read("/proc/sys/kernel/overflowuid")?.trim().parse().ok();
    let knows_all = || {
        let map = read("/proc/self/uid_map")?;
        Some(map.split_whitespace().nth(2)?.parse::<u64>().ok()? == u64::from(u32::MAX))
    };
    metadata.mode() & 0o022 == 0
        && ![0, this_user()].contains(&metadata.uid())
        && is_overflow() == Some(metadata.uid())
        && knows_all() == Some(false)
}

/// On other platforms the access control list of the user's folders protects their contents.
#[cfg(not(unix))]
pub fn check_path(_: &Path) -> Result<(), InputFileError> {
    Ok(())
}

/// A description of the file type.
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

/// Refuses a file that is owned by a user other than `user` and root.
#[cfg(unix)]
fn check_owner_alone(path: &Path, metadata: &Metadata, user: u32) -> Result<(), InputFileError> {
    let owner = std::os::unix::fs::MetadataExt::uid(metadata);
    if owner == 0 || owner == user {
        return Ok(());
    }
    Err(InputFileError::Owner { path: path.to_owned(), owner })
}

#[cfg(unix)]
fn check_owner(path: &Path, metadata: &Metadata, trust: FileTrust) -> Result<(), InputFileError> {
    check_owner_for(this_user(), path, metadata, trust)
}

#[cfg(unix)]
fn this_user() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Refuses a file that `user` cannot trust.
#[cfg(unix)]
fn check_owner_for(
    user: u32,
    path: &Path,
    metadata: &Metadata,
    trust: FileTrust,
) -> Result<(), InputFileError> {
    use std::os::unix::fs::MetadataExt as _;
    if trust == FileTrust::Anybody {
        return Ok(());
    }
    check_owner_alone(path, metadata, user)?;
    let mode = metadata.mode() & 0o7777;
    let path = path.to_owned();
    if trust == FileTrust::Unaltered {
        // In a sticky folder no user can replace another user's file.
        let is_sticky = metadata.is_dir() && mode & 0o1000 != 0;
        return if mode & 0o022 == 0 || is_sticky {
            Ok(())
        } else {
            Err(InputFileError::Writable(path))
        };
    }
    // Another user can read a file of root only through the group, as with the secrets of a Kubernetes pod.
    let by_group = metadata.uid() != user;
    let (forbidden, cure) = if by_group { (0o037, "440") } else { (0o077, "600") };
    if mode & forbidden == 0 { Ok(()) } else { Err(InputFileError::Readable { path, mode, cure }) }
}

/// On other platforms the access control list of the user's folders protects their contents.
#[cfg(not(unix))]
fn check_owner(_: &Path, _: &Metadata, _: FileTrust) -> Result<(), InputFileError> {
    Ok(())
}

#[cfg(unix)]
#[cfg(test)]
mod tests;
