//! The identity of a file, which shows whether two paths name the same file.

use std::fs::Metadata;
use std::path::{Path, PathBuf};

/// A file's identity: device and inode, or the real path on systems without them. A file that does not exist yet is
/// identified by its folder and its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileId {
    file: Node,
    name: Option<std::ffi::OsString>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Node {
    #[cfg_attr(not(unix), expect(dead_code, reason = "only Unix systems have inodes"))]
    Inode(u64, u64),
    #[cfg_attr(unix, expect(dead_code, reason = "used on systems without inodes"))]
    Path(PathBuf),
}

impl FileId {
    /// The identity of the regular file at `path`, existing or not; `None` for pipes, devices and paths that cannot
    /// be read.
    pub fn of(path: &Path) -> Option<Self> {
        match path.metadata() {
            Ok(metadata) if metadata.is_file() => {
                Some(Self { file: Node::of(path, &metadata)?, name: None })
            }
            Ok(_) => None,
            Err(_) => {
                let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
                let folder = folder.unwrap_or(Path::new("."));
                let file = Node::of(folder, &folder.metadata().ok()?)?;
                Some(Self { file, name: Some(path.file_name()?.to_owned()) })
            }
        }
    }

    /// The identity of the regular file that standard input is redirected from.
    #[cfg(unix)]
    pub fn of_stdin() -> Option<Self> {
        let stdin = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3).ok()?;
        let metadata = std::fs::File::from(stdin).metadata().ok()?;
        let file = Node::of(Path::new(""), &metadata)?;
        metadata.is_file().then_some(Self { file, name: None })
    }

    /// Not available on other platforms.
    #[cfg(not(unix))]
    pub fn of_stdin() -> Option<Self> {
        None
    }
}

impl Node {
    #[cfg(unix)]
    #[expect(clippy::unnecessary_wraps, reason = "the other platforms need it")]
    fn of(_: &Path, metadata: &Metadata) -> Option<Self> {
        use std::os::unix::fs::MetadataExt as _;
        Some(Self::Inode(metadata.dev(), metadata.ino()))
    }

    #[cfg(not(unix))]
    fn of(path: &Path, _: &Metadata) -> Option<Self> {
        path.canonicalize().ok().map(Self::Path)
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_one_identity_under_every_name() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        std::fs::write(at("file"), "x").unwrap();
        std::fs::write(at("other"), "x").unwrap();
        std::fs::hard_link(at("file"), at("hard")).unwrap();
        std::os::unix::fs::symlink("file", at("soft")).unwrap();
        std::fs::create_dir(at("sub")).unwrap();
        let id = FileId::of(&at("file"));
        assert!(id.is_some());
        for same in ["hard", "soft", "./file", "sub/../file"] {
            assert_eq!(FileId::of(&at(same)), id, "{same}");
        }
        assert_ne!(FileId::of(&at("other")), id);
        let new = FileId::of(&at("new"));
        assert!(new.is_some() && new == FileId::of(&at("sub/../new")));
        assert_ne!(new, FileId::of(&at("sub/new")));
        assert_eq!(FileId::of(Path::new("/dev/null")), None);
        assert_eq!(FileId::of(dir.path()), None);
    }
}
