//! The ports of this machine's loopback addresses.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener};

/// Tries for a port that is free on both addresses.
const TRIES: usize = 16;

/// Takes `port` on `127.0.0.1` and, where the machine has it, on `[::1]`: clients ask either for `localhost`. Port 0 lets the
/// system choose; read the choice from the first listener.
///
/// # Errors
///
/// A port that another program has on either address, or a machine without a loopback address.
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
