//! Serves the mail servers of an emulator on the loopback addresses.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{
    AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader,
};
use tokio_rustls::TlsAcceptor;

use super::Emulator;
use super::mail::{MailConnection, MailStep};
use super::serve::ServerClock;
use entrada_core::Protocol;

/// The longest line of a client.
const LINE_MAX: u64 = 1 << 16;
/// How long a client may be silent.
const SILENCE: Duration = Duration::from_secs(30 * 60);

/// How a mail server uses TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailSecurity {
    /// From the first byte, as on ports 993 and 995.
    Implicit,
    /// When the client asks for it, as on port 587.
    StartTls,
}

/// A connection of either kind.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// Answers the lines of one connection of a mail client, until one of both ends it. With `tls`, the connection begins with TLS or
/// offers to start it.
pub async fn converse(
    socket: tokio::net::TcpStream,
    protocol: Protocol,
    tls: Option<(TlsAcceptor, MailSecurity)>,
    emulator: Arc<Emulator>,
    clock: ServerClock,
) {
    let starts = tls.as_ref().filter(|(_, security)| *security == MailSecurity::StartTls);
    let mut connection = MailConnection::new(protocol, starts.is_some());
    let stream: Box<dyn Stream> = match &tls {
        Some((acceptor, MailSecurity::Implicit)) => match acceptor.accept(socket).await {
            Ok(stream) => Box::new(stream),
            Err(_) => return,
        },
        _ => Box::new(socket),
    };
    let mut stream = BufReader::new(stream);
    let greeting = connection.greeting();
    if stream.write_all(greeting.as_bytes()).await.and(stream.flush().await).is_err() {
        return;
    }
    while let Some(line) = read_line(&mut stream).await {
        let reply = connection.answer(&line, &emulator, clock());
        let sent = stream.write_all(reply.text.as_bytes()).await.and(stream.flush().await);
        if sent.is_err() || reply.next == MailStep::Close {
            break;
        }
        if reply.next == MailStep::StartTls {
            // What was sent behind the command in plain text must not count as secured (RFC 3207 §6).
            let Some((acceptor, _)) = tls.as_ref().filter(|_| stream.buffer().is_empty()) else {
                break;
            };
            match acceptor.accept(stream.into_inner()).await {
                Ok(secured) => stream = BufReader::new(Box::new(secured)),
                Err(_) => return,
            }
            connection.secured();
        }
    }
    let _ = stream.shutdown().await;
}

/// The next line without its line end; `None` at the end, and for a line that is too long or no text.
async fn read_line(stream: &mut BufReader<Box<dyn Stream>>) -> Option<String> {
    let mut line = Vec::new();
    let mut limited = stream.take(LINE_MAX);
    let read = tokio::time::timeout(SILENCE, limited.read_until(b'\n', &mut line)).await;
    if !matches!(read, Ok(Ok(count)) if count != 0) || line.pop() != Some(b'\n') {
        return None;
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    String::from_utf8(line).ok()
}
