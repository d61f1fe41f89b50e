//! Connections on which lines are exchanged: mail servers. Certificates are judged as those of the authority are.

use std::io;
use std::net::{IpAddr, ToSocketAddrs as _};
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
use super::http::{RealHttp, SetupTrouble};
use super::{Connection, Dial, HttpError, HttpFailure};

/// How long a connection may take, with TLS on it.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a conversation may take, all of it. Exchange lets those whom it refuses wait for some seconds.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(30);
/// Bytes that are read of a conversation: servers send some thousand.
const TOTAL_MAX: usize = 1 << 20;
/// What is said of more.
const TALK_TOO_LARGE: &str = "the server says more than 1 MiB";
/// Bytes of a line that are read.
const LINE_MAX: u64 = 64 << 10;
/// What is said of a longer one.
const LINE_TOO_LARGE: &str = "a line of the server's is longer than 64 KiB";
/// How long one address is waited for before the next one is tried beside it (RFC 8305 §5).
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
        let address = (host.to_owned(), port);
        let connected =
            wire.within(CONNECT_TIMEOUT, HttpFailure::ConnectTimeout, connect(address))?;
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

/// A connection to the first address that gives one; none holds up the others for long (RFC 8305).
#[expect(
    clippy::disallowed_methods,
    reason = "a head start for each address, in our own event loop"
)]
async fn connect(address: (String, u16)) -> Result<TcpStream, HttpFailure> {
    let found = tokio::net::lookup_host(address).await.map_err(|_| HttpFailure::Connect)?;
    let mut attempts = tokio::task::JoinSet::new();
    for (number, address) in (0u32..).zip(found) {
        attempts.spawn(async move {
            tokio::time::sleep(ATTEMPT_DELAY * number).await;
            TcpStream::connect(address).await
        });
    }
    while let Some(attempt) = attempts.join_next().await {
        if let Ok(Ok(stream)) = attempt {
            return Ok(stream);
        }
    }
    Err(HttpFailure::Connect)
}

/// The addresses that the system has for `host`.
fn addresses(host: &str) -> io::Result<Vec<IpAddr>> {
    // In brackets as it stands in a URL.
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
    tls: Result<Arc<rustls::ClientConfig>, SetupTrouble>,
    /// `None` once it is broken.
    stream: Option<Connected>,
    /// What is left of the time for all of it.
    left: Duration,
    /// What is left of the bytes.
    room: usize,
}

impl RealConnection {
    fn error(&self, failure: HttpFailure) -> HttpError {
        HttpError { host: self.host.clone(), failure, source: None }
    }

    /// `work`, unless it takes longer than `limit` or the program is asked to end.
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
            Ok(None) => SetupTrouble::Client.into(),
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
            .ok_or(self.error(HttpFailure::TalkTooLarge(TALK_TOO_LARGE)))?;
        // What ends without an end was cut off.
        if !line.ends_with(b"\n") {
            let whole = line.len() < usize::try_from(LINE_MAX).unwrap_or(usize::MAX);
            return if whole {
                Ok(None)
            } else {
                Err(self.error(HttpFailure::TalkTooLarge(LINE_TOO_LARGE)))
            };
        }
        let line = String::from_utf8_lossy(&line);
        Ok(Some(line.trim_end_matches(['\r', '\n']).to_owned()))
    }

    fn write(&mut self, line: &str) -> Result<(), HttpError> {
        // One line is one command; whoever builds it has to see to that, and this is what stands behind.
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
        // What came before TLS could be somebody else's (CVE-2021-33515 and its like).
        if !stream.buffer().is_empty() {
            return Err(self.error(HttpFailure::Handshake));
        }
        let config = self.tls.clone().map_err(|trouble| self.error(trouble.into()))?;
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

/// What went wrong in the handshake.
fn failure_of(error: &io::Error) -> HttpFailure {
    super::http::handshake(error).unwrap_or(HttpFailure::Cut)
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    use super::*;
    use crate::sys::Env;

    /// A server that says `said` to whoever comes, and hangs up; what a client makes of it.
    fn at<T>(said: Vec<u8>, client: impl FnOnce(&mut dyn Connection) -> T) -> T {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            // Who hangs up early is no fault of the server's.
            let _ = stream.write_all(&said).and_then(|()| {
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
    fn lines_come_whole_and_what_was_cut_off_is_none() {
        at(b"one\r\ntwo\nthr".to_vec(), |wire| {
            assert_eq!(wire.read().unwrap().as_deref(), Some("one"));
            assert_eq!(wire.read().unwrap().as_deref(), Some("two"));
            assert_eq!(wire.read().unwrap(), None);
        });
    }

    #[test]
    fn a_line_or_a_talk_without_end_is_given_up() {
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
        assert!(said.ends_with(TALK_TOO_LARGE), "{said}");
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
