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
    /// This user's or root's, and so every folder and link on the way to it; nobody else may write to any of them.
    Unaltered,
    /// The same, and nobody else may read it.
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
    if trust != Trust::Anybody {
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

/// Refuses a folder or a link on the way to `path` that another user could change: every folder from the root on, as OpenSSH's
/// `safe_path` does. What is not there yet is no fault.
///
/// # Errors
///
/// [`InputFileError`] names what another user could change.
#[cfg(unix)]
pub fn check_way(path: &Path) -> Result<(), InputFileError> {
    use std::path::Component;
    let parts = |path: &Path| -> Vec<PathBuf> {
        path.components().rev().map(|part| PathBuf::from(part.as_os_str())).collect()
    };
    let mut at = PathBuf::from("/");
    // The next one last.
    let mut rest = parts(&std::path::absolute(path)?);
    let mut links = 0;
    while let Some(part) = rest.pop() {
        match part.components().next() {
            Some(Component::ParentDir) => {
                at.pop();
                continue;
            }
            Some(Component::CurDir) | None => continue,
            // A root begins anew.
            Some(_) => at.push(&part),
        }
        let metadata = match at.symlink_metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            other => other?,
        };
        if metadata.is_symlink() {
            // In a folder where everybody may make files, it may be another user's.
            check_owner_alone(&at, &metadata, this_user())?;
            links += 1;
            if LINKS_MAX < links {
                return Err(io::Error::other("too many symbolic links lead to it").into());
            }
            let target = at.read_link()?;
            at.pop();
            rest.extend(parts(&target));
        } else if metadata.is_dir() && !is_of_no_known_user(&metadata) {
            check_owner(&at, &metadata, Trust::Unaltered)?;
        }
    }
    Ok(())
}

/// Whether a folder belongs to a user whom this user namespace does not know, and nobody can write to it from here. In a sandbox
/// whose only user is this one, all of the system's folders are such.
#[cfg(unix)]
fn is_of_no_known_user(metadata: &Metadata) -> bool {
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
mod tests;
