use std::fs;
use std::io::Read as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _, symlink};

use super::*;

const PRIVATE: OutputOptions =
    OutputOptions { in_place: false, keep_existing: false, public: false };

fn refused(path: &Path, options: OutputOptions) -> String {
    OutputFile::open(path, options).unwrap_err().to_string()
}

fn write(path: &Path, options: OutputOptions, text: &str) {
    let mut stdout = Vec::new();
    OutputFile::open(path, options).unwrap().write(&mut stdout, text.as_bytes()).unwrap();
    assert_eq!(stdout, b"");
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().mode() & 0o7777
}

fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn pipe(path: &Path) {
    // macOS has no call for it in rustix.
    let made = std::process::Command::new("mkfifo").args(["-m", "600"]).arg(path).status();
    assert!(made.unwrap().success());
}

#[test]
fn only_the_owner_reads_a_file_and_the_old_one_stays_until_the_new_one_is_complete() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.har");
    fs::write(&path, "old").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let mut reader = File::open(&path).unwrap();
    let mut file = OutputFile::open(&path, PRIVATE).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "old");
    assert_eq!(names(dir.path()), ["a.har"], "no draft is left");
    for text in ["new", "newer"] {
        file.write(&mut Vec::new(), text.as_bytes()).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
    let mut seen = String::new();
    reader.read_to_string(&mut seen).unwrap();
    assert_eq!(seen, "old", "an open handle still reads the old file");
    assert_eq!(mode(&path), 0o600);
    assert_eq!(names(dir.path()), ["a.har"], "nothing is left behind");
}

#[test]
fn a_file_system_without_unnamed_files_gets_a_draft_with_a_name() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.har");
    fs::write(&path, "old").unwrap();
    put_named(&path, PRIVATE, b"new").unwrap();
    assert_eq!((fs::read_to_string(&path).unwrap().as_str(), mode(&path)), ("new", 0o600));
    let keep = OutputOptions { keep_existing: true, ..PRIVATE };
    let error = put_named(&path, keep, b"newer").unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
    assert_eq!(fs::read_to_string(&path).unwrap(), "new");
    assert_eq!(names(dir.path()), ["a.har"], "nothing is left behind");
}

#[test]
fn a_file_created_meanwhile_is_kept_if_requested() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("cache.json");
    let keep = OutputOptions { keep_existing: true, ..PRIVATE };
    let mut file = OutputFile::open(&path, keep).unwrap();
    fs::write(&path, "another program's").unwrap();
    let error = file.write(&mut Vec::new(), b"ours").unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
    assert_eq!(fs::read_to_string(&path).unwrap(), "another program's");
    assert_eq!(OutputFile::open(&path, keep).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
}

#[test]
fn a_device_is_written_to_and_stays_one() {
    let null = Path::new("/dev/null");
    write(null, PRIVATE, "gone");
    assert!(null.metadata().unwrap().file_type().is_char_device());
    let full = Path::new("/dev/full");
    let error = OutputFile::open(full, PRIVATE).unwrap().write(&mut Vec::new(), b"x");
    assert_eq!(error.unwrap_err().kind(), io::ErrorKind::StorageFull);
    assert!(full.metadata().unwrap().file_type().is_char_device());
    for (name, number) in [("node", (1, 3)), ("disk", (7, 200))] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(name);
        let kind = if name == "disk" { "b" } else { "c" };
        let made = std::process::Command::new("mknod")
            .args(["-m", "666"])
            .arg(&path)
            .args([kind, &number.0.to_string(), &number.1.to_string()])
            .output();
        // Only root can, and not in every container.
        if !made.is_ok_and(|made| made.status.success()) {
            continue;
        }
        if name == "disk" {
            assert_eq!(refused(&path, PRIVATE), "it is a device");
        } else if let Ok(mut file) = OutputFile::open(&path, PRIVATE) {
            file.write(&mut Vec::new(), b"gone").unwrap();
            assert!(path.symlink_metadata().unwrap().file_type().is_char_device());
        }
    }
}

#[test]
fn a_pipe_is_written_to_and_one_without_a_reader_is_refused_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("pipe");
    pipe(&path);
    assert!(refused(&path, PRIVATE).contains("no process reads"));
    // With a terminal it opens.
    if let Err(error) = OutputFile::open(Path::new("/dev/tty"), PRIVATE) {
        assert!(!error.to_string().contains("no process reads"), "{error}");
    }
    // Opened for reading and writing, the pipe does not wait for a writer.
    let mut reader = fs::OpenOptions::new().read(true).write(true).open(&path).unwrap();
    let mut file = OutputFile::open(&path, PRIVATE).unwrap();
    assert!(!file.is_file());
    file.write(&mut Vec::new(), b"once").unwrap();
    file.write(&mut Vec::new(), b"twice").unwrap();
    let mut seen = [0; 16];
    let size = reader.read(&mut seen).unwrap();
    assert_eq!(&seen[..size], b"once", "the text is sent only once");
    assert!(path.symlink_metadata().unwrap().file_type().is_fifo());
}

#[test]
fn standard_output_has_several_names() {
    let own = format!("/proc/{}/fd/1", std::process::id());
    for name in ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", &own] {
        if name.starts_with("/proc") && !Path::new("/proc/self/fd").exists() {
            continue;
        }
        let mut file = OutputFile::open(Path::new(name), PRIVATE).unwrap();
        assert!(file.is_stdout(), "{name}");
        let mut stdout = Vec::new();
        file.write(&mut stdout, b"text").unwrap();
        assert_eq!(stdout, b"text", "{name}");
    }
    let stderr = OutputFile::open(Path::new("/dev/stderr"), PRIVATE).unwrap();
    assert!(!stderr.is_stdout() && !stderr.is_file());
}

#[cfg(target_os = "linux")]
#[test]
fn a_descriptor_that_leads_to_a_file_adds_to_it_and_replaces_nothing() {
    use std::os::fd::AsRawFd as _;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    fs::write(&path, "before\n").unwrap();
    let open = fs::OpenOptions::new().append(true).open(&path).unwrap();
    let number = path.metadata().unwrap().ino();
    write(&PathBuf::from(format!("/dev/fd/{}", open.as_raw_fd())), PRIVATE, "after\n");
    assert_eq!(fs::read_to_string(&path).unwrap(), "before\nafter\n");
    assert_eq!(path.metadata().unwrap().ino(), number);
}

#[test]
fn a_link_is_followed_only_to_a_file_that_the_user_keeps() {
    let dir = tempfile::tempdir().unwrap();
    let (link, real) = (dir.path().join("link"), dir.path().join("real"));
    let kept = OutputOptions { in_place: true, ..PRIVATE };
    for there in [false, true] {
        symlink("real", &link).unwrap();
        assert!(refused(&link, PRIVATE).contains("symbolic link"));
        if there {
            fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
        }
        write(&link, kept, "text");
        assert!(link.is_symlink());
        assert_eq!(fs::read_to_string(&real).unwrap(), "text");
        assert_eq!(mode(&real), if there { 0o640 } else { 0o600 });
        fs::remove_file(&link).unwrap();
    }
    for (target, word) in [("/dev/null", "a device"), (".", "a folder"), ("link", "many")] {
        symlink(target, &link).unwrap();
        let message = refused(&link, kept);
        assert!(message.contains(word), "{target}: {message}");
        assert!(refused(&link, PRIVATE).contains("symbolic link"));
        fs::remove_file(&link).unwrap();
    }
    pipe(&real.with_extension("pipe"));
    symlink("real.pipe", &link).unwrap();
    assert!(refused(&link, kept).contains("a pipe"));
}

#[test]
fn folders_sockets_and_missing_paths_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(refused(dir.path(), PRIVATE), "it is a folder");
    for nothing in ["", "..", "/", "new/"] {
        assert_eq!(refused(Path::new(nothing), PRIVATE), "it does not name a file", "{nothing}");
    }
    let socket = dir.path().join("socket");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    assert_eq!(refused(&socket, PRIVATE), "it is a socket");
    assert!(refused(Path::new("/nowhere/a.har"), PRIVATE).contains("No such file"));
    fs::write(dir.path().join("file"), "").unwrap();
    assert!(refused(&dir.path().join("file/a.har"), PRIVATE).contains("Not a directory"));
}

#[test]
fn a_public_file_has_the_mode_that_the_umask_leaves() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("page.1");
    write(&path, OutputOptions { public: true, ..PRIVATE }, "page");
    let other = dir.path().join("other");
    fs::write(&other, "").unwrap();
    assert_eq!(mode(&path), mode(&other));
}

#[test]
fn drafts_of_killed_runs_are_removed_and_those_in_use_and_other_files_are_not() {
    let dir = tempfile::tempdir().unwrap();
    let [left, used, near, link] = [
        ".entrada-aaaaaaaa.tmp",
        ".entrada-bbbbbbbb.tmp",
        ".entrada-notes.tmp",
        ".entrada-cccccccc.tmp",
    ]
    .map(|name| dir.path().join(name));
    for path in [&left, &used, &near] {
        fs::write(path, "half").unwrap();
    }
    symlink(&near, &link).unwrap();
    let held = File::open(&used).unwrap();
    held.try_lock().unwrap();
    write(&dir.path().join("a.har"), PRIVATE, "text");
    let kept = [".entrada-bbbbbbbb.tmp", ".entrada-cccccccc.tmp", ".entrada-notes.tmp", "a.har"];
    assert_eq!(names(dir.path()), kept);
}

#[cfg(unix)]
#[test]
fn the_folder_is_that_of_the_file_behind_a_link() {
    let dir = tempfile::tempdir().unwrap();
    let (real, links) = (dir.path().join("real"), dir.path().join("links"));
    for folder in [&real, &links] {
        fs::create_dir(folder).unwrap();
    }
    fs::write(real.join("file"), "").unwrap();
    std::os::unix::fs::symlink(real.join("file"), links.join("file")).unwrap();
    let options = OutputOptions { in_place: true, ..OutputOptions::default() };
    let file = OutputFile::open(&links.join("file"), options).unwrap();
    assert_eq!(file.folder(), Some(&*real));
}
