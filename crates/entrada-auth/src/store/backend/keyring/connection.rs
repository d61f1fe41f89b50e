//! A D-Bus session connection with a Secret Service session on it.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

use futures_lite::future::or;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, sockopt};
use secret_service::{EncryptionType, SecretService};
use zbus::Connection;
use zbus::connection::Builder;
use zbus::zvariant::OwnedObjectPath;

use super::address::{self, Address, Socket, bus_in};
use super::poll_loop::{self, PollLoop};
use super::timeouts::Timeouts;
use super::{KeyringSession, SecretServiceOptions, errors};
use crate::store::{BackendError, StoreErrorKind};

/// The service's name on the bus.
pub(super) const SERVICE: &str = "org.freedesktop.secrets";
/// The service's object path.
pub(super) const PATH: &str = "/org/freedesktop/secrets";

/// The bus and the service. There is no background thread; the waiting caller drives them.
pub(super) struct ServiceConnection {
    pub(super) bus: Connection,
    pub(super) service: SecretService<'static>,
    /// The paths of the items that were found.
    pub(super) found: RefCell<HashMap<String, OwnedObjectPath>>,
    /// Whether every collection is known to list its items while locked.
    pub(super) shows_all: Cell<bool>,
}

impl ServiceConnection {
    /// Connects with these `settings`.
    pub(super) async fn open(
        settings: &SecretServiceOptions,
        poll_loop: &Arc<PollLoop>,
        timeouts: &Timeouts<'_>,
    ) -> Result<Self, BackendError> {
        let own = || bus_in(&format!("/run/user/{}", rustix::process::geteuid().as_raw()));
        let addresses = settings.address.clone().unwrap_or_else(own);
        let (address, socket) = connect(&addresses, settings.limits.answer)?;
        let builder = Builder::socket(poll_loop::split(socket, poll_loop)).internal_executor(false);
        let bus = builder.build().await;
        let bus = bus.map_err(|error| errors::no_session(&address, error))?;
        timeouts.restart();
        let service = driven(&bus, open_session(&bus, settings.session, timeouts)).await?;
        Ok(Self { bus, service, found: RefCell::default(), shows_all: Cell::default() })
    }
}

/// Runs `work` to its end; it waits for messages on `bus`.
pub(super) async fn driven<T>(bus: &Connection, work: impl Future<Output = T>) -> T {
    let drive = async {
        loop {
            bus.executor().tick().await;
            // The clock is checked even if the bus sends messages without a pause.
            futures_lite::future::yield_now().await;
        }
    };
    or(work, drive).await
}

async fn open_session(
    bus: &Connection,
    session: KeyringSession,
    timeouts: &Timeouts<'_>,
) -> Result<SecretService<'static>, BackendError> {
    make_first_call(bus).await?;
    timeouts.connected();
    let encryption = match session {
        KeyringSession::Plain => EncryptionType::Plain,
        KeyringSession::Dh => EncryptionType::Dh,
    };
    let service = SecretService::connect_with_existing(encryption, bus.clone());
    service.await.map_err(errors::from_service)
}

/// Makes the first call on a connection. It protects gnome-keyring (seen in 42, reported for 50), which can abort if
/// the first call is `OpenSession`.
///
/// gnome-keyring reads messages on a separate thread. For each message that thread adds two tasks to the main loop:
/// "register this client" with high priority, then the call itself with default priority. If the main loop is in the
/// middle of a round, it may have passed the place of the first task, and runs only the second one. `OpenSession` for
/// an unregistered client returns neither a result nor an error, and the daemon aborts.
///
/// So the first call is one that works for an unregistered client and that the main loop itself answers. When the
/// answer arrives, the main loop has begun another round, in which the client is registered before any later call
/// runs. `Introspect` does not work for this: the reading thread answers it.
async fn make_first_call(bus: &Connection) -> Result<(), BackendError> {
    let interface = Some("org.freedesktop.Secret.Service");
    let answer = bus.call_method(Some(SERVICE), PATH, interface, "ReadAlias", &("default",)).await;
    match answer.map_err(errors::from_bus) {
        // The service is not running. The bus may start another daemon, which would not have the client registered
        // either.
        Err(fault @ BackendError { reason: StoreErrorKind::Unavailable(_), .. }) => Err(fault),
        // Every answer is enough, also an error.
        _ => Ok(()),
    }
}

/// Connects to the first of `addresses` that accepts a connection. Its owner must be trusted.
fn connect(addresses: &str, limit: Duration) -> Result<(Address, UnixStream), BackendError> {
    let mut failed = Vec::new();
    for address in address::parse(addresses) {
        let Ok(socket) = address.socket.clone() else {
            failed.push((address, None));
            continue;
        };
        match dial(&socket, limit) {
            Ok(stream) => {
                check_owner(&address, &socket, &stream)?;
                return Ok((address, stream));
            }
            Err(error) => failed.push((address, Some(error))),
        }
    }
    Err(errors::no_sessions(failed))
}

/// A connection to `socket`. Waits for a bus that does not accept connections for up to `limit`.
fn dial(socket: &Socket, limit: Duration) -> io::Result<UnixStream> {
    let name = match socket {
        Socket::Path(path) => SocketAddrUnix::new(path),
        Socket::Abstract(name) => SocketAddrUnix::new_abstract_name(name),
    };
    let (family, kind) = (AddressFamily::UNIX, SocketType::STREAM);
    let socket = rustix::net::socket_with(family, kind, SocketFlags::CLOEXEC, None)?;
    sockopt::set_socket_timeout(&socket, sockopt::Timeout::Send, Some(limit))?;
    rustix::net::connect(&socket, &name?)?;
    Ok(UnixStream::from(socket))
}

/// Refuses a bus of another user, who could read every stored item and send answers in place of the keyring. As with
/// files, a bus of root is accepted.
fn check_owner(
    address: &Address,
    socket: &Socket,
    stream: &UnixStream,
) -> Result<(), BackendError> {
    let what = || format!("the D-Bus session at `{}`", address.text);
    let refuse = |owner| BackendError::new(StoreErrorKind::OtherOwner { what: what(), owner });
    let cannot = |error: io::Error| {
        BackendError::unavailable(format!("cannot find out who owns {}", what())).with_source(error)
    };
    // The process that listens. It is read from the connection itself, so it cannot change after the check.
    let listener = sockopt::socket_peercred(stream).map_err(|error| cannot(error.into()))?;
    if !is_trusted(listener.uid.as_raw()) {
        return Err(refuse(listener.uid.as_raw()));
    }
    // Also the owner of the socket's path, who decides which process listens there later. An abstract socket has no
    // other owner.
    if let Socket::Path(path) = socket {
        let owner = std::fs::metadata(path).map_err(cannot)?.uid();
        if !is_trusted(owner) {
            return Err(refuse(owner));
        }
    }
    Ok(())
}

fn is_trusted(owner: u32) -> bool {
    is_trusted_by(owner, rustix::process::geteuid().as_raw())
}

fn is_trusted_by(owner: u32, user: u32) -> bool {
    owner == 0 || owner == user
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::os::linux::net::SocketAddrExt as _;
    use std::os::unix::net::{SocketAddr, UnixListener};
    use std::process::{Command, Stdio};

    use super::*;

    /// A name that no other process uses.
    fn name(of: &str) -> String {
        format!("entrada-test-{of}-{}", std::process::id())
    }

    fn listen(name: &str) -> UnixListener {
        UnixListener::bind_addr(&SocketAddr::from_abstract_name(name).unwrap()).unwrap()
    }

    fn refused(addresses: &str) -> BackendError {
        match connect(addresses, Duration::from_secs(1)) {
            Ok((address, _)) => panic!("{} was taken", address.text),
            Err(fault) => fault,
        }
    }

    #[test]
    fn a_bus_of_root_or_of_the_same_user_is_trusted() {
        let own = |user: u32| [0, 1000, 1001, 65_534].map(|owner| is_trusted_by(owner, user));
        assert_eq!(own(1000), [true, true, false, false]);
        assert_eq!(own(0), [true, false, false, false]);
    }

    #[test]
    fn the_first_of_several_buses_that_can_be_reached_is_taken() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a bus;");
        let name = name("several");
        let (_by_path, _by_name) = (UnixListener::bind(&path).unwrap(), listen(&name));
        let path = format!("unix:path={}/a%20bus%3b", dir.path().display());
        let name = format!("unix:abstract={name}");
        for (before, expected) in [
            ("", &path),
            ("unix:path=/nowhere/bus;", &name),
            ("tcp:host=localhost,port=1;garbage;unix:abstract=nowhere;", &path),
        ] {
            let other = if *expected == path { &name } else { &path };
            let text = format!("{before}{expected};{other}");
            let (address, _) = connect(&text, Duration::from_secs(1)).unwrap();
            assert_eq!(address.text, *expected, "{text}");
        }
    }

    #[test]
    fn an_unusable_address_is_named_with_the_reason() {
        let message_of = |text: &str| refused(text).reason.to_string();
        for kind in ["autolaunch:", "tcp:", "nonce-tcp:", "launchd:"] {
            let message = message_of(&format!("{kind}host=localhost"));
            let expected =
                format!("the D-Bus address `{kind}host=localhost` is of the kind `{kind}`, which");
            assert!(message.starts_with(&expected), "{message}");
        }
        let garbage = message_of("garbage");
        assert!(garbage.starts_with("the D-Bus address `garbage` cannot be read: "), "{garbage}");
        let several = message_of("unix:path=/a%20b/bus;tcp:host=x;unix:abstract=nowhere");
        let expected = "no D-Bus session at `unix:path=/a%20b/bus` or `unix:abstract=nowhere`; the D-Bus address `tcp:host=x` is";
        assert!(several.starts_with(expected), "{several}");
        assert!(refused("unix:path=/nowhere/bus").source.is_some());
    }

    #[test]
    fn a_bus_of_another_user_is_refused_at_an_abstract_socket_too() {
        // Only root can act as another user.
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let dir = tempfile::tempdir().unwrap();
        let all = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(dir.path(), all).unwrap();
        let exe = dir.path().join("test");
        std::fs::copy(std::env::current_exe().unwrap(), &exe).unwrap();
        let mut child = Command::new(&exe);
        std::os::unix::process::CommandExt::uid(&mut child, 65_534);
        let test = "store::backend::keyring::connection::tests::child_that_listens";
        let mut child = child
            .args(["--ignored", "--exact", test, "--nocapture"])
            .env("ENTRADA_TEST_NAME", name("other"))
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (mut received, mut out) = (Vec::new(), child.stdout.take().unwrap());
        while !received.ends_with(b"listening\n") {
            let mut byte = [0];
            assert_eq!(out.read(&mut byte).unwrap(), 1, "the child ended early");
            received.extend(byte);
        }
        // The user's own bus after it in the list is not used instead: the first address that accepts a connection
        // counts.
        let _own = listen(&name("own"));
        let addresses = format!("unix:abstract={};unix:abstract={}", name("other"), name("own"));
        let reason = refused(&addresses).reason;
        drop(child.stdin.take());
        child.wait().unwrap();
        assert!(matches!(reason, StoreErrorKind::OtherOwner { owner: 65_534, .. }), "{reason}");
    }

    #[test]
    #[ignore = "the child of the test above"]
    #[expect(
        clippy::disallowed_methods,
        clippy::print_stdout,
        reason = "the child gets its socket name and reports that it listens in this way"
    )]
    fn child_that_listens() {
        let _listener = listen(&std::env::var("ENTRADA_TEST_NAME").unwrap());
        println!("listening");
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
    }
}
