use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt as _, chown, symlink};

use super::*;

/// A user id that does not exist here.
const NOBODY_HERE: u32 = 54_321;

fn read(path: &Path, trust: FileTrust) -> Result<String, String> {
    let bytes = read_input_file(path, SMALL_FILE_MAX, trust).map_err(|error| error.to_string());
    bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

fn refused(path: &Path, trust: FileTrust, word: &str) {
    let message = read(path, trust).unwrap_err();
    assert!(message.contains(word), "`{message}` lacks `{word}`");
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
fn only_regular_files_of_a_limited_size_are_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(&dir);
    for trust in [FileTrust::Anybody, FileTrust::Unaltered, FileTrust::Secret] {
        assert_eq!(read(&path, trust).unwrap(), "text");
    }
    let pipe = dir.path().join("pipe");
    // macOS has no call for it in rustix.
    let made = std::process::Command::new("mkfifo").args(["-m", "600"]).arg(&pipe).status();
    assert!(made.unwrap().success());
    refused(&pipe, FileTrust::Anybody, "a pipe");
    refused(dir.path(), FileTrust::Anybody, "a folder");
    refused(Path::new("/dev/zero"), FileTrust::Anybody, "a device");
    let link = dir.path().join("link");
    for (target, word) in
        [("/dev/zero", "a device"), ("pipe", "a pipe"), ("gone", "No such file"), ("link", "links")]
    {
        symlink(target, &link).unwrap();
        refused(&link, FileTrust::Anybody, word);
        fs::remove_file(&link).unwrap();
    }
    let large = File::create(dir.path().join("large")).unwrap();
    large.set_len(SMALL_FILE_MAX).unwrap();
    assert!(read(&dir.path().join("large"), FileTrust::Anybody).is_ok());
    large.set_len(3 << 30).unwrap();
    refused(&dir.path().join("large"), FileTrust::Anybody, "larger than 1 MiB");
    let missing = read_input_file(&dir.path().join("gone"), 1, FileTrust::Secret).unwrap_err();
    assert!(missing.is_not_found());
}

#[test]
fn a_file_that_others_can_write_or_read_is_refused_with_the_fix() {
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
        assert_eq!(read(&path, FileTrust::Unaltered).is_ok(), unaltered, "{mode:o}");
        assert_eq!(read(&path, FileTrust::Secret).is_ok(), secret, "{mode:o}");
        assert!(read(&path, FileTrust::Anybody).is_ok(), "{mode:o}");
    }
    refused(&path, FileTrust::Unaltered, &format!("chmod go-w {}", path.display()));
    refused(&path, FileTrust::Secret, &format!("chmod 600 {}", path.display()));
}

#[test]
fn a_folder_that_others_can_write_to_is_refused_unless_it_is_sticky() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(&dir);
    for (mode, fine) in [(0o755, true), (0o775, false), (0o777, false), (0o1777, true)] {
        set_mode(dir.path(), mode);
        assert_eq!(read(&path, FileTrust::Unaltered).is_ok(), fine, "{mode:o}");
    }
    // The folder of a link is checked as well as the folder of its target.
    let other = tempfile::tempdir().unwrap();
    let link = other.path().join("link");
    symlink(&path, &link).unwrap();
    assert!(read(&link, FileTrust::Unaltered).is_ok());
    set_mode(other.path(), 0o777);
    refused(&link, FileTrust::Unaltered, &format!("chmod go-w {}", other.path().display()));
    set_mode(other.path(), 0o700);
    set_mode(dir.path(), 0o777);
    refused(&link, FileTrust::Unaltered, &format!("chmod go-w {}", dir.path().display()));
}

#[test]
fn every_folder_on_the_path_counts_also_behind_links() {
    let dir = tempfile::tempdir().unwrap();
    let top = dir.path().canonicalize().unwrap();
    let deep = top.join("a/b/c");
    fs::create_dir_all(&deep).unwrap();
    let path = deep.join("file");
    fs::write(&path, "text").unwrap();
    set_mode(&path, 0o600);
    symlink("a/b", top.join("way")).unwrap();
    let other = tempfile::tempdir().unwrap();
    symlink(top.join("way/../b/c/file"), other.path().join("link")).unwrap();
    let over_links = other.path().join("link");
    for folder in [top.clone(), top.join("a"), top.join("a/b"), deep.clone()] {
        for (mode, is_fine) in [(0o755, true), (0o775, false), (0o757, false), (0o1777, true)] {
            set_mode(&folder, mode);
            for name in [&path, &over_links, &top.join("way/c/../c/./file")] {
                for trust in [FileTrust::Unaltered, FileTrust::Secret] {
                    let found = read(name, trust);
                    assert_eq!(found.is_ok(), is_fine, "{folder:?} {mode:o}: {found:?}");
                }
            }
            assert!(read(&path, FileTrust::Anybody).is_ok());
        }
        set_mode(&folder, 0o755);
    }
    // A missing file is accepted, but the folders on the way to it are checked.
    let missing = top.join("a/b/new/file");
    check_path(&missing).unwrap();
    set_mode(&top.join("a"), 0o777);
    assert!(check_path(&missing).is_err());
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
    refused(&key, FileTrust::Secret, "chmod 600");
    set_mode(&version.join("key"), 0o400);
    assert_eq!(read(&key, FileTrust::Secret).unwrap(), "text");
    assert_eq!(read(&key, FileTrust::Unaltered).unwrap(), "text");
}

#[test]
fn a_file_of_another_user_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(&dir);
    let trust_check = |user, trust| {
        let metadata = path.metadata().unwrap();
        check_owner_for(user, &path, &metadata, trust).map_err(|error| error.to_string())
    };
    if !rustix::process::geteuid().is_root() {
        // Only root can change the owner of a file, so the test checks this file as another user.
        let (me, other) = (this_user(), this_user() + 1);
        for trust in [FileTrust::Unaltered, FileTrust::Secret] {
            trust_check(me, trust).unwrap();
            let message = trust_check(other, trust).unwrap_err();
            assert!(message.contains(&format!("belongs to another user (uid {me})")), "{message}");
        }
        trust_check(other, FileTrust::Anybody).unwrap();
        return;
    }
    // Another user may read a file that root shares with the user's group, but not one that root shares with others.
    for (mode, cure) in [(0o440, None), (0o400, None), (0o444, Some("440")), (0o460, Some("440"))] {
        set_mode(&path, mode);
        let message = trust_check(NOBODY_HERE, FileTrust::Secret).err();
        let cured = message.as_deref().is_some_and(|message| message.contains("chmod 440"));
        assert_eq!(cured, cure.is_some(), "{mode:o}: {message:?}");
    }
    set_mode(&path, 0o600);
    let word = format!("belongs to another user (uid {NOBODY_HERE})");
    chown(&path, Some(NOBODY_HERE), None).unwrap();
    refused(&path, FileTrust::Unaltered, &word);
    refused(&path, FileTrust::Secret, &word);
    assert!(read(&path, FileTrust::Anybody).is_ok());
    chown(&path, Some(0), None).unwrap();
    chown(dir.path(), Some(NOBODY_HERE), None).unwrap();
    refused(&path, FileTrust::Unaltered, &word);
    chown(dir.path(), Some(0), None).unwrap();
    // Another user's link in a folder in which every user may create files.
    set_mode(dir.path(), 0o1777);
    let link = dir.path().join("link");
    symlink("file", &link).unwrap();
    std::os::unix::fs::lchown(&link, Some(NOBODY_HERE), None).unwrap();
    refused(&link, FileTrust::Unaltered, &word);
    refused(&link, FileTrust::Secret, &word);
    // Another user's folder higher up in the path.
    set_mode(dir.path(), 0o755);
    let inner = dir.path().join("inner");
    fs::create_dir(&inner).unwrap();
    fs::write(inner.join("file"), "text").unwrap();
    assert!(read(&inner.join("file"), FileTrust::Unaltered).is_ok());
    chown(dir.path(), Some(NOBODY_HERE), None).unwrap();
    refused(&inner.join("file"), FileTrust::Unaltered, &word);
    chown(dir.path(), Some(0), None).unwrap();
}
