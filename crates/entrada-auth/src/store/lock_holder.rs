//! The process that holds a lock, as the kernel knows it: also for a lock that several processes share.

use std::fs::File;

/// The process that holds the lock on `file`. `None` where the system does not tell, or nobody holds it.
#[cfg(target_os = "linux")]
pub(super) fn of(file: &File) -> Option<u32> {
    use rustix::fs::{major, minor};
    use std::os::unix::fs::MetadataExt as _;
    let metadata = file.metadata().ok()?;
    let (device, inode) = (metadata.dev(), metadata.ino());
    let place = format!("{:02x}:{:02x}:{inode}", major(device), minor(device));
    holder_at(&place, &std::fs::read_to_string("/proc/locks").ok()?)
}

#[cfg(not(target_os = "linux"))]
pub(super) fn of(_: &File) -> Option<u32> {
    None
}

/// The holder of the lock at `place` in the text of `/proc/locks` (proc_locks(5)). Processes that wait have `->` in the second
/// column; a holder outside this namespace has the id 0.
#[cfg(target_os = "linux")]
fn holder_at(place: &str, locks: &str) -> Option<u32> {
    locks.lines().find_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            [_, "FLOCK", _, _, pid, at, ..] if *at == place => {
                pid.parse().ok().filter(|pid| *pid != 0)
            }
            _ => None,
        }
    })
}

#[cfg(target_os = "linux")]
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_holder_is_read_from_the_kernels_list() {
        let locks = "\
            1: POSIX  ADVISORY  WRITE 11 fd:01:77 0 EOF\n\
            2: FLOCK  ADVISORY  WRITE 12 fd:01:78 0 EOF\n\
            3: FLOCK  ADVISORY  READ 0 fd:01:77 0 EOF\n\
            4: FLOCK  ADVISORY  READ 13 fd:01:77 0 EOF\n\
            4: -> FLOCK  ADVISORY  WRITE 14 fd:01:77 0 EOF\n";
        assert_eq!(holder_at("fd:01:77", locks), Some(13));
        assert_eq!(holder_at("fd:01:79", locks), None);
    }

    #[test]
    fn a_shared_lock_has_its_holder_too() {
        let file = tempfile::tempfile().unwrap();
        assert_eq!(of(&file), None);
        file.lock_shared().unwrap();
        assert_eq!(of(&file), Some(std::process::id()));
    }
}
