//! A lock per grant, held by one process at a time. The kernel releases it however the process ends.

mod writers;

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{BackendError, disk, lock_holder};

pub use writers::WritersLock;
pub(super) use writers::share;

/// The first wait for a lock that another process holds. Each later wait is twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(5);

/// The longest wait between two attempts.
const LONGEST_WAIT: Duration = Duration::from_millis(40);

/// What the holder of a grant's lock does.
const USES_SIGN_IN: &str = "uses this sign-in";

/// Bytes of a note that are read: far more than an authority's error response has.
const NOTE_MAX: u64 = 64 << 10;

/// The lock on a grant could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process held the lock for the whole wait.
    #[error("{} still {does} after a wait of {} s", holder(*.by), .waited.as_secs())]
    Held {
        /// The other process's id, if it could be read.
        by: Option<u32>,
        /// What the other process does.
        does: &'static str,
        /// How long this process waited.
        waited: Duration,
    },
    /// The wait was interrupted.
    #[error("the wait for the lock on the grant was interrupted")]
    GaveUp {
        /// How long this process had waited.
        waited: Duration,
    },
    /// The lock file cannot be created, or the file system has no locks.
    #[error("cannot lock `{}`", .path.display())]
    Refused {
        /// The lock file.
        path: PathBuf,
        /// The platform's error.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

fn holder(by: Option<u32>) -> String {
    by.map_or_else(|| "another process".to_owned(), |pid| format!("another process (pid {pid})"))
}

/// The result of waiting for a lock.
#[derive(Debug)]
pub enum LockOutcome {
    /// This process holds the lock.
    Acquired(LockGuard),
    /// Another process held the lock and released it. Its result may be enough for this process too.
    ReleasedByOther {
        /// How long the wait took.
        waited: Duration,
        /// The note as it was when the wait began.
        note: Option<String>,
    },
}

/// An open lock file.
#[derive(Debug)]
struct LockFile {
    file: File,
    /// Windows lets no other process read a locked file, so the notes are in a file next to it.
    #[cfg(windows)]
    notes: File,
}

impl LockFile {
    /// The file with the holder's process id and the note.
    fn notes(&self) -> &File {
        #[cfg(windows)]
        return &self.notes;
        #[cfg(not(windows))]
        &self.file
    }

    /// The process that holds the lock, if it is known.
    fn holder(&self) -> Option<u32> {
        lock_holder::of(&self.file).or_else(|| holder_pid(self.notes()))
    }
}

/// The path of the file with the notes of the lock `path`.
fn notes_path(path: &Path) -> PathBuf {
    if cfg!(windows) { path.with_extension("note") } else { path.to_owned() }
}

/// A held lock on a grant, released on drop.
#[must_use = "the lock is released when this is dropped"]
#[derive(Debug)]
pub struct LockGuard {
    lock: LockFile,
    on_drop: Option<super::recovery::Held>,
}

impl LockGuard {
    /// The note that the last holder of the lock wrote.
    pub fn note(&self) -> Option<String> {
        read_note(self.lock.notes())
    }

    /// Writes `note`, one line without a secret, for the next process. The note may be lost: nothing may depend on
    /// it.
    pub fn write_note(&self, note: &str) {
        let _ = write(self.lock.notes(), note);
    }

    /// Removes the note.
    pub fn clear_note(&self) {
        self.write_note("");
    }

    /// Removes the process id and the note: the next holders share the lock, and write no id.
    pub(super) fn clear_holder(&self) {
        let _ = self.lock.notes().set_len(0);
    }

    /// Keeps `held` until the lock is released.
    pub(super) fn with(mut self, held: super::recovery::Held) -> Self {
        self.on_drop = Some(held);
        self
    }
}

impl Drop for LockGuard {
    fn drop(&mut self) {
        drop(self.on_drop.take());
        // Closing the file releases the lock too, but a child process that inherited the file would keep it.
        let _ = self.lock.file.unlock();
    }
}

/// Locks `path`. Tries until `wait` is over or `sleep` returns `false`.
pub(super) fn acquire(
    path: &Path,
    wait: Duration,
    sleep: &mut dyn FnMut(Duration) -> bool,
) -> Result<LockGuard, LockError> {
    let lock = open(path).map_err(|fault| refused(path, fault))?;
    if !is_acquired(path, lock.file.try_lock())? {
        retry(&lock, wait, sleep, &mut || is_acquired(path, lock.file.try_lock()))?;
    }
    Ok(write_holder_pid(lock))
}

/// Locks `path` if it is free. Otherwise waits like [`acquire`] until the holder releases the lock. All waiting
/// processes can then look at its result at once, before one of them takes the lock.
pub(super) fn lock_or_wait(
    path: &Path,
    wait: Duration,
    sleep: &mut dyn FnMut(Duration) -> bool,
) -> Result<LockOutcome, LockError> {
    let lock = open(path).map_err(|fault| refused(path, fault))?;
    if is_acquired(path, lock.file.try_lock())? {
        return Ok(LockOutcome::Acquired(write_holder_pid(lock)));
    }
    let note = read_note(lock.notes());
    let waited = retry(&lock, wait, sleep, &mut || is_acquired(path, lock.file.try_lock_shared()))?;
    let _ = lock.file.unlock();
    Ok(LockOutcome::ReleasedByOther { waited, note })
}

/// The note next to the lock `path`, read without the lock.
pub(super) fn note_of(path: &Path) -> Option<String> {
    let path = notes_path(path);
    read_note(&disk::without_following(OpenOptions::new().read(true)).open(path).ok()?)
}

/// Whether an attempt took the lock.
fn is_acquired(path: &Path, tried: Result<(), TryLockError>) -> Result<bool, LockError> {
    match tried {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => {
            Err(LockError::Refused { path: path.to_owned(), source: error.into() })
        }
    }
}

/// Tries again and again, with growing pauses. Returns how long that took.
fn retry(
    lock: &LockFile,
    wait: Duration,
    sleep: &mut dyn FnMut(Duration) -> bool,
    try_again: &mut dyn FnMut() -> Result<bool, LockError>,
) -> Result<Duration, LockError> {
    let (mut waited, mut step) = (Duration::ZERO, FIRST_WAIT);
    loop {
        let rest = wait.saturating_sub(waited);
        if rest.is_zero() {
            return Err(LockError::Held { by: lock.holder(), does: USES_SIGN_IN, waited });
        }
        let pause = step.min(rest);
        if !sleep(pause) {
            return Err(LockError::GaveUp { waited });
        }
        waited += pause;
        if try_again()? {
            return Ok(waited);
        }
        step = (step * 2).min(LONGEST_WAIT);
    }
}

/// Locks `path` and waits without a limit. Used for entrada's own short critical sections.
pub(super) fn wait(path: &Path) -> Result<LockGuard, BackendError> {
    let lock = open(path)?;
    lock.file.lock().map_err(|error| disk::cannot("lock", path, error))?;
    Ok(write_holder_pid(lock))
}

/// Fails where a lock on `path` could not be taken. Makes the file if it is missing.
pub(super) fn check(path: &Path) -> Result<(), BackendError> {
    open(path).map(drop)
}

/// The process that holds the lock `path`, if it is known.
pub(super) fn holder_of(path: &Path) -> Option<u32> {
    let open = |path: &Path| disk::without_following(OpenOptions::new().read(true)).open(path).ok();
    lock_holder::of(&open(path)?).or_else(|| holder_pid(&open(&notes_path(path))?))
}

/// Opens the lock file. It is never removed: with a file that is removed and created again, two processes could hold
/// the same lock.
fn open(path: &Path) -> Result<LockFile, BackendError> {
    if let Some(dir) = path.parent() {
        disk::own_dir(dir)?;
    }
    Ok(LockFile {
        file: open_file(path)?,
        #[cfg(windows)]
        notes: open_file(&notes_path(path))?,
    })
}

fn open_file(path: &Path) -> Result<File, BackendError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let refuse = |error| disk::cannot("open the lock file", path, error);
    let file = disk::without_following(&mut options).open(path).map_err(refuse)?;
    disk::check_open(path, &file.metadata().map_err(refuse)?)?;
    Ok(file)
}

/// Writes the process id to the file, for the messages of processes that wait. A full disk must not prevent locking.
fn write_holder_pid(lock: LockFile) -> LockGuard {
    if holder_pid(lock.notes()) != Some(std::process::id()) {
        let note = read_note(lock.notes()).unwrap_or_default();
        let _ = write(lock.notes(), &note);
    }
    LockGuard { lock, on_drop: None }
}

fn holder_pid(file: &File) -> Option<u32> {
    read(file)?.lines().next()?.trim().parse().ok()
}

fn read_note(file: &File) -> Option<String> {
    read(file)?.lines().nth(1).filter(|note| !note.is_empty()).map(str::to_owned)
}

fn read(mut file: &File) -> Option<String> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.take(NOTE_MAX).read_to_string(&mut text).ok()?;
    Some(text)
}

fn write(mut file: &File, note: &str) -> io::Result<()> {
    let text = format!("{}\n{}\n", std::process::id(), note.lines().next().unwrap_or_default());
    file.rewind()?;
    // Written in one call and truncated after it: a concurrent reader sees the old line, the new line, or a mixture
    // that does not parse as a note.
    file.write_all(text.as_bytes())?;
    file.set_len(text.len() as u64)
}

fn refused(path: &Path, fault: BackendError) -> LockError {
    let text = fault.reason.to_string();
    let source = fault.source.unwrap_or_else(|| io::Error::other(text).into());
    LockError::Refused { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn never(_: Duration) -> bool {
        panic!("no other process holds it");
    }

    #[test]
    fn the_second_waits_until_the_first_is_done() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("locks/a.lock");
        let mut first = Some(acquire(&path, Duration::ZERO, &mut never).unwrap());
        let mut waits = Vec::new();
        let _second = acquire(&path, Duration::from_secs(10), &mut |pause| {
            waits.push(pause.as_millis());
            if waits.len() == 7 {
                first = None;
            }
            true
        })
        .unwrap();
        assert_eq!(waits, [5, 10, 20, 40, 40, 40, 40]);
    }

    #[test]
    fn the_wait_is_bounded_and_names_the_holder() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.lock");
        let _first = acquire(&path, Duration::ZERO, &mut never).unwrap();
        let mut slept = Duration::ZERO;
        let late = acquire(&path, Duration::from_secs(2), &mut |pause| {
            slept += pause;
            true
        });
        let late = late.unwrap_err();
        assert_eq!(slept, Duration::from_secs(2));
        let pid = std::process::id();
        assert_eq!(
            late.to_string(),
            format!("another process (pid {pid}) still uses this sign-in after a wait of 2 s")
        );
    }

    #[test]
    fn waiting_processes_continue_together_and_read_the_note() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.lock");
        let LockOutcome::Acquired(first) = lock_or_wait(&path, Duration::ZERO, &mut never).unwrap()
        else {
            panic!("no other process holds it");
        };
        assert_eq!(first.note(), None);
        first.write_note("begun");
        let mut first = Some(first);
        let released = lock_or_wait(&path, Duration::from_secs(1), &mut |_| {
            if let Some(first) = first.take() {
                first.write_note("done, and longer than before");
                first.write_note("done");
            }
            true
        });
        let LockOutcome::ReleasedByOther { waited, note } = released.unwrap() else {
            panic!("it was held")
        };
        assert_eq!((waited, note.as_deref()), (FIRST_WAIT, Some("begun")));
        assert_eq!(note_of(&path).as_deref(), Some("done"));
        let second = acquire(&path, Duration::ZERO, &mut never).unwrap();
        assert_eq!(second.note().as_deref(), Some("done"), "a new holder keeps the note");
        let late = lock_or_wait(&path, Duration::ZERO, &mut never).unwrap_err();
        assert!(matches!(late, LockError::Held { waited: Duration::ZERO, .. }));
        assert_eq!(note_of(&dir.path().join("other.lock")), None);
    }

    #[test]
    fn a_wait_can_be_interrupted() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.lock");
        let _first = acquire(&path, Duration::ZERO, &mut never).unwrap();
        let given_up = acquire(&path, Duration::from_secs(2), &mut |_| false).unwrap_err();
        assert!(matches!(given_up, LockError::GaveUp { waited: Duration::ZERO }));
    }

    #[cfg(unix)]
    #[test]
    fn the_lock_file_stays_the_same_file() {
        use std::os::unix::fs::MetadataExt as _;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.lock");
        let inode = || std::fs::metadata(&path).unwrap().ino();
        drop(acquire(&path, Duration::ZERO, &mut never).unwrap());
        let before = inode();
        drop(acquire(&path, Duration::ZERO, &mut never).unwrap());
        assert_eq!(inode(), before);
    }

    #[test]
    fn a_killed_holder_releases_the_lock() {
        let dir = tempfile::tempdir().unwrap();
        let mut child = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "store::lock::tests::child_that_holds_the_lock"])
            .current_dir(dir.path())
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        while !dir.path().join("held").exists() {
            assert_eq!(child.try_wait().unwrap(), None, "the child ended early");
            std::thread::yield_now();
        }
        let path = dir.path().join("a.lock");
        let held = acquire(&path, Duration::ZERO, &mut never).unwrap_err();
        assert!(matches!(held, LockError::Held { by: Some(pid), .. } if pid == child.id()));
        child.kill().unwrap();
        child.wait().unwrap();
        let _ours = acquire(&path, Duration::ZERO, &mut never).unwrap();
    }

    #[test]
    #[ignore = "the child of the test above"]
    fn child_that_holds_the_lock() {
        let _lock = acquire(Path::new("./a.lock"), Duration::ZERO, &mut never).unwrap();
        std::fs::write("held", "").unwrap();
        loop {
            std::thread::park();
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_shared_lock_file_is_refused_and_not_changed() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let (path, other) = (dir.path().join("a.lock"), dir.path().join("other"));
        disk::write(&other, b"precious").unwrap();
        std::fs::hard_link(&other, &path).unwrap();
        assert!(acquire(&path, Duration::ZERO, &mut never).is_err());
        assert_eq!(std::fs::read(&other).unwrap(), b"precious");
        std::fs::remove_file(&path).unwrap();
        drop(acquire(&path, Duration::ZERO, &mut never).unwrap());
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).unwrap();
        assert!(acquire(&path, Duration::ZERO, &mut never).is_err());
    }

    #[test]
    fn a_path_that_cannot_be_locked_is_named() {
        let path = Path::new("/proc/nowhere/a.lock");
        let error = acquire(path, Duration::ZERO, &mut never).unwrap_err();
        assert_eq!(error.to_string(), "cannot lock `/proc/nowhere/a.lock`");
    }

    #[test]
    fn threads_take_turns() {
        let dir = tempfile::tempdir().unwrap();
        let (path, count) = (dir.path().join("a.lock"), dir.path().join("count"));
        std::fs::write(&count, "0").unwrap();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..25 {
                        let _lock = wait(&path).unwrap();
                        let now: u32 = std::fs::read_to_string(&count).unwrap().parse().unwrap();
                        std::fs::write(&count, (now + 1).to_string()).unwrap();
                    }
                });
            }
        });
        assert_eq!(std::fs::read_to_string(&count).unwrap(), "200");
    }
}
