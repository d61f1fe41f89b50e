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
use tokio_rustls::TlsConnector;

use super::clock::interruptible;
use super::http::{RealHttp, SetupTrouble};
use super::{Dial, HttpError, HttpFailure, Wire};

/// How long a connection may take, with TLS on it.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long one line may take. Exchange lets those whom it refuses wait for some seconds.
const LINE_TIMEOUT: Duration = Duration::from_secs(30);
/// Bytes of a line that are read: servers send some hundred.
const LINE_MAX: u64 = 64 << 10;

impl Dial for RealHttp<'_> {
    fn dial(&self, host: &str, port: u16, tls: bool) -> Result<Box<dyn Wire>, HttpError> {
        let mut wire = RealWire {
            host: format!("{host}:{port}"),
            name: host.to_owned(),
            tls: self.trusting(),
            stream: None,
        };
        let address = (host.to_owned(), port);
        let connected = wire.within(CONNECT_TIMEOUT, HttpFailure::ConnectTimeout, async {
            TcpStream::connect(address).await.map_err(|_| HttpFailure::Connect)
        })?;
        let _ = connected.set_nodelay(true);
        wire.stream = Some(BufReader::new(Box::pin(connected)));
        if tls {
            wire.secure()?;
        }
        Ok(Box::new(wire))
    }

    fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        addresses(host)
    }
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

struct RealWire {
    host: String,
    name: String,
    tls: Result<Arc<rustls::ClientConfig>, SetupTrouble>,
    /// `None` once it is broken.
    stream: Option<Connected>,
}

impl RealWire {
    fn error(&self, failure: HttpFailure) -> HttpError {
        HttpError { host: self.host.clone(), failure, source: None }
    }

    /// `work`, unless it takes longer than `limit` or the program is asked to end.
    fn within<T>(
        &self,
        limit: Duration,
        late: HttpFailure,
        work: impl Future<Output = Result<T, HttpFailure>>,
    ) -> Result<T, HttpError> {
        let failure = match interruptible(async { tokio::time::timeout(limit, work).await }) {
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

impl Wire for RealWire {
    fn read(&mut self) -> Result<Option<String>, HttpError> {
        let mut stream = self.take()?;
        let (line, stream) = self.within(LINE_TIMEOUT, HttpFailure::Timeout, async {
            let mut line = Vec::new();
            let read = (&mut stream).take(LINE_MAX).read_until(b'\n', &mut line).await;
            read.map_err(|_| HttpFailure::Broken)?;
            Ok((line, stream))
        })?;
        self.stream = Some(stream);
        if line.is_empty() {
            return Ok(None);
        }
        let line = String::from_utf8_lossy(&line);
        Ok(Some(line.trim_end_matches(['\r', '\n']).to_owned()))
    }

    fn write(&mut self, line: &str) -> Result<(), HttpError> {
        let mut stream = self.take()?;
        let bytes = zeroize::Zeroizing::new(format!("{line}\r\n"));
        let stream = self.within(LINE_TIMEOUT, HttpFailure::Timeout, async {
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
