//! The enclosure by bubblewrap: namespaces of its own for mounts, network and processes.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use command_fds::{CommandFdExt as _, FdMapping};
use rustix::fs::{MemfdFlags, memfd_create};
use rustix::pipe::PipeFlags;

use super::layout::{INSIDE, Layout};
use super::{LIFELINE_DESCRIPTOR, RECORD_DESCRIPTOR, SandboxError};
use super::{kernel_keys, trust};

/// The first descriptor of the files that bubblewrap reads.
const FIRST_DESCRIPTOR: i32 = 10;
/// What the process inside reads, and removes.
pub(super) const SETUP: &str = "setup.json";
/// Names are resolved by the server of the run.
const RESOLV_CONF: &str = "nameserver 127.0.0.1\noptions timeout:2 attempts:2\n";
const RESOLV_CONF_PATH: &str = "/etc/resolv.conf";
const NSSWITCH_PATH: &str = "/etc/nsswitch.conf";
/// Programs that open pages, over which the script of the run is bound. A link to a browser is not among them.
const OPENERS: [&str; 2] = ["/usr/bin/xdg-open", "/usr/bin/sensible-browser"];

/// What the enclosure is made of.
pub(super) struct Enclosure<'a> {
    pub(super) bubblewrap: &'a Path,
    /// The program that runs inside, with its arguments.
    pub(super) inside: &'a [OsString],
    pub(super) setup: &'a [u8],
    pub(super) ca_pem: &'a str,
    pub(super) java_store: &'a [u8],
    /// The variables that nothing inside gets: the program could read them from the process that started it.
    pub(super) without: &'a [String],
}

/// How the namespaces are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Privilege {
    /// As root: without a namespace of users.
    Root,
    /// With a namespace of users, in which the own user id stays.
    UserNamespace,
}

/// The end of an enclosure.
pub(super) struct Ended {
    pub(super) code: u8,
    /// What the process inside wrote; empty if it never started.
    pub(super) record: Vec<u8>,
}

/// bubblewrap among the folders of `path`. A program in the working directory is never used: it may have come with the
/// program that is to be run.
pub(super) fn find(path: Option<&OsString>) -> Option<PathBuf> {
    std::env::split_paths(path?)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join("bwrap"))
        .find(|file| file.is_file())
}

impl Enclosure<'_> {
    /// Runs it, and waits for its end.
    pub(super) fn run(&self, privilege: Privilege) -> Result<Ended, SandboxError> {
        let mut files = Files::default();
        let mut arguments = namespaces(privilege);
        arguments.extend(root_folders()?);
        arguments.extend(words(&["--proc", "/proc", "--dev-bind", "/dev", "/dev"]));
        arguments.extend(words(&["--perms", "0755", "--tmpfs", INSIDE]));
        arguments.extend(words(&["--remount-ro", "/"]));
        let setup = format!("{INSIDE}/{SETUP}");
        arguments.extend(files.option("--file", "0600", self.setup, Path::new(&setup))?);
        for (content, path) in self.bound_files() {
            arguments.extend(files.option("--ro-bind-data", "0644", &content, &path)?);
        }
        let opener = Layout::new(INSIDE).opener();
        for path in trust::existing(&OPENERS) {
            arguments.extend(files.option("--ro-bind-data", "0755", opener.as_bytes(), &path)?);
        }
        if privilege == Privilege::Root
            && let Some(filter) = kernel_keys::filter()
        {
            let number = files.add(&filter)?;
            arguments.extend(words(&["--seccomp", &number.to_string()]));
        }
        arguments.push("--".into());
        arguments.extend_from_slice(self.inside);

        let record = File::from(
            memfd_create("entrada-sandbox-record", MemfdFlags::CLOEXEC).map_err(io::Error::from)?,
        );
        files
            .mappings
            .push(FdMapping { parent_fd: record.try_clone()?.into(), child_fd: RECORD_DESCRIPTOR });
        // bubblewrap asks the kernel to end it with its parent, which is too late if the parent has ended before that.
        let (lifeline, held) =
            rustix::pipe::pipe_with(PipeFlags::CLOEXEC).map_err(io::Error::from)?;
        files.mappings.push(FdMapping { parent_fd: lifeline, child_fd: LIFELINE_DESCRIPTOR });
        let mut command = Command::new(self.bubblewrap);
        command.args(&arguments);
        for name in self.without {
            command.env_remove(name);
        }
        command.fd_mappings(files.mappings).map_err(io::Error::other)?;
        let status = command.status()?;
        drop(held);
        let mut record = record;
        record.seek(SeekFrom::Start(0))?;
        let mut written = Vec::new();
        record.read_to_end(&mut written)?;
        Ok(Ended { code: super::code_of(status), record: written })
    }

    /// Files of the system that have another content inside. Only files that exist are covered: bubblewrap would make the
    /// others on the disk.
    fn bound_files(&self) -> Vec<(Vec<u8>, PathBuf)> {
        let mut all: Vec<(Vec<u8>, PathBuf)> = Vec::new();
        let ca = |path| (self.ca_pem.as_bytes().to_vec(), path);
        all.extend(trust::bundles().into_iter().map(ca));
        all.extend(trust::java_stores().into_iter().map(|path| (self.java_store.to_vec(), path)));
        for path in trust::existing(&[RESOLV_CONF_PATH]) {
            all.push((RESOLV_CONF.into(), path));
        }
        for path in trust::existing(&[NSSWITCH_PATH]) {
            let text = fs::read_to_string(&path).unwrap_or_default();
            all.push((with_dns(&text).into_bytes(), path));
        }
        all
    }
}

fn words(all: &[&str]) -> Vec<OsString> {
    all.iter().map(OsString::from).collect()
}

fn namespaces(privilege: Privilege) -> Vec<OsString> {
    // The process inside is the first of its namespace: the kernel ends all others with it.
    let mut all = words(&["--unshare-net", "--unshare-pid", "--as-pid-1", "--die-with-parent"]);
    if privilege == Privilege::UserNamespace {
        all.extend(words(&["--unshare-user", "--cap-add", "CAP_NET_BIND_SERVICE"]));
        all.extend(words(&["--cap-add", "CAP_NET_ADMIN"]));
    }
    all
}

/// Binds each entry of `/` by itself, so that the root is in memory: mount points never reach the disk.
fn root_folders() -> io::Result<Vec<OsString>> {
    let mut all = Vec::new();
    for entry in fs::read_dir("/")? {
        let entry = entry?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        if path == Path::new("/proc") || path == Path::new("/dev") || path == Path::new(INSIDE) {
            continue;
        }
        if kind.is_symlink() {
            all.extend(["--symlink".into(), fs::read_link(&path)?.into(), path.into()]);
        } else if kind.is_dir() || kind.is_file() {
            all.extend(["--dev-bind-try".into(), path.clone().into(), path.into()]);
        }
    }
    Ok(all)
}

/// nsswitch.conf with `hosts: files dns`.
fn with_dns(text: &str) -> String {
    let other = text.lines().filter(|line| !line.trim_start().starts_with("hosts:"));
    other.chain(["hosts: files dns"]).map(|line| format!("{line}\n")).collect()
}

/// Files in memory that bubblewrap reads.
#[derive(Default)]
struct Files {
    mappings: Vec<FdMapping>,
}

impl Files {
    /// The arguments for a file with this content at `path`.
    fn option(
        &mut self,
        option: &str,
        mode: &str,
        content: &[u8],
        path: &Path,
    ) -> io::Result<Vec<OsString>> {
        let number = self.add(content)?;
        let mut all = words(&["--perms", mode, option, &number.to_string()]);
        all.push(path.into());
        Ok(all)
    }

    /// The descriptor of a file with this content.
    fn add(&mut self, content: &[u8]) -> io::Result<i32> {
        let mut file = File::from(memfd_create("entrada-sandbox", MemfdFlags::CLOEXEC)?);
        file.write_all(content)?;
        file.seek(SeekFrom::Start(0))?;
        let number = FIRST_DESCRIPTOR + i32::try_from(self.mappings.len()).unwrap_or_default();
        self.mappings.push(FdMapping { parent_fd: OwnedFd::from(file), child_fd: number });
        Ok(number)
    }
}

/// Why bubblewrap makes no enclosure on this machine, by its own words; and what to do.
pub(super) fn why_refused(bubblewrap: &Path, privilege: Privilege) -> SandboxError {
    let mut command = Command::new(bubblewrap);
    command.args(namespaces(privilege)).args([
        "--dev-bind",
        "/",
        "/",
        "--proc",
        "/proc",
        "--",
        "true",
    ]);
    let said = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).output();
    let said = said.map_or_else(
        |error| error.to_string(),
        |output| String::from_utf8_lossy(&output.stderr).trim().to_owned(),
    );
    let said = said.lines().last().unwrap_or_default().to_owned();
    SandboxError::Forbidden { help: help_for(&said), said }
}

/// What to do about this message of bubblewrap.
fn help_for(said: &str) -> Vec<&'static str> {
    let sandboxed = "in a container, allow it: `docker run --security-opt seccomp=unconfined --security-opt apparmor=unconfined`";
    let mut help = Vec::new();
    if said.contains("RTM_NEWADDR") || said.contains("setting up uid map") {
        help.push(
            "Ubuntu's AppArmor forbids it: install the profile (`apt-get install apparmor-profiles`, then \
             `ln -s /usr/share/apparmor/extra-profiles/bwrap-userns-restrict /etc/apparmor.d/` and reload), or \
             `sysctl kernel.apparmor_restrict_unprivileged_userns=0`, or run it as root",
        );
    }
    if said.contains("No permissions to create new namespace")
        || said.contains("Operation not permitted")
    {
        help.push(
            "`sysctl kernel.unprivileged_userns_clone=1` allows it on older systems of Debian",
        );
        help.push(sandboxed);
    }
    if said.contains("ENOSPC") || said.contains("No space left") || said.contains("nesting depth") {
        help.push("`sysctl user.max_user_namespaces=10000` allows it");
    }
    if help.is_empty() {
        help.push(sandboxed);
    }
    help.push("`--via proxy` needs no namespaces; requests that do not use the proxy are missing in its record");
    help
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_resolved_by_files_and_dns() {
        let text = "passwd: files\nhosts: files mdns4_minimal [NOTFOUND=return] dns myhostname\n";
        assert_eq!(with_dns(text), "passwd: files\nhosts: files dns\n");
        assert_eq!(with_dns(""), "hosts: files dns\n");
    }

    #[test]
    fn a_program_of_the_working_directory_is_not_bubblewrap() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("bwrap"), "").unwrap();
        let current = std::env::current_dir().unwrap();
        let up = "../".repeat(current.components().count());
        let relative = Path::new(&up).join(folder.path().strip_prefix("/").unwrap());
        assert!(relative.join("bwrap").is_file());
        assert_eq!(find(Some(&relative.into())), None);
        let found = find(Some(&folder.path().into())).unwrap();
        assert_eq!(found, folder.path().join("bwrap"));
    }

    #[test]
    fn each_known_refusal_has_its_way_out() {
        for (said, help) in [
            ("bwrap: setting up uid map: Permission denied", "AppArmor"),
            ("bwrap: loopback: Failed RTM_NEWADDR: Operation not permitted", "AppArmor"),
            (
                "bwrap: No permissions to create new namespace, likely because the kernel does not allow",
                "unprivileged_userns_clone",
            ),
            (
                "bwrap: Creating new namespace failed: nesting depth or /proc/sys/user/max_*_namespaces exceeded (ENOSPC)",
                "max_user_namespaces",
            ),
            ("bwrap: Creating new namespace failed: Operation not permitted", "seccomp"),
        ] {
            let all = help_for(said).join("\n");
            assert!(all.contains(help) && all.contains("--via proxy"), "{said}: {all}");
        }
    }

    #[test]
    fn the_root_is_bound_piece_by_piece() {
        let all: Vec<String> = root_folders()
            .unwrap()
            .iter()
            .map(|word| word.to_string_lossy().into_owned())
            .collect();
        assert!(all.windows(3).any(|three| three == ["--dev-bind-try", "/etc", "/etc"]));
        assert!(!all.iter().any(|word| word == "/" || word == "/proc" || word == "/dev"));
    }
}
