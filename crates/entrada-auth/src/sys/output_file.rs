//! Files that the user names for something to be written to: the one writer of them all.
//!
//! A plain file is replaced in one step, so that a reader finds the old one or the whole new one. A character device, a pipe
//! and `-` are written to. Everything else is refused.

use std::fs::{File, Metadata};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::Builder;

/// How the names of drafts begin and end. They stand beside the file that they become.
const DRAFT: (&str, &str) = (".entrada-", ".tmp");

/// Random characters between the two.
const DRAFT_RANDOM: usize = 8;

/// Symbolic links that are followed one after the other.
const LINKS_MAX: usize = 40;

/// What holds for one output file.
#[derive(Clone, Copy, Debug, Default)]
pub struct OutputOptions {
    /// It is a file that the user keeps and edits: a symbolic link to it is followed, in place of refused, and its mode stays.
    pub in_place: bool,
    /// A file that is there already stays, and is an error ([`io::ErrorKind::AlreadyExists`]).
    pub keep_existing: bool,
    /// The umask decides who can read it, in place of its owner alone.
    pub public: bool,
}

/// A file that the user named, and that can be written as far as can be known before.
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
    /// A device or a pipe, open. `None` once it was written to: what was sent cannot be sent anew.
    Stream(Option<File>),
    /// A plain file, or nothing yet.
    File(PathBuf),
}

impl OutputFile {
    /// Looks at `path`, and changes nothing: the file is written by [`OutputFile::write`].
    pub fn open(path: &Path, options: OutputOptions) -> io::Result<Self> {
        let destination = destination(path, options)?;
        if let Destination::File(target) = &destination {
            let folder = folder_of(target);
            // For the system's words, which `tempfile` does not keep.
            folder.metadata()?;
            tempfile::tempfile_in(folder).map_err(|error| io::Error::from(error.kind()))?;
            remove_leftovers(folder);
        }
        Ok(Self { path: path.to_owned(), destination, options })
    }

    /// Writes `text`: a plain file whole or not at all, a stream once. `stdout` is where `-` goes.
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

    /// The path as it was given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it is a file that is there afterwards.
    pub fn is_file(&self) -> bool {
        matches!(self.destination, Destination::File(_))
    }

    /// Whether it is standard output.
    pub fn is_stdout(&self) -> bool {
        matches!(self.destination, Destination::Stdout)
    }

    /// Whether it is a terminal other than standard output.
    pub fn is_terminal(&self) -> bool {
        use std::io::IsTerminal as _;
        matches!(&self.destination, Destination::Stream(Some(stream)) if stream.is_terminal())
    }
}

/// The folder in which `path` stands.
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
            // Shares its position in a file that stderr may lead to.
            Descriptor::Stderr => rustix::io::dup(rustix::stdio::stderr())?.into(),
            Descriptor::Other => open_stream(path)?,
        };
        return Ok(Destination::Stream(Some(stream)));
    }
    if path.file_name().is_none() || path.to_string_lossy().ends_with(std::path::is_separator) {
        return Err(io::Error::other("it names no file"));
    }
    let mut target = path.to_owned();
    let there = followed(&mut target, options)?;
    let Some(there) = there else { return Ok(Destination::File(target)) };
    if there.is_file() {
        if options.keep_existing {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, "it is there already"));
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

/// What is at `target`, which becomes the place that a link leads to; `None` where nothing is there yet.
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
                    "it is a symbolic link, which is not followed; name the file that it leads to",
                ));
            }
        }
    }
    Err(io::Error::other("it is a symbolic link that leads through too many others"))
}

/// An open file descriptor that has a name.
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
    // `/proc/self` and `/dev/fd` lead there on Linux.
    let own = format!("/proc/{}/fd", std::process::id());
    if folder == Path::new(&own) || folder == Path::new("/dev/fd") {
        return Some(of_number(number));
    }
    (folder.starts_with("/proc") && folder.ends_with("fd")).then_some(Descriptor::Other)
}

/// Opens a device or a pipe to write to it. What a descriptor leads to may be a file, to which is added.
#[cfg(unix)]
fn open_stream(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::FileTypeExt as _;

    use rustix::fs::OFlags;
    use rustix::io::Errno;
    // Without NONBLOCK, opening a pipe that nobody reads waits for ever.
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let mut options = std::fs::OpenOptions::new();
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, flags.bits().cast_signed());
    let file = options.append(true).open(path).map_err(|error| {
        // A device says the same where nothing is behind it, such as /dev/tty without a terminal.
        let is_pipe = || path.metadata().is_ok_and(|found| found.file_type().is_fifo());
        if error.raw_os_error() == Some(Errno::NXIO.raw_os_error()) && is_pipe() {
            return io::Error::other("nobody reads from this pipe; start its reader first");
        }
        error
    })?;
    let flags = rustix::fs::fcntl_getfl(&file)?;
    rustix::fs::fcntl_setfl(&file, flags - OFlags::NONBLOCK)?;
    Ok(file)
}

/// Replaces `target` in one step.
fn put(target: &Path, options: OutputOptions, text: &[u8]) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    if put_unnamed(target, options, text).is_ok() {
        return Ok(());
    }
    put_named(target, options, text)
}

/// Replaces `target` by a draft beside it.
fn put_named(target: &Path, options: OutputOptions, text: &[u8]) -> io::Result<()> {
    let mut builder = draft();
    #[cfg(unix)]
    if options.public {
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    }
    let mut draft = builder.tempfile_in(folder_of(target))?;
    let _ = draft.as_file().try_lock();
    fill(draft.as_file_mut(), target, options, text)?;
    let named =
        if options.keep_existing { draft.persist_noclobber(target) } else { draft.persist(target) };
    named.map_err(|error| error.error)?;
    sync(target)
}

/// The same from a file that has no name until it is whole, of which a killed run leaves nothing behind.
#[cfg(target_os = "linux")]
fn put_unnamed(target: &Path, options: OutputOptions, text: &[u8]) -> io::Result<()> {
    use std::os::fd::AsRawFd as _;

    use rustix::fs::{AtFlags, CWD, Mode, OFlags, linkat, openat};
    let folder = folder_of(target);
    let mode = Mode::from_raw_mode(if options.public { 0o666 } else { 0o600 });
    let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
    let mut file = File::from(openat(CWD, folder, flags, mode)?);
    fill(&mut file, target, options, text)?;
    // Tells others that somebody is at work on it.
    file.try_lock()?;
    let unnamed = format!("/proc/self/fd/{}", file.as_raw_fd());
    let link = |name: &Path| -> io::Result<()> {
        Ok(linkat(CWD, &unnamed, CWD, name, AtFlags::SYMLINK_FOLLOW)?)
    };
    match link(target) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && !options.keep_existing => {
            // No call gives it a name that another file has.
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

/// Writes the whole `text`, on disk when this returns, and sets who can read it.
fn fill(file: &mut File, target: &Path, options: OutputOptions, text: &[u8]) -> io::Result<()> {
    // Only where links are followed is the file one that the user keeps: its mode stays.
    let before = target.symlink_metadata().ok().filter(|_| options.in_place);
    if let Some(before) = before {
        file.set_permissions(before.permissions())?;
    } else {
        #[cfg(unix)]
        if !options.public {
            // Whatever the umask.
            file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
        }
    }
    file.write_all(text)?;
    file.sync_all()
}

/// Makes the name of `target` last.
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

/// Whether a draft of ours could be called `name`.
fn is_draft(name: &std::ffi::OsStr) -> bool {
    let random = name.to_str().and_then(|name| name.strip_prefix(DRAFT.0)?.strip_suffix(DRAFT.1));
    random.is_some_and(|random| {
        random.len() == DRAFT_RANDOM && random.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

/// Whether the draft `path` is a file of this user's that no living process is at work on.
fn is_leftover(path: &Path) -> bool {
    let is_ours = |there: Metadata| {
        #[cfg(unix)]
        let own =
            std::os::unix::fs::MetadataExt::uid(&there) == rustix::process::geteuid().as_raw();
        #[cfg(not(unix))]
        let own = true;
        own && there.is_file()
    };
    path.symlink_metadata().is_ok_and(is_ours)
        && File::open(path).is_ok_and(|file| file.try_lock().is_ok())
}

#[cfg(unix)]
#[cfg(test)]
mod tests;
