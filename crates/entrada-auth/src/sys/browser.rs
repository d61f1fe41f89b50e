//! The user's browser: `$BROWSER`, or what the `open` crate knows of this desktop.

use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;

use url::Url;

use super::{Browser, Env, HostKind, TextVariable, VARIABLE_PREFIX};
use entrada_core::check_transport;

/// The PATH of an opener whose own has no absolute folder.
const USUAL_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// The desktop's default browser.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealBrowser;

impl Browser for RealBrowser {
    fn host_kind(&self, env: &Env) -> HostKind {
        place_of(env, &Marks::read())
    }

    fn open(&self, url: &Url, env: &Env) -> io::Result<mpsc::Receiver<io::Error>> {
        if !is_openable(url) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "not an address that can be opened",
            ));
        }
        let openers = openers(url, env);
        let (sender, failure) = mpsc::channel();
        let url = url.clone();
        // The opener may run as long as the browser does. The sign-in does not wait for it.
        std::thread::Builder::new().name("browser".to_owned()).spawn(move || {
            if let Err(error) = open_one_of(openers, &url) {
                // The receiver is gone if the sign-in has ended.
                let _ = sender.send(error);
            }
        })?;
        Ok(failure)
    }
}

/// Whether `url` may be opened: https, or http on this machine; not an address that contains a user name or runs a
/// program.
pub fn is_openable(url: &Url) -> bool {
    check_transport(url).is_ok() && url.username().is_empty() && url.password().is_none()
}

/// What the file system shows about the host.
struct Marks {
    container: bool,
    wsl: bool,
}

impl Marks {
    fn read() -> Self {
        let container =
            ["/.dockerenv", "/run/.containerenv"].iter().any(|path| Path::new(path).exists());
        let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        Self { container, wsl: kernel.to_ascii_lowercase().contains("microsoft") }
    }
}

fn place_of(env: &Env, marks: &Marks) -> HostKind {
    let set = |names: &[&str]| names.iter().any(|name| env.is_set(name));
    if set(&["SSH_CONNECTION", "SSH_TTY"]) {
        HostKind::Remote
    } else if marks.container || set(&["container", "KUBERNETES_SERVICE_HOST"]) {
        HostKind::Container
    } else if cfg!(any(windows, target_os = "macos")) {
        HostKind::Desktop
    } else if marks.wsl || set(&["WSL_DISTRO_NAME", "WSL_INTEROP"]) {
        HostKind::Wsl
    } else if set(&["WAYLAND_DISPLAY", "DISPLAY"]) {
        HostKind::Desktop
    } else {
        HostKind::Headless
    }
}

/// The commands that open `url`, in the order to try them. The address is one argument, and no shell reads it.
fn openers(url: &Url, env: &Env) -> Vec<Command> {
    let mut commands = match env.get(TextVariable::Browser) {
        Some(list) => list.split(':').filter_map(|one| named_opener(one, url)).collect(),
        None => open::commands(url.as_str()),
    };
    for command in &mut commands {
        prepare(command, env);
    }
    commands
}

/// Parses one entry of `$BROWSER`: words, with `%s` for the address. Without `%s` the address is the last argument.
fn named_opener(entry: &str, url: &Url) -> Option<Command> {
    let mut words = entry.split_whitespace();
    let mut command = Command::new(words.next()?);
    let mut placed = false;
    for word in words {
        placed |= word.contains("%s");
        command.arg(word.replace("%s", url.as_str()));
    }
    if !placed {
        command.arg(url.as_str());
    }
    Some(command)
}

/// Runs an opener: its output is discarded, it does not get entrada's own variables or entrada's Ctrl-C, and a
/// program in the working directory is never used.
fn prepare(command: &mut Command, env: &Env) {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    for name in env.names().filter(|name| name.starts_with(VARIABLE_PREFIX)) {
        command.env_remove(name);
    }
    if let Some(path) = env.os("PATH") {
        let absolute = std::env::split_paths(path).filter(|path| path.is_absolute());
        match std::env::join_paths(absolute) {
            Ok(path) if !path.is_empty() => command.env("PATH", path),
            // An empty PATH is the working directory.
            _ => command.env("PATH", USUAL_PATH),
        };
    }
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
}

#[cfg(not(windows))]
fn open_one_of(openers: Vec<Command>, _: &Url) -> io::Result<()> {
    let mut last =
        io::Error::new(io::ErrorKind::NotFound, "no program that opens web pages was found");
    for mut opener in openers {
        let name = Path::new(opener.get_program()).display().to_string();
        match opener.status() {
            Ok(status) if status.success() => return Ok(()),
            Ok(status) => last = io::Error::other(format!("`{name}` ended with {status}")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => (),
            Err(error) => last = io::Error::new(error.kind(), format!("`{name}`: {error}")),
        }
    }
    Err(last)
}

/// `cmd /c start` would parse the address as a command line. The system call does not.
#[cfg(windows)]
fn open_one_of(_: Vec<Command>, url: &Url) -> io::Result<()> {
    open::that_detached(url.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    fn env(variables: &[(&str, &str)]) -> Env {
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect()
    }

    #[test]
    fn only_pages_are_opened() {
        for (url, expected) in [
            ("https://microsoft.com/devicelogin", true),
            ("http://localhost:8400/devicelogin", true),
            ("http://example.com/", false),
            ("https://user@example.com/", false),
            ("file:///etc/passwd", false),
            ("javascript:alert(1)", false),
            ("ms-settings:x", false),
        ] {
            assert_eq!(is_openable(&Url::parse(url).unwrap()), expected, "{url}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_host_kind_follows_from_variables_and_marker_files() {
        let nowhere = Marks { container: false, wsl: false };
        for (variables, marks, expected) in [
            (&[][..], &nowhere, HostKind::Headless),
            (&[("DISPLAY", ":0")], &nowhere, HostKind::Desktop),
            (&[("WAYLAND_DISPLAY", "wayland-0")], &nowhere, HostKind::Desktop),
            (
                &[("DISPLAY", "localhost:10.0"), ("SSH_CONNECTION", "1 2 3 4")],
                &nowhere,
                HostKind::Remote,
            ),
            (&[("SSH_TTY", "/dev/pts/0")], &nowhere, HostKind::Remote),
            (&[("WSL_DISTRO_NAME", "Debian")], &nowhere, HostKind::Wsl),
            (&[], &Marks { container: false, wsl: true }, HostKind::Wsl),
            // The kernel under Docker Desktop is that of WSL.
            (&[("DISPLAY", ":0")], &Marks { container: true, wsl: true }, HostKind::Container),
            (&[("container", "podman")], &nowhere, HostKind::Container),
            (&[("SSH_TTY", "/dev/pts/0")], &Marks { container: true, wsl: true }, HostKind::Remote),
        ] {
            assert_eq!(place_of(&env(variables), marks), expected, "{variables:?}");
        }
    }

    // Windows opens the address with a system call.
    #[cfg(unix)]
    #[test]
    fn browser_names_commands_and_where_the_address_goes() {
        let url = Url::parse("https://login.example/a?b=c&d=$(e)|f").unwrap();
        let env = env(&[("BROWSER", "fox --new %s --quiet:  :lynx"), ("PATH", "/a:.:b:/c")]);
        let openers: Vec<Vec<String>> = openers(&url, &env)
            .iter()
            .map(|command| {
                let path = command.get_envs().find(|(name, _)| *name == "PATH").unwrap().1;
                assert_eq!(path.unwrap(), "/a:/c");
                std::iter::once(command.get_program())
                    .chain(command.get_args())
                    .map(|word| word.to_string_lossy().into_owned())
                    .collect()
            })
            .collect();
        let address = url.as_str();
        assert_eq!(openers, [vec!["fox", "--new", address, "--quiet"], vec!["lynx", address]]);
    }

    // Windows opens the address with a system call.
    #[cfg(unix)]
    #[test]
    fn no_program_of_the_working_directory_opens_the_address() {
        let url = Url::parse("https://login.example/").unwrap();
        for path in ["", ".", ":", "bin:./x"] {
            let env = env(&[("BROWSER", "fox"), ("PATH", path)]);
            let opener = &openers(&url, &env)[0];
            let (_, path) = opener.get_envs().find(|(name, _)| *name == "PATH").unwrap();
            let folders: Vec<_> = std::env::split_paths(path.unwrap()).collect();
            assert!(!folders.is_empty() && folders.iter().all(|one| one.is_absolute()), "{path:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn no_variable_of_entrada_reaches_the_opener() {
        let url = Url::parse("https://login.example/").unwrap();
        let env = env(&[("BROWSER", "fox:lynx"), ("ENTRADA_STORE_KEY", "5e"), ("LANG", "C")]);
        for opener in openers(&url, &env) {
            let removed: Vec<_> = opener
                .get_envs()
                .filter(|(_, value)| value.is_none())
                .map(|(name, _)| name)
                .collect();
            assert_eq!(removed, ["ENTRADA_STORE_KEY"]);
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_failing_opener_is_reported_and_a_running_one_is_not_waited_for() {
        let url = Url::parse("https://login.example/").unwrap();
        let open = |browser| {
            RealBrowser.open(&url, &env(&[("BROWSER", browser), ("PATH", "/bin:/usr/bin")]))
        };
        let failed = open("false").unwrap().recv().unwrap().to_string();
        assert_eq!(failed, "`false` ended with exit status: 1");
        let missing = open("no-such-program").unwrap().recv().unwrap().to_string();
        assert_eq!(missing, "no program that opens web pages was found");
        assert!(open("false:true").unwrap().recv().is_err(), "the second one did");
        assert!(open("sleep 5").unwrap().try_recv().is_err());
    }
}
