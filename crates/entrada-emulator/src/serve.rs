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
pub use super::tls::Tls;
use super::{Emulator, Reply};
use entrada_core::{NamedHost, NumericDate};

/// The clock of the emulator.
pub type ServerClock = Arc<dyn Fn() -> NumericDate + Send + Sync>;

/// The largest request body in bytes.
const BODY_MAX: usize = 1 << 20;
/// The number of descriptors that an event loop opens. `tokio` panics when the system has none left.
const LOOP_DESCRIPTORS: usize = 8;
/// The time limit for the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

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
    let acceptor = tls.map(|tls| tls.acceptor);
    let mut accepting = JoinSet::new();
    for listener in listeners {
        listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        accepting.spawn(accept(
            listener,
            Arc::clone(&emulator),
            acceptor.clone(),
            Arc::clone(&clock),
        ));
    }
    until.await;
    Ok(())
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
    if let Some(listener) = listeners.first() {
        let spares: io::Result<Vec<_>> =
            (0..LOOP_DESCRIPTORS).map(|_| listener.try_clone()).collect();
        drop(spares?);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (stop, stopped) = oneshot::channel::<()>();
    let until = async { drop(stopped.await) };
    let work = move || drop(runtime.block_on(run(emulator, listeners, tls, clock, until)));
    let thread = std::thread::Builder::new().name("emulator".to_owned()).spawn(work)?;
    Ok(Background { stop: Some(stop), thread: Some(thread) })
}

/// Accepts connections until it is cancelled.
async fn accept(
    listener: tokio::net::TcpListener,
    emulator: Arc<Emulator>,
    acceptor: Option<TlsAcceptor>,
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
        let (emulator, acceptor, clock) =
            (Arc::clone(&emulator), acceptor.clone(), Arc::clone(&clock));
        connections.spawn(async move {
            match acceptor {
                None => converse(socket, emulator, clock).await,
                Some(acceptor) => {
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
