//! The servers: TLS with a certificate for each name, HTTP/1.1, and the hand-over to the emulator.

use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::net::TcpListener as StdTcpListener;
use std::sync::Arc;

use entrada_core::Protocol;
use entrada_core::har::Pair;
use entrada_emulator::Reply;
use entrada_emulator::serve::{MailSecurity, converse_by_mail};
use http::{HeaderMap, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::server::Acceptor;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{LazyConfigAcceptor, TlsAcceptor};

use super::authority::CertificateAuthority;
use super::{RawExchange, World, clock, hosts};
use crate::judge::Observation;

/// The largest request body in bytes.
const BODY_MAX: usize = 10 << 20;
/// The name in the certificate for a client that names no server.
const USUAL_NAME: &str = "login.microsoftonline.com";

/// A port and what is spoken on it.
pub(crate) enum Listener {
    /// TLS, as on 443.
    Tls(StdTcpListener),
    /// Plain HTTP, as on 80.
    Plain(StdTcpListener),
    /// An HTTP proxy: CONNECT, and TLS inside.
    Proxy(StdTcpListener),
    /// A mail server.
    Mail(StdTcpListener, Protocol, MailSecurity),
}

/// The authorities that sign the certificates.
pub(crate) struct Trust {
    /// The authority that the program is to trust.
    pub(crate) authority: CertificateAuthority,
    /// Whether the certificates are from an authority that nobody trusts, to see whether the program checks them.
    pub(crate) is_untrusted: bool,
}

/// Serves every listener until it is cancelled.
pub(crate) async fn serve_listeners(
    listeners: Vec<Listener>,
    world: Arc<World>,
    trust: Arc<Trust>,
) -> io::Result<()> {
    let mut all = tokio::task::JoinSet::new();
    for listener in listeners {
        let (socket, kind) = match listener {
            Listener::Tls(socket) => (socket, Kind::Tls),
            Listener::Plain(socket) => (socket, Kind::Plain),
            Listener::Proxy(socket) => (socket, Kind::Proxy),
            Listener::Mail(socket, protocol, security) => (socket, Kind::Mail(protocol, security)),
        };
        socket.set_nonblocking(true)?;
        let socket = TcpListener::from_std(socket)?;
        all.spawn(accept(socket, kind, Arc::clone(&world), Arc::clone(&trust)));
    }
    while all.join_next().await.is_some() {}
    Ok(())
}

#[derive(Clone, Copy)]
enum Kind {
    Tls,
    Plain,
    Proxy,
    Mail(Protocol, MailSecurity),
}

async fn accept(listener: TcpListener, kind: Kind, world: Arc<World>, trust: Arc<Trust>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            clock::wait(std::time::Duration::from_millis(20)).await;
            continue;
        };
        // Responses are written in pieces. With Nagle's algorithm, a piece waits up to 40 ms for the one before it.
        let _ = stream.set_nodelay(true);
        let (world, trust) = (Arc::clone(&world), Arc::clone(&trust));
        tokio::spawn(async move {
            match kind {
                Kind::Tls => over_tls(stream, None, world, trust).await,
                Kind::Plain => converse(stream, "http", None, world, trust).await,
                Kind::Proxy => proxied(stream, world, trust).await,
                Kind::Mail(protocol, security) => {
                    by_mail(stream, protocol, security, &world, &trust).await;
                }
            }
        });
    }
}

/// The mail servers of Exchange Online, by all their names.
const MAIL_HOSTS: [&str; 10] = [
    "outlook.office365.com",
    "smtp.office365.com",
    "outlook.office.com",
    "smtp-mail.outlook.com",
    "imap-mail.outlook.com",
    "pop-mail.outlook.com",
    "imap.outlook.com",
    "outlook.office365.us",
    "smtp.office365.us",
    "partner.outlook.cn",
];

/// Answers a mail client. The conversation is not in the record.
async fn by_mail(
    stream: TcpStream,
    protocol: Protocol,
    security: MailSecurity,
    world: &World,
    trust: &Trust,
) {
    let Ok(config) = trust.authority.server_of(&MAIL_HOSTS) else { return };
    let tls = Some((TlsAcceptor::from(config), security));
    converse_by_mail(stream, protocol, tls, Arc::clone(&world.emulator), Arc::new(clock::now))
        .await;
}

/// Answers `CONNECT host:port`, and goes on with TLS. A request with a whole URL is answered as plain HTTP.
async fn proxied(stream: TcpStream, world: Arc<World>, trust: Arc<Trust>) {
    let mut first = [0; 8];
    let is_connect =
        stream.peek(&mut first).await.is_ok_and(|length| first[..length].starts_with(b"CONNECT"));
    if !is_connect {
        return converse(stream, "http", None, world, trust).await;
    }
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    let mut target = None;
    loop {
        line.clear();
        match reader.read_line(&mut line).await {
            Ok(0) | Err(_) => return,
            Ok(_) if line.trim().is_empty() => break,
            Ok(_) if target.is_none() => {
                target = line
                    .split(' ')
                    .nth(1)
                    .and_then(|target| target.rsplit_once(':'))
                    .map(|(host, _)| host.to_owned());
            }
            Ok(_) => (),
        }
    }
    let mut stream = reader.into_inner();
    if stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.is_ok() {
        over_tls(stream, target, world, trust).await;
    }
}

async fn over_tls(stream: TcpStream, target: Option<String>, world: Arc<World>, trust: Arc<Trust>) {
    let Ok(start) = LazyConfigAcceptor::new(Acceptor::default(), stream).await else { return };
    let asked = start.client_hello().server_name().map(str::to_owned).or(target);
    let name = asked.unwrap_or_else(|| USUAL_NAME.to_owned());
    let Ok(config) = trust.authority.server(&name) else { return };
    match start.into_stream(config).await {
        Ok(stream) => converse(stream, "https", Some(name), world, trust).await,
        Err(error) => {
            if let Some(alert) = certificate_alert(&error) {
                world.observe(Observation::CertificateRefused { host: name, alert });
            }
        }
    }
}

/// The alert by which a client refuses a certificate.
fn certificate_alert(error: &io::Error) -> Option<String> {
    use rustls::AlertDescription as Alert;
    let error = error.get_ref()?.downcast_ref::<rustls::Error>()?;
    match error {
        rustls::Error::AlertReceived(
            alert @ (Alert::UnknownCA
            | Alert::BadCertificate
            | Alert::CertificateUnknown
            | Alert::UnsupportedCertificate
            | Alert::DecryptError
            | Alert::InternalError),
        ) => Some(format!("{alert:?}")),
        _ => None,
    }
}

/// Answers the requests of one connection.
async fn converse<S>(
    stream: S,
    scheme: &'static str,
    name: Option<String>,
    world: Arc<World>,
    trust: Arc<Trust>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request: Request<Incoming>| {
        let (world, name, trust) = (Arc::clone(&world), name.clone(), Arc::clone(&trust));
        async move {
            if let Some(host) = &name
                && trust.is_untrusted
            {
                world.observe(Observation::WrongCertificateAccepted { host: host.clone() });
            }
            answer(request, scheme, name.as_deref(), &world).await.ok_or(Closed)
        }
    });
    // A broken connection is a matter of the client.
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// Makes hyper close the connection without a response.
#[derive(Debug, thiserror::Error)]
#[error("the scenario closes the connection")]
struct Closed;

async fn answer(
    request: Request<Incoming>,
    scheme: &str,
    name: Option<&str>,
    world: &World,
) -> Option<Response<Full<Bytes>>> {
    let (parts, body) = request.into_parts();
    let body = Limited::new(body, BODY_MAX).collect().await.ok()?.to_bytes().to_vec();
    let request = Request::from_parts(parts, body);
    let host = host_of(&request, name);
    let mut exchange = begin(scheme, &host, &request);
    let reply = world.respond(&host, request);
    let answered = match reply {
        Reply::Answer(response) => Some(response),
        Reply::Delayed(delay, response) => {
            clock::wait(delay).await;
            Some(response)
        }
        Reply::Hang => {
            world.note(exchange);
            match pending::<Infallible>().await {}
        }
        Reply::Cut => None,
    };
    finish(&mut exchange, answered.as_ref());
    world.note(exchange);
    answered.map(|response| response.map(|body| Full::new(Bytes::from(body))))
}

/// The host without its port: the header `Host` (RFC 9112 §3.2), or the name of the certificate.
fn host_of(request: &Request<Vec<u8>>, name: Option<&str>) -> String {
    let header = request.headers().get(header::HOST).and_then(|value| value.to_str().ok());
    let host = request.uri().host().or(header).or(name).unwrap_or(USUAL_NAME);
    let without_port = match host.rsplit_once(':') {
        Some((before, port))
            if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            before
        }
        _ => host,
    };
    without_port.to_ascii_lowercase()
}

/// The exchange of a request, before its answer.
pub(super) fn begin(scheme: &str, host: &str, request: &Request<Vec<u8>>) -> RawExchange {
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    RawExchange {
        at: clock::milliseconds(),
        method: request.method().to_string(),
        url: format!("{scheme}://{host}{target}"),
        headers: pairs(request.headers()),
        body: String::from_utf8_lossy(request.body()).into_owned(),
        ..RawExchange::default()
    }
}

/// Adds the answer.
pub(super) fn finish(exchange: &mut RawExchange, response: Option<&Response<Vec<u8>>>) {
    exchange.duration = clock::milliseconds() - exchange.at;
    if let Some(response) = response {
        exchange.status = response.status().as_u16();
        exchange.response_headers = pairs(response.headers());
        exchange.response_body = String::from_utf8_lossy(response.body()).into_owned();
    }
}

fn pairs(headers: &HeaderMap) -> Vec<Pair> {
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers
        .iter()
        .map(|(name, value)| Pair { name: name.to_string(), value: text(value) })
        .collect()
}

impl World {
    /// The answer of `host` to `request`. The emulator answers for Microsoft; other hosts are empty.
    pub(super) fn respond(&self, host: &str, request: Request<Vec<u8>>) -> Reply {
        if hosts::is_microsoft(host) || host == hosts::INSTANCE_METADATA {
            return self.emulator.handle(request, clock::now());
        }
        let mut response = Response::new(b"entrada sandbox: this host is not emulated\n".to_vec());
        *response.status_mut() = StatusCode::NOT_FOUND;
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, http::HeaderValue::from_static("text/plain"));
        Reply::Answer(response)
    }
}
