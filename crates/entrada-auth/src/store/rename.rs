//! Renames a file over another one. Windows refuses that while a process has the other one open.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

/// The pause after a refusal: short, because a file that is read again and again is closed for moments only.
const PAUSE: Duration = Duration::from_millis(2);

/// Pauses before the refusal counts: 1 s together. A virus scanner needs less.
const PAUSES: u32 = 500;

/// Renames `from` to `to`, which it replaces. Where another process has `to` open on Windows, it waits for that one.
pub(super) fn replace(from: &Path, to: &Path) -> io::Result<()> {
    retry(|| fs::rename(from, to), pause)
}

/// Calls `attempt` again while it is refused because a file is open.
fn retry(
    mut attempt: impl FnMut() -> io::Result<()>,
    mut pause: impl FnMut(Duration),
) -> io::Result<()> {
    for _ in 0..PAUSES {
        match attempt() {
            Err(error) if cfg!(windows) && is_open_elsewhere(&error) => {
                pause(PAUSE);
            }
            ended => return ended,
        }
    }
    attempt()
}

/// `ERROR_ACCESS_DENIED`, which a missing right is too, or `ERROR_SHARING_VIOLATION`.
fn is_open_elsewhere(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(5 | 32))
}

#[expect(clippy::disallowed_methods, reason = "no message and no deadline depends on this pause")]
fn pause(time: Duration) {
    std::thread::sleep(time);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pauses, and the error that is left, of a rename that fails `times` times with `code`.
    fn failing(times: usize, code: i32) -> (Vec<u128>, Option<i32>) {
        let (mut left, mut pauses) = (times, Vec::new());
        let attempt = || match left.checked_sub(1) {
            Some(rest) => {
                left = rest;
                Err(io::Error::from_raw_os_error(code))
            }
            None => Ok(()),
        };
        let ended = retry(attempt, |time| pauses.push(time.as_millis()));
        (pauses, ended.err().and_then(|error| error.raw_os_error()))
    }

    #[cfg(windows)]
    #[test]
    fn a_file_that_is_open_elsewhere_is_waited_for() {
        assert_eq!(failing(3, 32), (vec![2, 2, 2], None));
        let (pauses, error) = failing(usize::MAX, 5);
        assert_eq!((pauses.iter().sum::<u128>(), error), (1000, Some(5)));
    }

    #[test]
    fn another_error_is_reported_at_once() {
        assert_eq!(failing(1, 112), (vec![], Some(112)));
        assert_eq!(failing(0, 112), (vec![], None));
    }
}
