//! Binds ports of the loopback addresses.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener};

/// Attempts to find a port that is free on both addresses.
const TRIES: usize = 16;

/// Binds `port` on `127.0.0.1` and, if the machine has it, on `[::1]`, because clients use either for `localhost`. With
/// port 0 the system chooses; read the port from the first listener.
///
/// # Errors
///
/// Another program uses the port on one of the addresses, or the machine has no loopback address.
pub fn bind(port: u16) -> io::Result<Vec<TcpListener>> {
    let mut last = io::Error::from(io::ErrorKind::AddrInUse);
    for _ in 0..TRIES {
        let v4 = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        match TcpListener::bind((Ipv6Addr::LOCALHOST, v4.local_addr()?.port())) {
            Ok(v6) => return Ok(vec![v4, v6]),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && port != 0 => {
                return Err(error);
            }
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => last = error,
            Err(_) => return Ok(vec![v4]),
        }
    }
    Err(last)
}
