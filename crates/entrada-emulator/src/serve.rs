//! Serves an emulator on the loopback addresses.

use std::convert::Infallible;
use std::future::{Future, pending};
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

pub use super::loopback::bind;
use super::serve_mail;
pub use super::serve_mail::{MailSecurity, converse as converse_by_mail};
pub use super::tls::Tls;
use super::{Emulator, Reply};
use entrada_core::{NamedHost, NumericDate, Protocol};

/// The clock of the emulator.
pub type ServerClock = Arc<dyn Fn() -> NumericDate + Send + Sync>;

/// The largest request body in bytes.
const BODY_MAX: usize = 1 << 20;
/// The number of descriptors that an event loop opens. `tokio` panics when the system has none left.
const LOOP_DESCRIPTORS: usize = 8;
/// The time limit for the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// What is served on listeners.
#[derive(Debug)]
pub enum Endpoint {
    /// Requests, with https if TLS is given.
    Http(Vec<TcpListener>, Option<Tls>),
    /// A mail server. Without TLS it never offers to start it.
    Mail(Protocol, Vec<TcpListener>, Option<(Tls, MailSecurity)>),
}

/// Serves `emulator` on `listeners`, with https if `tls` is given, until `until` completes. It then drops open connections.
///
/// # Errors
///
/// Where a listener cannot be used with an event loop.
pub async fn run(
    emulator: Arc<Emulator>,
    listeners: Vec<TcpListener>,
    tls: Option<Tls>,
    clock: ServerClock,
    until: impl Future<Output = ()>,
) -> io::Result<()> {
    run_all(emulator, vec![Endpoint::Http(listeners, tls)], clock, until).await
}

/// The same for several endpoints of one emulator.
///
/// # Errors
///
/// Where a listener cannot be used with an event loop.
pub async fn run_all(
    emulator: Arc<Emulator>,
    endpoints: Vec<Endpoint>,
    clock: ServerClock,
    until: impl Future<Output = ()>,
) -> io::Result<()> {
    let mut accepting = JoinSet::new();
    for endpoint in endpoints {
        let (listeners, server) = match endpoint {
            Endpoint::Http(listeners, tls) => {
                (listeners, Server::Http(tls.map(|tls| tls.acceptor)))
            }
            Endpoint::Mail(protocol, listeners, tls) => {
                let tls = tls.map(|(tls, security)| (tls.acceptor, security));
                (listeners, Server::Mail(protocol, tls))
            }
        };
        for listener in listeners {
            listener.set_nonblocking(true)?;
            let listener = tokio::net::TcpListener::from_std(listener)?;
            let (emulator, clock) = (Arc::clone(&emulator), Arc::clone(&clock));
            accepting.spawn(accept(listener, server.clone(), emulator, clock));
        }
    }
    until.await;
    Ok(())
}

/// The server behind a listener.
#[derive(Clone)]
enum Server {
    Http(Option<TlsAcceptor>),
    Mail(Protocol, Option<(TlsAcceptor, MailSecurity)>),
}

/// An emulator in a thread of its own. Dropping it stops the server.
#[derive(Debug)]
pub struct Background {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Background {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // The thread returns no error: everything that can fail was done before it started.
            let _ = thread.join();
        }
    }
}

/// [`run`] in a background thread: for a demonstration, or a test with a blocking client.
///
/// # Errors
///
/// Where the system has no descriptors or threads left.
pub fn spawn(
    emulator: Arc<Emulator>,
    listeners: Vec<TcpListener>,
    tls: Option<Tls>,
    clock: ServerClock,
) -> io::Result<Background> {
    spawn_all(emulator, vec![Endpoint::Http(listeners, tls)], clock)
}

/// [`run_all`] in a background thread.
///
/// # Errors
///
/// Where the system has no descriptors or threads left.
pub fn spawn_all(
    emulator: Arc<Emulator>,
    endpoints: Vec<Endpoint>,
    clock: ServerClock,
) -> io::Result<Background> {
    let listener = endpoints.iter().find_map(|endpoint| match endpoint {
        Endpoint::Http(listeners, _) | Endpoint::Mail(_, listeners, _) => listeners.first(),
    });
    if let Some(listener) = listener {
        let spares: io::Result<Vec<_>> =
            (0..LOOP_DESCRIPTORS).map(|_| listener.try_clone()).collect();
        drop(spares?);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (stop, stopped) = oneshot::channel::<()>();
    let until = async { drop(stopped.await) };
    let work = move || drop(runtime.block_on(run_all(emulator, endpoints, clock, until)));
    let thread = std::thread::Builder::new().name("emulator".to_owned()).spawn(work)?;
    Ok(Background { stop: Some(stop), thread: Some(thread) })
}

/// Accepts connections until it is cancelled.
async fn accept(
    listener: tokio::net::TcpListener,
    server: Server,
    emulator: Arc<Emulator>,
    clock: ServerClock,
) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((socket, _)) = listener.accept().await else {
            // The process has no descriptors left, or the connection closed before it was accepted.
            wait(Duration::from_millis(50)).await;
            continue;
        };
        // Responses are written in pieces. With Nagle's algorithm, a piece waits up to 40 ms for the one before it.
        let _ = socket.set_nodelay(true);
        while connections.try_join_next().is_some() {}
        let (emulator, server, clock) = (Arc::clone(&emulator), server.clone(), Arc::clone(&clock));
        connections.spawn(async move {
            match server {
                Server::Mail(protocol, tls) => {
                    serve_mail::converse(socket, protocol, tls, emulator, clock).await;
                }
                Server::Http(None) => converse(socket, emulator, clock).await,
                Server::Http(Some(acceptor)) => {
                    if let Ok(stream) = acceptor.accept(socket).await {
                        converse(stream, emulator, clock).await;
                    }
                }
            }
        });
    }
}

/// Answers the requests of one connection.
async fn converse<S>(stream: S, emulator: Arc<Emulator>, clock: ServerClock)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request| {
        let (emulator, clock) = (Arc::clone(&emulator), Arc::clone(&clock));
        async move { answer(request, &emulator, &clock).await.ok_or(Closed) }
    });
    // A broken connection is a problem of the client.
    let _ = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// Makes hyper close the connection without a response.
#[derive(Debug, thiserror::Error)]
#[error("the scenario closes the connection")]
struct Closed;

/// The response to one request; `None` closes the connection.
async fn answer(
    request: http::Request<Incoming>,
    emulator: &Emulator,
    clock: &ServerClock,
) -> Option<http::Response<Full<Bytes>>> {
    match NamedHost::of(&request) {
        Ok(host) if emulator.accepts_host(&host) => (),
        Ok(_) => return Some(refused_response(http::StatusCode::MISDIRECTED_REQUEST, OTHER_HOST)),
        Err(error) => {
            return Some(refused_response(http::StatusCode::BAD_REQUEST, &error.to_string()));
        }
    }
    let (parts, body) = request.into_parts();
    let Ok(body) = Limited::new(body, BODY_MAX).collect().await else {
        let mut refused = http::Response::new(Full::default());
        *refused.status_mut() = http::StatusCode::PAYLOAD_TOO_LARGE;
        return Some(refused);
    };
    let request = http::Request::from_parts(parts, body.to_bytes().to_vec());
    let response = match emulator.handle(request, clock()) {
        Reply::Answer(response) => response,
        Reply::Delayed(delay, response) => {
            wait(delay).await;
            response
        }
        Reply::Hang => match pending::<Infallible>().await {},
        Reply::Cut => return None,
    };
    Some(response.map(|body| Full::new(Bytes::from(body))))
}

const OTHER_HOST: &str = "This emulator does not accept that host name: use localhost, or start it with `--allow-host NAME`.";

/// The response to a request for another host. It reads and repeats no part of the request.
fn refused_response(status: http::StatusCode, text: &str) -> http::Response<Full<Bytes>> {
    let mut response = http::Response::new(Full::new(Bytes::from(format!("{text}\n"))));
    *response.status_mut() = status;
    for (name, value) in [
        (http::header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (http::header::CACHE_CONTROL, "no-store"),
        (http::header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (http::header::CONNECTION, "close"),
    ] {
        response.headers_mut().insert(name, http::HeaderValue::from_static(value));
    }
    response
}

#[expect(clippy::disallowed_methods, reason = "slow responses are a feature of the emulator")]
async fn wait(duration: Duration) {
    tokio::time::sleep(duration).await;
}
