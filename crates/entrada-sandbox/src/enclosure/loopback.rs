//! Gives the loopback interface of the enclosure another address, by rtnetlink(7).

use std::io;
use std::net::Ipv4Addr;

use rustix::io::Errno;
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, sendto, socket_with,
};
use rustix::thread::{CapabilitySet, configure_capability_in_ambient_set};

/// The kind of the message, and its flags: a request that is acknowledged and makes something.
const RTM_NEWADDR: u16 = 20;
const FLAGS: u16 = 0x1 | 0x4 | 0x200 | 0x400;
/// `AF_INET`, the whole address, no flags, `RT_SCOPE_HOST`.
const FAMILY_LENGTH_FLAGS_SCOPE: [u8; 4] = [2, 32, 0, 254];
/// The loopback interface is the first of its namespace.
const INTERFACE: u32 = 1;
const IFA_ADDRESS: u16 = 1;
const IFA_LOCAL: u16 = 2;
/// Where the error number stands in the answer.
const ERROR: std::ops::Range<usize> = 16..20;

/// Adds `address`, for which this process needs CAP_NET_ADMIN in its network namespace.
pub(super) fn add(address: Ipv4Addr) -> io::Result<()> {
    // Without a protocol it is NETLINK_ROUTE.
    let flags = SocketFlags::CLOEXEC;
    let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, None)?;
    sendto(&socket, &message(address), SendFlags::empty(), &SocketAddrNetlink::new(0, 0))?;
    let mut answer = [0; 256];
    let (length, _) = recv(&socket, &mut answer[..], RecvFlags::empty())?;
    let code = answer[..length].get(ERROR).and_then(|bytes| bytes.try_into().ok());
    match code.map(i32::from_ne_bytes) {
        Some(0) => Ok(()),
        Some(code) if -code == Errno::EXIST.raw_os_error() => Ok(()),
        Some(code) => Err(io::Error::from_raw_os_error(-code)),
        None => Err(io::ErrorKind::InvalidData.into()),
    }
}

/// Takes CAP_NET_ADMIN from the programs that this process starts, unless it is root.
pub(super) fn keep_capability_from_program() {
    let _ = configure_capability_in_ambient_set(CapabilitySet::NET_ADMIN, false);
}

fn message(address: Ipv4Addr) -> Vec<u8> {
    let attribute =
        |kind: u16| [&8_u16.to_ne_bytes()[..], &kind.to_ne_bytes(), &address.octets()].concat();
    let body = [
        &FAMILY_LENGTH_FLAGS_SCOPE[..],
        &INTERFACE.to_ne_bytes(),
        &attribute(IFA_LOCAL),
        &attribute(IFA_ADDRESS),
    ]
    .concat();
    let length = u32::try_from(16 + body.len()).unwrap_or_default();
    // The sequence number and the port are of no use for one message.
    let head =
        [&length.to_ne_bytes()[..], &RTM_NEWADDR.to_ne_bytes(), &FLAGS.to_ne_bytes(), &[0; 8]];
    [&head.concat()[..], &body].concat()
}
