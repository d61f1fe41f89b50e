//! A connection to the D-Bus session with a session of the Secret Service on it.

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
use zbus::address::transport::{Transport, UnixSocket};
use zbus::connection::Builder;
use zbus::zvariant::OwnedObjectPath;
use zbus::{Address, Connection};

use super::line::{self, Line};
use super::watch::Watch;
use super::{Session, Settings, trouble};
use crate::store::{BackendError, StoreErrorKind};
use entrada_core::clean;

/// The service's name on the bus.
pub(super) const SERVICE: &str = "org.freedesktop.secrets";
/// The service's object.
pub(super) const PATH: &str = "/org/freedesktop/secrets";

/// Bus and service, driven by whoever waits for them: there is no thread behind it.
pub(super) struct Link {
    pub(super) bus: Connection,
    pub(super) service: SecretService<'static>,
    /// Where the items are that were found.
    pub(super) found: RefCell<HashMap<String, OwnedObjectPath>>,
    /// Whether every collection is known to tell what it has.
    pub(super) shows_all: Cell<bool>,
}

impl Link {
    /// Connects as `settings` say.
    pub(super) async fn open(
        settings: &Settings,
        line: &Arc<Line>,
        watch: &Watch<'_>,
    ) -> Result<Self, BackendError> {
        let no_session =
            |error: zbus::Error| trouble::no_session(settings.address.as_deref(), error);
        let address = match &settings.address {
            Some(address) => address.parse(),
            None => Address::session(),
        };
        let address: Address = address.map_err(no_session)?;
        let socket = dial(&address, settings.limits.quiet);
        let socket = socket.map_err(|error| no_session(error.into()))?;
        check_owner(&address, &socket)?;
        let builder = Builder::socket(line::over(socket, line)).internal_executor(false);
        let bus = builder.build().await.map_err(no_session)?;
        watch.alive();
        let service = driven(&bus, greet(&bus, settings.session, watch)).await?;
        Ok(Self { bus, service, found: RefCell::default(), shows_all: Cell::default() })
    }
}

/// The end of `work`, which waits for messages on `bus`.
pub(super) async fn driven<T>(bus: &Connection, work: impl Future<Output = T>) -> T {
    let drive = async {
        loop {
            bus.executor().tick().await;
            // A bus that never stops talking must not keep us from the clock.
            futures_lite::future::yield_now().await;
        }
    };
    or(work, drive).await
}

async fn greet(
    bus: &Connection,
    session: Session,
    watch: &Watch<'_>,
) -> Result<SecretService<'static>, BackendError> {
    meet(bus).await?;
    watch.connected();
    let encryption = match session {
        Session::Plain => EncryptionType::Plain,
        Session::Dh => EncryptionType::Dh,
    };
    let service = SecretService::connect_with_existing(encryption, bus.clone());
    service.await.map_err(trouble::of)
}

/// The first call on a connection. It protects gnome-keyring (seen in 42, reported of 50), which can abort when the first
/// call is `OpenSession`.
///
/// A thread of its own takes the messages off the bus. For each message it first leaves "make sure that this client is known"
/// with the main loop, at high priority, and then the call itself, at default priority. A main loop that is just looking
/// through its work has passed the place of the first when both arrive, and runs the second alone. `OpenSession` for a client
/// that is not known has neither a result nor an error, and the daemon aborts on that.
///
/// So the first call is one that does not care who asks, and that the main loop itself answers: by then the main loop
/// has begun another round, in which the client becomes known before any later call is run. `Introspect` is no such call:
/// the thread answers it alone.
async fn meet(bus: &Connection) -> Result<(), BackendError> {
    let interface = Some("org.freedesktop.Secret.Service");
    let answer = bus.call_method(Some(SERVICE), PATH, interface, "ReadAlias", &("default",)).await;
    match answer.map_err(trouble::of_bus) {
        // Nobody is there. The bus may start another daemon, to which we would be as unknown.
        Err(fault @ BackendError { trouble: StoreErrorKind::Unavailable(_), .. }) => Err(fault),
        // Every answer serves, a refusal too.
        _ => Ok(()),
    }
}

/// A socket to `address`. A bus that accepts nobody any more is waited for no longer than `limit`.
fn dial(address: &Address, limit: Duration) -> io::Result<UnixStream> {
    let not_local =
        || io::Error::new(io::ErrorKind::Unsupported, "only local sockets are spoken to");
    let Transport::Unix(unix) = address.transport() else { return Err(not_local()) };
    let name = match unix.path() {
        UnixSocket::File(path) => SocketAddrUnix::new(path),
        UnixSocket::Abstract(name) => SocketAddrUnix::new_abstract_name(name.as_encoded_bytes()),
        _ => return Err(not_local()),
    };
    let (family, kind) = (AddressFamily::UNIX, SocketType::STREAM);
    let socket = rustix::net::socket_with(family, kind, SocketFlags::CLOEXEC, None)?;
    sockopt::set_socket_timeout(&socket, sockopt::Timeout::Send, Some(limit))?;
    rustix::net::connect(&socket, &name?)?;
    Ok(UnixStream::from(socket))
}

/// Refuses a bus of another user, who could read all that is stored and answer in the keyring's place. As with files, root's
/// is as good as our own.
fn check_owner(address: &Address, socket: &UnixStream) -> Result<(), BackendError> {
    let refuse =
        |owner| BackendError::new(StoreErrorKind::OtherOwner { what: of_bus_at(address), owner });
    let cannot = |error: io::Error| {
        BackendError::unavailable(format!("cannot tell whose {} is", of_bus_at(address)))
            .because(error)
    };
    // Whoever listens: asked of the connection itself, it cannot change under our hands.
    let listener = sockopt::socket_peercred(socket).map_err(|error| cannot(error.into()))?;
    if !is_trusted(listener.uid.as_raw()) {
        return Err(refuse(listener.uid.as_raw()));
    }
    // And whoever owns the name, who decides who listens there tomorrow.
    if let Transport::Unix(unix) = address.transport()
        && let UnixSocket::File(path) = unix.path()
    {
        let owner = std::fs::metadata(path).map_err(cannot)?.uid();
        if !is_trusted(owner) {
            return Err(refuse(owner));
        }
    }
    Ok(())
}

fn of_bus_at(address: &Address) -> String {
    format!("the D-Bus session at `{}`", clean(&address.to_string()))
}

fn is_trusted(owner: u32) -> bool {
    is_trusted_by(owner, rustix::process::geteuid().as_raw())
}

fn is_trusted_by(owner: u32, user: u32) -> bool {
    owner == 0 || owner == user
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bus_is_trusted_that_is_root_s_or_one_s_own() {
        let own = |user: u32| [0, 1000, 1001, 65_534].map(|owner| is_trusted_by(owner, user));
        assert_eq!(own(1000), [true, true, false, false]);
        assert_eq!(own(0), [true, false, false, false]);
    }
}
