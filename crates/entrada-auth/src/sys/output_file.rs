//! Writes the output files that the user names.
//!
//! A regular file is replaced atomically, so that a reader sees the old or the whole new contents. A character
//! device, a pipe and `-` are written to directly. Every other file type is refused.

use std::fs::{File, Metadata};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::Builder;

/// Prefix and suffix of the names of drafts, which are temporary files next to the target.
const DRAFT: (&str, &str) = (".entrada-", ".tmp");

/// Random characters between the two.
const DRAFT_RANDOM: usize = 8;

/// How many symbolic links are followed in a row.
const LINKS_MAX: usize = 40;

/// How an output file is written.
#[derive(Clone, Copy, Debug, Default)]
pub struct OutputOptions {
    /// The file is one that the user keeps and edits: a symbolic link to it is followed instead of refused, and its
    /// mode is kept.
    pub in_place: bool,
    /// An existing file is kept, and is an error ([`io::ErrorKind::AlreadyExists`]).
    pub keep_existing: bool,
    /// The umask decides who can read the file. Otherwise only the owner can.
    pub public: bool,
}

/// An output file that the user named. As far as it can be checked beforehand, it can be written.
#[derive(Debug)]
pub struct OutputFile {
    path: PathBuf,
    destination: Destination,
    options: OutputOptions,
}

#[derive(Debug)]
enum Destination {
    /// Standard output.
    Stdout,
    /// An open device or pipe. Windows has no paths for them. `None` after it was written, because it cannot be written again.
    #[cfg_attr(not(unix), expect(dead_code, reason = "only Unix has such files"))]
    Stream(Option<File>),
    /// A regular file, or a path where no file exists yet.
    File(PathBuf),
}

impl OutputFile {
    /// Checks `path` without changing it. [`OutputFile::write`] writes the file.
    ///
    /// # Errors
    ///
    /// What the system said, or that `path` is not a place to write to.
    pub fn open(path: &Path, options: OutputOptions) -> io::Result<Self> {
        let destination = destination(path, options)?;
        if let Destination::File(target) = &destination {
            let folder = folder_of(target);
            // Checked first for the system's error text, which `tempfile` does not keep.
            folder.metadata()?;
            tempfile::tempfile_in(folder).map_err(|error| io::Error::from(error.kind()))?;
            remove_leftovers(folder);
        }
        Ok(Self { path: path.to_owned(), destination, options })
    }

    /// Writes `text`: a regular file atomically, a stream once. `-` goes to `stdout`.
    ///
    /// # Errors
    ///
    /// What the system said; a plain file is as it was then.
    pub fn write(&mut self, stdout: &mut dyn Write, text: &[u8]) -> io::Result<()> {
        match &mut self.destination {
            Destination::Stdout => {
                stdout.write_all(text)?;
                stdout.flush()
            }
            Destination::Stream(stream) => match stream.take() {
                Some(mut stream) => stream.write_all(text),
                None => Ok(()),
            },
            Destination::File(target) => put(target, self.options, text),
        }
    }

    /// The path as given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The folder of the regular file that is written: that of the target where the path is a symbolic link.
    pub fn folder(&self) -> Option<&Path> {
        match &self.destination {
            Destination::File(target) => Some(folder_of(target)),
            Destination::Stdout | Destination::Stream(_) => None,
        }
    }

    /// Whether the output is a regular file.
    pub fn is_file(&self) -> bool {
        matches!(self.destination, Destination::File(_))
    }

    /// Whether the output is standard output.
    pub fn is_stdout(&self) -> bool {
        matches!(self.destination, Destination::Stdout)
    }

    /// Whether the output is a terminal other than standard output.
    pub fn is_terminal(&self) -> bool {
        use std::io::IsTerminal as _;
        matches!(&self.destination, Destination::Stream(Some(stream)) if stream.is_terminal())
    }
}

/// The folder that contains `path`.
fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn destination(path: &Path, options: OutputOptions) -> io::Result<Destination> {
    if path == Path::new("-") {
        return Ok(Destination::Stdout);
    }
    #[cfg(unix)]
    if let Some(descriptor) = descriptor(path) {
        let stream = match descriptor {
            Descriptor::Stdout => return Ok(Destination::Stdout),
            // Shares its file position with stderr if both lead to the same file.
            Descriptor::Stderr => rustix::io::dup(rustix::stdio::stderr())?.into(),
            Descriptor::Other => open_stream(path)?,
        };
        return Ok(Destination::Stream(Some(stream)));
    }
    if path.file_name().is_none() || path.to_string_lossy().ends_with(std::path::is_separator) {
        return Err(io::Error::other("it does not name a file"));
    }
    let mut target = path.to_owned();
    let there = followed(&mut target, options)?;
    let Some(there) = there else { return Ok(Destination::File(target)) };
    if there.is_file() {
        if options.keep_existing {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, "it already exists"));
        }
        return Ok(Destination::File(target));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt as _;
        let kind = there.file_type();
        if target == path && (kind.is_fifo() || kind.is_char_device()) {
            return open_stream(path).map(|stream| Destination::Stream(Some(stream)));
        }
    }
    Err(io::Error::other(format!("it is {}", super::input_file::kind_of(&there))))
}

/// The metadata of the file at `target`; `target` becomes the end of a symbolic link. `None` if there is no file yet.
fn followed(target: &mut PathBuf, options: OutputOptions) -> io::Result<Option<Metadata>> {
    for _ in 0..LINKS_MAX {
        match target.symlink_metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
            Ok(there) if !there.is_symlink() => return Ok(Some(there)),
            Ok(_) if options.in_place => {
                *target = folder_of(target).join(target.read_link()?);
            }
            Ok(_) => {
                return Err(io::Error::other(
                    "it is a symbolic link, which is not followed; give the path of its target",
                ));
            }
        }
    }
    Err(io::Error::other("it leads through too many symbolic links"))
}

/// An open file descriptor with a path.
#[cfg(unix)]
enum Descriptor {
    Stdout,
    Stderr,
    Other,
}

/// The descriptor that `path` names, such as `/dev/stdout` and `/dev/fd/3`.
#[cfg(unix)]
fn descriptor(path: &Path) -> Option<Descriptor> {
    let of_number = |number| match number {
        1 => Descriptor::Stdout,
        2 => Descriptor::Stderr,
        _ => Descriptor::Other,
    };
    match path.to_str() {
        Some("/dev/stdout") => return Some(Descriptor::Stdout),
        Some("/dev/stderr") => return Some(Descriptor::Stderr),
        _ => (),
    }
    let number: u32 = path.file_name()?.to_str()?.parse().ok()?;
    let folder = folder_of(path).canonicalize().ok()?;
    // On Linux both `/proc/self/fd` and `/dev/fd` lead to this folder.
    let own = format!("/proc/{}/fd", std::process::id());
    if folder == Path::new(&own) || folder == Path::new("/dev/fd") {
        return Some(of_number(number));
    }
    (folder.starts_with("/proc") && folder.ends_with("fd")).then_some(Descriptor::Other)
}

/// Opens a device or a pipe for writing. A descriptor may lead to a file; then the text is appended.
#[cfg(unix)]
fn open_stream(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::FileTypeExt as _;

    use rustix::fs::OFlags;
    use rustix::io::Errno;
    // Without NONBLOCK, opening a pipe without a reader blocks for ever.
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let mut options = std::fs::OpenOptions::new();
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, flags.bits().cast_signed());
    let file = options.append(true).open(path).map_err(|error| {
        // A device such as /dev/tty without a terminal gives the same error.
        let is_pipe = || path.metadata().is_ok_and(|found| found.file_type().is_fifo());
        if error.raw_os_error() == Some(Errno::NXIO.raw_os_error()) && is_pipe() {
            return io::Error::other("no process reads from this pipe; start the reader first");
        }
        error
    })?;
    let flags = rustix::fs::fcntl_getfl(&file)?;
    rustix::fs::fcntl_setfl(&file, flags - OFlags::NONBLOCK)?;
    Ok(file)
}

/// Replaces `target` atomically.
fn put(target: &Path, options: OutputOptions, text: &[u8]) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    if put_unnamed(target, options, text).is_ok() {
        return Ok(());
    }
    put_named(target, options, text)
}

/// Replaces `target` with a draft next to it.
fn put_named(target: &Path, options: OutputOptions, text: &[u8]) -> io::Result<()> {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "only Unix has modes"))]
    let mut builder = draft();
    #[cfg(unix)]
    if options.public {
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    }
    let mut draft = builder.tempfile_in(folder_of(target))?;
    // Windows lets no other process read a locked file, not even under its final name.
    #[cfg(unix)]
    let _ = draft.as_file().try_lock();
    fill(draft.as_file_mut(), target, options, text)?;
    let named =
        if options.keep_existing { draft.persist_noclobber(target) } else { draft.persist(target) };
    named.map_err(|error| error.error)?;
    sync(target)
}

/// The same with an unnamed file that gets its name when it is complete. A killed run leaves no file behind.
#[cfg(target_os = "linux")]
fn put_unnamed(target: &Path, options: OutputOptions, text: &[u8]) -> io::Result<()> {
    use std::os::fd::AsRawFd as _;

    use rustix::fs::{AtFlags, CWD, Mode, OFlags, linkat, openat};
    let folder = folder_of(target);
    let mode = Mode::from_raw_mode(if options.public { 0o666 } else { 0o600 });
    let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
    let mut file = File::from(openat(CWD, folder, flags, mode)?);
    fill(&mut file, target, options, text)?;
    // The lock tells other processes that the file is in use.
    file.try_lock()?;
    let unnamed = format!("/proc/self/fd/{}", file.as_raw_fd());
    let link = |name: &Path| -> io::Result<()> {
        Ok(linkat(CWD, &unnamed, CWD, name, AtFlags::SYMLINK_FOLLOW)?)
    };
    match link(target) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && !options.keep_existing => {
            // Linking cannot replace an existing file, so the file gets a draft name first and is then renamed.
            draft().make_in(folder, link)?.persist(target).map_err(|error| error.error)?;
        }
        linked => linked?,
    }
    sync(target)
}

fn draft() -> Builder<'static, 'static> {
    let mut builder = Builder::new();
    builder.prefix(DRAFT.0).suffix(DRAFT.1).rand_bytes(DRAFT_RANDOM);
    builder
}

/// Writes the whole `text` and sets the mode. The data is on disk when this returns.
fn fill(file: &mut File, target: &Path, options: OutputOptions, text: &[u8]) -> io::Result<()> {
    // With `in_place` the file is one that the user keeps, so its mode is kept.
    let before = target.symlink_metadata().ok().filter(|_| options.in_place);
    if let Some(before) = before {
        file.set_permissions(before.permissions())?;
    } else {
        #[cfg(unix)]
        if !options.public {
            // Set explicitly, so that the umask does not matter.
            file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
        }
    }
    file.write_all(text)?;
    file.sync_all()
}

/// Syncs the folder of `target`, so that its file name survives a power failure.
fn sync(target: &Path) -> io::Result<()> {
    #[cfg(unix)]
    File::open(folder_of(target))?.sync_all()?;
    #[cfg(not(unix))]
    let _ = target;
    Ok(())
}

/// Removes drafts in `folder` that killed runs left behind, as far as possible.
fn remove_leftovers(folder: &Path) {
    for entry in folder.read_dir().into_iter().flatten().flatten() {
        let path = entry.path();
        if is_draft(&entry.file_name()) && is_leftover(&path) {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Whether `name` has the form of a draft's name.
fn is_draft(name: &std::ffi::OsStr) -> bool {
    let random = name.to_str().and_then(|name| name.strip_prefix(DRAFT.0)?.strip_suffix(DRAFT.1));
    random.is_some_and(|random| {
        random.len() == DRAFT_RANDOM && random.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

/// Whether the draft `path` is a file of this user that no running process has locked. On Windows drafts are not locked
/// (see [`put_named`]), so none is known to be left over.
fn is_leftover(path: &Path) -> bool {
    let is_ours = |there: Metadata| {
        #[cfg(unix)]
        let own =
            std::os::unix::fs::MetadataExt::uid(&there) == rustix::process::geteuid().as_raw();
        #[cfg(not(unix))]
        let own = false;
        own && there.is_file()
    };
    path.symlink_metadata().is_ok_and(is_ours)
        && File::open(path).is_ok_and(|file| file.try_lock().is_ok())
}

#[cfg(unix)]
#[cfg(test)]
mod tests;
