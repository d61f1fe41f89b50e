//! A connection to the D-Bus session with a session of the Secret Service on it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
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
use crate::store::Fault;

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
}

impl Link {
    /// Connects as `settings` say.
    pub(super) async fn open(
        settings: &Settings,
        line: &Arc<Line>,
        watch: &Watch<'_>,
    ) -> Result<Self, Fault> {
        let no_session =
            |error: zbus::Error| trouble::no_session(settings.address.as_deref(), error);
        let address = match &settings.address {
            Some(address) => address.parse(),
            None => Address::session(),
        };
        let address: Address = address.map_err(no_session)?;
        let socket = dial(&address, settings.limits.quiet);
        let socket = socket.map_err(|error| no_session(error.into()))?;
        let builder = Builder::socket(line::over(socket, line)).internal_executor(false);
        let bus = builder.build().await.map_err(no_session)?;
        watch.alive();
        let service = driven(&bus, greet(&bus, settings.session, watch)).await?;
        Ok(Self { bus, service, found: RefCell::default() })
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
) -> Result<SecretService<'static>, Fault> {
    // gnome-keyring (42 to 50) aborts now and then when a client opens a session right after connecting. Once it has
    // answered this, it never did.
    let interface = Some("org.freedesktop.DBus.Introspectable");
    let introspection = bus.call_method(Some(SERVICE), PATH, interface, "Introspect", &());
    introspection.await.map_err(trouble::of_bus)?;
    watch.connected();
    let encryption = match session {
        Session::Plain => EncryptionType::Plain,
        Session::Dh => EncryptionType::Dh,
    };
    let service = SecretService::connect_with_existing(encryption, bus.clone());
    service.await.map_err(trouble::of)
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
