//! A DNS server that answers every name with 127.0.0.1, and notes the names (RFC 1035).

use std::io;
use std::net::UdpSocket as StdUdpSocket;
use std::net::{Ipv4Addr, TcpListener as StdTcpListener};
use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UdpSocket};

use super::World;

/// The types of records (RFC 1035 §3.2.2).
const A: [u8; 2] = [0, 1];
/// The class of the Internet.
const IN: [u8; 2] = [0, 1];
/// Seconds that an answer may be kept.
const TTL: [u8; 4] = [0, 0, 0, 60];
/// The length of the head of a message.
const HEAD: usize = 12;

/// The sockets of the server.
pub(crate) struct DnsSockets {
    udp: StdUdpSocket,
    tcp: StdTcpListener,
}

impl DnsSockets {
    /// Binds port 53 of 127.0.0.1.
    pub(crate) fn bind() -> io::Result<Self> {
        let address = (Ipv4Addr::LOCALHOST, 53);
        let (udp, tcp) = (StdUdpSocket::bind(address)?, StdTcpListener::bind(address)?);
        udp.set_nonblocking(true)?;
        tcp.set_nonblocking(true)?;
        Ok(Self { udp, tcp })
    }
}

/// Answers until it is cancelled.
pub(crate) async fn serve(sockets: DnsSockets, world: Arc<World>) -> io::Result<()> {
    let udp = UdpSocket::from_std(sockets.udp)?;
    let tcp = TcpListener::from_std(sockets.tcp)?;
    let for_tcp = Arc::clone(&world);
    tokio::spawn(async move {
        while let Ok((stream, _)) = tcp.accept().await {
            // A client that ends early has its reasons.
            tokio::spawn(converse(stream, Arc::clone(&for_tcp)));
        }
    });
    let mut buffer = [0; 1_500];
    loop {
        let (length, client) = udp.recv_from(&mut buffer).await?;
        if let Some((name, reply)) = answer(&buffer[..length]) {
            world.note_name(&name);
            let _ = udp.send_to(&reply, client).await;
        }
    }
}

async fn converse(mut stream: TcpStream, world: Arc<World>) -> io::Result<()> {
    loop {
        let length = stream.read_u16().await?;
        let mut query = vec![0; usize::from(length)];
        stream.read_exact(&mut query).await?;
        let Some((name, reply)) = answer(&query) else { return Ok(()) };
        world.note_name(&name);
        stream.write_u16(reply.len().try_into().unwrap_or_default()).await?;
        stream.write_all(&reply).await?;
    }
}

/// The name that `query` asks for, and the reply; `None` if it is no query. Other types than A get an empty answer.
fn answer(query: &[u8]) -> Option<(String, Vec<u8>)> {
    let head = query.get(..HEAD)?;
    let is_query = head[2] & 0x80 == 0;
    if !is_query || head[4..6] != [0, 1] {
        return None;
    }
    let mut labels: Vec<String> = Vec::new();
    let mut at = HEAD;
    loop {
        let length = usize::from(*query.get(at)?);
        at += 1;
        match length {
            0 => break,
            1..=63 => {
                labels.push(String::from_utf8_lossy(query.get(at..at + length)?).into_owned());
            }
            _ => return None,
        }
        at += length;
    }
    let question = query.get(HEAD..at + 4)?;
    let is_address = query[at..at + 2] == A && query[at + 2..at + 4] == IN;
    let mut reply = Vec::with_capacity(query.len() + 16);
    reply.extend(&head[..2]);
    // A response, authoritative, with recursion as it was asked for and available.
    reply.extend([0x84 | (head[2] & 1), 0x80, 0, 1, 0, u8::from(is_address), 0, 0, 0, 0]);
    reply.extend(question);
    if is_address {
        // The name is that of the question (RFC 1035 §4.1.4).
        reply.extend([0xc0, 0x0c]);
        reply.extend(A);
        reply.extend(IN);
        reply.extend(TTL);
        reply.extend([0, 4, 127, 0, 0, 1]);
    }
    Some((labels.join(".").to_ascii_lowercase(), reply))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(kind: u8) -> Vec<u8> {
        let mut query = vec![0xab, 0xcd, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        for label in ["Login", "example"] {
            query.push(u8::try_from(label.len()).unwrap());
            query.extend(label.as_bytes());
        }
        query.extend([0, 0, kind, 0, 1]);
        query
    }

    #[test]
    fn every_name_has_the_address_of_this_machine() {
        let (name, reply) = answer(&query(1)).unwrap();
        assert_eq!(name, "login.example");
        assert_eq!(reply[..2], [0xab, 0xcd]);
        assert_eq!(reply[7], 1, "one answer");
        assert!(reply.ends_with(&[0, 4, 127, 0, 0, 1]));
    }

    #[test]
    fn other_types_have_an_empty_answer() {
        let (_, reply) = answer(&query(28)).unwrap();
        assert_eq!((reply[3] & 0x0f, reply[7]), (0, 0));
    }

    #[test]
    fn damaged_messages_get_no_answer() {
        let whole = query(1);
        for length in 0..whole.len() {
            assert_eq!(answer(&whole[..length]), None, "{length}");
        }
        let mut response = whole.clone();
        response[2] |= 0x80;
        assert_eq!(answer(&response), None);
    }
}
