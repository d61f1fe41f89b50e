//! What is seen of the program besides its requests: arguments, log lines, files.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use crate::judge::{Observation, SecretKind};
use crate::world::{KnownSecret, clock};

/// Milliseconds between two looks at the processes.
const LOOK: u64 = 10;
/// The most command lines that are kept.
const LINES_MAX: usize = 10_000;
/// The largest file that is searched, in bytes, the most files, and the deepest folder.
const FILE_MAX: u64 = 4 << 20;
const FILES_MAX: usize = 20_000;
const DEPTH_MAX: usize = 8;
/// The most output that is kept to be searched, in bytes.
const OUTPUT_MAX: usize = 4 << 20;

/// The command lines of the processes of the enclosure.
#[derive(Clone, Default)]
pub(super) struct CommandLines {
    seen: Arc<Mutex<BTreeSet<(String, String)>>>,
    stop: Arc<AtomicBool>,
}

impl CommandLines {
    /// Starts to look at all processes of the namespace.
    pub(super) fn watch() -> Self {
        let lines = Self::default();
        let for_thread = lines.clone();
        std::thread::spawn(move || {
            while !for_thread.stop.load(Ordering::Relaxed) {
                for_thread.look();
                clock::pause(LOOK);
            }
        });
        lines
    }

    fn look(&self) {
        let Ok(processes) = fs::read_dir("/proc") else { return };
        let own = std::process::id().to_string();
        for process in processes.flatten() {
            let name = process.file_name();
            let Some(name) =
                name.to_str().filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()))
            else {
                continue;
            };
            // The first process is bubblewrap.
            if name == own || name == "1" {
                continue;
            }
            let line = fs::read(process.path().join("cmdline")).unwrap_or_default();
            let comm = fs::read_to_string(process.path().join("comm")).unwrap_or_default();
            if !line.is_empty() {
                let line = String::from_utf8_lossy(&line).replace('\0', " ");
                let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
                if seen.len() < LINES_MAX {
                    seen.insert((comm.trim().to_owned(), line));
                }
            }
        }
    }

    /// Ends the watch. The secrets among the arguments.
    pub(super) fn end(self, secrets: &[KnownSecret]) -> Vec<Observation> {
        self.stop.store(true, Ordering::Relaxed);
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found = Vec::new();
        for (process, line) in seen.iter() {
            for secret in secrets.iter().filter(|secret| line.contains(&secret.value)) {
                found.push(Observation::Argument { secret: secret.kind, process: process.clone() });
            }
        }
        found
    }
}

/// The output of the program, which is passed on and kept.
#[derive(Clone, Default)]
pub(super) struct Output(Arc<Mutex<Vec<u8>>>);

impl Output {
    /// Passes `from` on to `to` until its end.
    pub(super) fn copy(&self, mut from: impl Read, mut to: impl FnMut(&[u8]) -> bool) {
        let mut buffer = [0; 8_192];
        let mut is_open = true;
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            is_open = is_open && to(&buffer[..length]);
            let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if kept.len() < OUTPUT_MAX {
                kept.extend(&buffer[..length]);
            }
        }
    }

    /// The text so far.
    pub(super) fn text(&self) -> String {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&kept).into_owned()
    }

    /// The last line with text, at most 200 characters of it.
    pub(super) fn last_line(&self) -> Option<String> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(&kept);
        let line = text.lines().rev().map(str::trim).find(|line| !line.is_empty())?;
        Some(line.chars().take(200).collect())
    }

    /// The secrets in it. What a program prints on standard output may be meant to be a token; a code is never.
    pub(super) fn secrets(
        &self,
        place: &str,
        is_data: bool,
        secrets: &[KnownSecret],
    ) -> Vec<Observation> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(&kept);
        let shown = secrets.iter().filter(|secret| text.contains(&secret.value));
        let kinds: BTreeSet<SecretKind> =
            shown.map(|secret| secret.kind).filter(|kind| !is_data || !kind.is_lasting()).collect();
        kinds
            .into_iter()
            .map(|secret| Observation::Log { secret, place: place.to_owned() })
            .collect()
    }
}

/// Searches files for secrets.
#[derive(Clone, Copy)]
pub(super) struct FileSearch<'a> {
    pub(super) secrets: &'a [KnownSecret],
    /// Files that were changed before are left out: milliseconds since 1970.
    pub(super) since: i64,
    /// The home folder, which is shown as `~`.
    pub(super) home: &'a Path,
    /// The files that are no output of the program, but that this process writes its output to.
    pub(super) outputs: &'a [FileId],
}

/// Device and inode of a file.
pub(super) type FileId = (u64, u64);

/// The files that standard output and standard error of this process lead to.
pub(super) fn own_outputs() -> Vec<FileId> {
    [rustix::stdio::stdout(), rustix::stdio::stderr()]
        .into_iter()
        .filter_map(|stream| rustix::fs::fstat(stream).ok())
        .map(|file| (file.st_dev, file.st_ino))
        .collect()
}

impl FileSearch<'_> {
    /// The secrets in the files below `folder`.
    pub(super) fn below(&self, folder: &Path) -> Vec<Observation> {
        let mut found = Vec::new();
        let mut left = FILES_MAX;
        self.search(folder, true, 0, &mut left, &mut found);
        found
    }

    fn search(
        &self,
        folder: &Path,
        is_reachable: bool,
        depth: usize,
        left: &mut usize,
        found: &mut Vec<Observation>,
    ) {
        let Ok(entries) = fs::read_dir(folder) else { return };
        for entry in entries.flatten() {
            let Some(remaining) = left.checked_sub(1) else { return };
            *left = remaining;
            let Ok(metadata) = entry.metadata() else { continue };
            let mode = metadata.permissions().mode() & 0o777;
            if metadata.is_dir() {
                let name = entry.file_name();
                if depth < DEPTH_MAX && name != ".git" && name != "node_modules" {
                    let is_reachable = is_reachable && mode & 0o011 != 0;
                    self.search(&entry.path(), is_reachable, depth + 1, left, found);
                }
            } else if metadata.is_file()
                && metadata.len() <= FILE_MAX
                && self.is_new(&metadata)
                && !self.outputs.contains(&(metadata.dev(), metadata.ino()))
            {
                let content = fs::read(entry.path()).unwrap_or_default();
                // Other users cannot open a file in a folder that they cannot enter.
                let mode = if is_reachable { mode } else { mode & 0o700 };
                self.judge(&entry.path(), mode, &String::from_utf8_lossy(&content), found);
            }
        }
    }

    fn is_new(&self, metadata: &fs::Metadata) -> bool {
        let since =
            UNIX_EPOCH + Duration::from_millis(u64::try_from(self.since).unwrap_or_default());
        metadata.modified().is_ok_and(|at| since <= at)
    }

    fn judge(&self, path: &Path, mode: u32, text: &str, found: &mut Vec<Observation>) {
        let kinds: BTreeSet<SecretKind> = self
            .secrets
            .iter()
            .filter(|secret| text.contains(&secret.value))
            .map(|secret| secret.kind)
            .collect();
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().to_ascii_lowercase())
            .unwrap_or_default();
        let is_log = name.split('.').any(|part| part == "log") || name.contains("log.");
        for secret in kinds {
            let shown = self.shown(path);
            found.push(if is_log {
                Observation::Log { secret, place: format!("`{shown}`") }
            } else {
                Observation::File { secret, path: shown, mode }
            });
        }
    }

    fn shown(&self, path: &Path) -> String {
        match path.strip_prefix(self.home) {
            Ok(below) => PathBuf::from("~").join(below).display().to_string(),
            Err(_) => path.display().to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "a-refresh-token-of-a-run";

    fn secrets() -> Vec<KnownSecret> {
        vec![
            KnownSecret { value: TOKEN.into(), kind: SecretKind::RefreshToken },
            KnownSecret { value: "a-code-of-this-run".into(), kind: SecretKind::AuthorizationCode },
        ]
    }

    fn write(path: &Path, mode: u32) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, format!("token={TOKEN}\n")).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn files_are_shown_with_the_mode_that_others_meet() {
        let home = tempfile::tempdir().unwrap();
        write(&home.path().join("open/token"), 0o644);
        write(&home.path().join("closed/token"), 0o644);
        fs::set_permissions(home.path().join("closed"), fs::Permissions::from_mode(0o700)).unwrap();
        write(&home.path().join("a.log"), 0o600);
        let secrets = secrets();
        let search = FileSearch { secrets: &secrets, since: 0, home: home.path(), outputs: &[] };
        let mut found = search.below(home.path());
        found.sort_by_key(|one| format!("{one:?}"));
        let secret = SecretKind::RefreshToken;
        assert_eq!(
            found,
            [
                Observation::File { secret, path: "~/closed/token".into(), mode: 0o600 },
                Observation::File { secret, path: "~/open/token".into(), mode: 0o644 },
                Observation::Log { secret, place: "`~/a.log`".into() },
            ]
        );
        let own = fs::metadata(home.path().join("open/token")).unwrap();
        let others = FileSearch { outputs: &[(own.dev(), own.ino())], ..search };
        assert_eq!(
            others.below(home.path()).len(),
            2,
            "where the output goes is the user's choice"
        );
        let later = FileSearch { since: i64::MAX, ..search };
        assert!(later.below(home.path()).is_empty(), "older files are not the program's");
    }

    #[test]
    fn output_is_passed_on_and_searched() {
        let output = Output::default();
        let mut passed: Vec<u8> = Vec::new();
        let text = format!("GET /?code=a-code-of-this-run\n{TOKEN}\n");
        output.copy(text.as_bytes(), |bytes| {
            passed.extend(bytes);
            true
        });
        assert_eq!(passed, text.as_bytes());
        let log = |secret| Observation::Log { secret, place: "x".into() };
        let (code, token) = (log(SecretKind::AuthorizationCode), log(SecretKind::RefreshToken));
        assert_eq!(output.secrets("x", false, &secrets()), [token, code.clone()]);
        assert_eq!(
            output.secrets("x", true, &secrets()),
            [code],
            "a token may be the data that was asked for"
        );
    }

    #[test]
    fn a_secret_among_arguments_is_seen() {
        let lines = CommandLines::default();
        let argument = format!("--token={TOKEN}");
        let mut child =
            std::process::Command::new("sh").args(["-c", "sleep 5; :", &argument]).spawn().unwrap();
        // The new process has the arguments of this one until it runs its program.
        for _ in 0..500 {
            lines.look();
            let seen = lines.seen.lock().unwrap().iter().any(|(_, line)| line.contains(TOKEN));
            if seen {
                break;
            }
            clock::pause(20);
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let found = lines.end(&secrets());
        let expected =
            Observation::Argument { secret: SecretKind::RefreshToken, process: "sh".into() };
        assert!(found.contains(&expected), "{found:?}");
    }
}
