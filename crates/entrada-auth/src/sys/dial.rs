//! Line-based connections to mail servers. Certificates are checked like those of the authority.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::io::{
    AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader,
};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;

use super::clock::interruptible;
use super::http::{LOCALHOST, RealHttp, SetupFailure};
use super::{Connection, Dial, HttpError, HttpFailure};

/// Time limit for a connection, including TLS.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Time limit for a whole conversation. Exchange delays its refusals by some seconds.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(30);
/// Bytes that are read in a conversation: servers send a few thousand.
const TOTAL_MAX: usize = 1 << 20;
/// The error text for a longer conversation.
const CONVERSATION_TOO_LARGE: &str = "the server sent more than 1 MiB";
/// Bytes that are read of a line.
const LINE_MAX: u64 = 64 << 10;
/// The error text for a longer line.
const LINE_TOO_LARGE: &str = "a line of the server is longer than 64 KiB";
/// Delay before the next address is tried in parallel (RFC 8305 §5).
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

impl Dial for RealHttp<'_> {
    fn dial(&self, host: &str, port: u16, tls: bool) -> Result<Box<dyn Connection>, HttpError> {
        let mut wire = RealConnection {
            host: format!("{host}:{port}"),
            name: host.to_owned(),
            tls: self.trusting(),
            stream: None,
            left: TOTAL_TIMEOUT,
            room: TOTAL_MAX,
        };
        let mut cause = None;
        let attempt = connect(host, port, &mut cause);
        let connected =
            wire.within(CONNECT_TIMEOUT, HttpFailure::ConnectTimeout, attempt).map_err(
                |error| HttpError { source: cause.map(|cause| Box::new(cause) as _), ..error },
            )?;
        let _ = connected.set_nodelay(true);
        wire.stream = Some(BufReader::new(Box::pin(connected)));
        if tls {
            wire.secure()?;
        }
        wire.left = TOTAL_TIMEOUT;
        Ok(Box::new(wire))
    }

    fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        addresses(host)
    }
}

/// A connection to the first address that accepts one; `cause` is the error of the last that did not. A slow address does not delay the others for long (RFC 8305).
#[expect(
    clippy::disallowed_methods,
    reason = "the delay before the next address, in this event loop"
)]
async fn connect(
    host: &str,
    port: u16,
    cause: &mut Option<io::Error>,
) -> Result<TcpStream, HttpFailure> {
    let found: Vec<SocketAddr> = if is_localhost(host) {
        LOCALHOST.map(|address| (address, port).into()).to_vec()
    } else {
        match tokio::net::lookup_host((host, port)).await {
            Ok(found) => found.collect(),
            Err(error) => {
                *cause = Some(error);
                return Err(HttpFailure::Connect);
            }
        }
    };
    let mut attempts = tokio::task::JoinSet::new();
    for (number, address) in (0u32..).zip(found) {
        attempts.spawn(async move {
            tokio::time::sleep(ATTEMPT_DELAY * number).await;
            TcpStream::connect(address).await
        });
    }
    while let Some(attempt) = attempts.join_next().await {
        match attempt {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => *cause = Some(error),
            Err(_) => (),
        }
    }
    Err(HttpFailure::Connect)
}

fn is_localhost(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
}

/// The addresses of `host`.
fn addresses(host: &str) -> io::Result<Vec<IpAddr>> {
    if is_localhost(host) {
        return Ok(LOCALHOST.to_vec());
    }
    // An IPv6 address from a URL is in brackets.
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let found: Vec<IpAddr> = (host, 0).to_socket_addrs()?.map(|address| address.ip()).collect();
    if found.is_empty() { Err(io::ErrorKind::NotFound.into()) } else { Ok(found) }
}

trait Stream: AsyncRead + AsyncWrite {}
impl<T: AsyncRead + AsyncWrite> Stream for T {}
type Connected = BufReader<Pin<Box<dyn Stream>>>;

struct RealConnection {
    host: String,
    name: String,
    tls: Result<Arc<rustls::ClientConfig>, SetupFailure>,
    /// `None` after the connection has failed.
    stream: Option<Connected>,
    /// The time left for the conversation.
    left: Duration,
    /// The number of bytes that may still be read.
    room: usize,
}

impl RealConnection {
    fn error(&self, failure: HttpFailure) -> HttpError {
        HttpError { host: self.host.clone(), failure, source: None }
    }

    /// Runs `work`, and fails after `limit` or if a signal asks the program to end.
    fn within<T>(
        &mut self,
        limit: Duration,
        late: HttpFailure,
        work: impl Future<Output = Result<T, HttpFailure>>,
    ) -> Result<T, HttpError> {
        let began = Instant::now();
        let limit = limit.min(self.left);
        let ended = interruptible(async { tokio::time::timeout(limit, work).await });
        self.left = self.left.saturating_sub(began.elapsed());
        let failure = match ended {
            Ok(Some(Ok(Ok(done)))) => return Ok(done),
            Ok(Some(Ok(Err(failure)))) => failure,
            Ok(Some(Err(_))) => late,
            Ok(None) => SetupFailure::Client.into(),
            Err(interrupted) => HttpFailure::Interrupted(interrupted),
        };
        Err(self.error(failure))
    }

    fn take(&mut self) -> Result<Connected, HttpError> {
        self.stream.take().ok_or_else(|| self.error(HttpFailure::Broken))
    }
}

impl Connection for RealConnection {
    fn read(&mut self) -> Result<Option<String>, HttpError> {
        let mut stream = self.take()?;
        let (line, stream) = self.within(TOTAL_TIMEOUT, HttpFailure::Timeout, async {
            let mut line = Vec::new();
            let read = (&mut stream).take(LINE_MAX).read_until(b'\n', &mut line).await;
            read.map_err(|_| HttpFailure::Broken)?;
            Ok((line, stream))
        })?;
        self.stream = Some(stream);
        self.room = self
            .room
            .checked_sub(line.len())
            .ok_or(self.error(HttpFailure::ConversationTooLarge(CONVERSATION_TOO_LARGE)))?;
        // A line without a line end was cut off.
        if !line.ends_with(b"\n") {
            let whole = line.len() < usize::try_from(LINE_MAX).unwrap_or(usize::MAX);
            return if whole {
                Ok(None)
            } else {
                Err(self.error(HttpFailure::ConversationTooLarge(LINE_TOO_LARGE)))
            };
        }
        let line = String::from_utf8_lossy(&line);
        Ok(Some(line.trim_end_matches(['\r', '\n']).to_owned()))
    }

    fn write(&mut self, line: &str) -> Result<(), HttpError> {
        // One line is one command. Callers must ensure that; this check protects against a mistake.
        if line.contains(['\r', '\n', '\0']) {
            return Err(self.error(HttpFailure::Broken));
        }
        let mut stream = self.take()?;
        let bytes = zeroize::Zeroizing::new(format!("{line}\r\n"));
        let stream = self.within(TOTAL_TIMEOUT, HttpFailure::Timeout, async {
            let sent = async {
                stream.write_all(bytes.as_bytes()).await?;
                stream.flush().await
            };
            sent.await.map_err(|_| HttpFailure::Broken)?;
            Ok(stream)
        })?;
        self.stream = Some(stream);
        Ok(())
    }

    fn secure(&mut self) -> Result<(), HttpError> {
        let stream = self.take()?;
        // An attacker could have inserted data before TLS (CVE-2021-33515 and similar).
        if !stream.buffer().is_empty() {
            return Err(self.error(HttpFailure::Handshake));
        }
        let config = self.tls.clone().map_err(|failure| self.error(failure.into()))?;
        let name = match self.name.parse::<IpAddr>() {
            Ok(address) => ServerName::from(address),
            Err(_) => ServerName::try_from(self.name.clone())
                .map_err(|_| self.error(HttpFailure::Connect))?,
        };
        let secured = self.within(CONNECT_TIMEOUT, HttpFailure::ConnectTimeout, async {
            let connector = TlsConnector::from(config);
            let secured = connector.connect(name, stream.into_inner()).await;
            secured.map_err(|error| failure_of(&error))
        })?;
        self.stream = Some(BufReader::new(Box::pin(secured)));
        Ok(())
    }
}

/// The error of a TLS handshake.
fn failure_of(error: &io::Error) -> HttpFailure {
    super::http::handshake(error).unwrap_or(HttpFailure::Cut)
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    use super::*;
    use crate::sys::Env;

    /// Runs `client` against a server that sends `greeting` and closes the connection.
    fn at<T>(greeting: Vec<u8>, client: impl FnOnce(&mut dyn Connection) -> T) -> T {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            // The client may close the connection early.
            let _ = stream.write_all(&greeting).and_then(|()| {
                stream.shutdown(std::net::Shutdown::Write)?;
                stream.read_to_end(&mut Vec::new())
            });
        });
        let env = Env::default();
        let mut wire = RealHttp::new(&env).dial("127.0.0.1", port, false).unwrap();
        let end = client(&mut *wire);
        drop(wire);
        server.join().unwrap();
        end
    }

    #[test]
    fn lines_are_whole_and_a_cut_off_line_is_none() {
        at(b"one\r\ntwo\nthr".to_vec(), |wire| {
            assert_eq!(wire.read().unwrap().as_deref(), Some("one"));
            assert_eq!(wire.read().unwrap().as_deref(), Some("two"));
            assert_eq!(wire.read().unwrap(), None);
        });
    }

    #[test]
    fn an_endless_line_or_conversation_is_an_error() {
        let given_up = |said| {
            at(said, |wire| {
                loop {
                    match wire.read() {
                        Ok(Some(_)) => (),
                        other => {
                            return other.unwrap_err().to_string();
                        }
                    }
                }
            })
        };
        let said = given_up(vec![b'a'; 100 << 10]);
        assert!(said.ends_with(LINE_TOO_LARGE), "{said}");
        let said = given_up(b"* noise\r\n".repeat(200_000));
        assert!(said.ends_with(CONVERSATION_TOO_LARGE), "{said}");
    }

    #[test]
    fn one_write_is_one_line_and_nothing_is_carried_over_into_tls() {
        at(b"220 go on\r\n250 injected\r\n".to_vec(), |wire| {
            for line in ["a\r\nb", "a\nb", "a\0b"] {
                assert!(wire.write(line).is_err(), "{line:?}");
            }
            assert_eq!(wire.read().unwrap().as_deref(), Some("220 go on"));
            let error = wire.secure().unwrap_err();
            assert_eq!(error.failure, HttpFailure::Handshake);
        });
    }
}
