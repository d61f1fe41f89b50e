//! Listens on this machine's loopback addresses for the redirect of the browser (RFC 8252 §7.3).
//!
//! `hyper` reads the requests. Invalid requests do not end the wait for the right one. This file only reads requests,
//! within size and time limits, and answers them; the caller decides what a request means.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::{Semaphore, mpsc};

use super::callback_request::{CallbackRequest, sign_in_over};
use super::clock::interruptible;
use super::{HttpResponse, Interrupted, Listener, Loopback};

/// Size limit in bytes of a request's head. A URL with a code and a long error text has about 4 kB.
const HEAD_MAX: usize = 16 << 10;
/// Size limit in bytes of a request's body: a form with a code.
const BODY_MAX: usize = 64 << 10;
/// How long a client may take to send a whole request. Browsers open connections in advance; those wait this long.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
/// Connections that are served at one time. Further ones wait until one of them is closed.
const CONNECTIONS_MAX: usize = 256;
/// How many ports are tried when both address families need the same one.
const TRIES: usize = 20;
/// How often a closing listener checks whether the last answer has been sent.
const CLOSING_TICK: Duration = Duration::from_millis(5);

/// The real loopback interface.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealLoopback;

impl Loopback for RealLoopback {
    fn listen(&self, ports: &[u16]) -> io::Result<Box<dyn Listener>> {
        if super::http::runtime().is_none() {
            return Err(io::Error::other("no file descriptors are left"));
        }
        let mut last = io::Error::from(io::ErrorKind::AddrInUse);
        for &port in if ports.is_empty() { &[0] } else { ports } {
            match bind(port) {
                Ok(sockets) => return Ok(Box::new(RealListener::new(sockets)?)),
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

/// Binds a port on `127.0.0.1` and, if the machine has IPv6, the same port on `[::1]`: browsers resolve `localhost`
/// to either, and a process that holds the other one would get the code. Port 0 lets the system choose; the first
/// listener then has the chosen port.
///
/// # Errors
///
/// A port that another program has on either address, or a machine without a loopback address.
pub fn bind(port: u16) -> io::Result<Vec<TcpListener>> {
    let mut last = None;
    for _ in 0..TRIES {
        let v4 = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        match TcpListener::bind((Ipv6Addr::LOCALHOST, v4.local_addr()?.port())) {
            Ok(v6) => return Ok(vec![v4, v6]),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && port == 0 => {
                last = Some(error);
            }
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => return Err(error),
            Err(_) => return Ok(vec![v4]),
        }
    }
    Err(last.unwrap_or_else(|| io::Error::from(io::ErrorKind::AddrInUse)))
}

struct RealListener {
    port: u16,
    /// Moved into the accept tasks by the first wait, which starts the event loop.
    sockets: Vec<TcpListener>,
    accepting: Vec<tokio::task::JoinHandle<()>>,
    sender: mpsc::Sender<CallbackRequest>,
    requests: mpsc::Receiver<CallbackRequest>,
    /// The number of connections with a complete request whose answer has not been sent yet.
    busy: Arc<AtomicUsize>,
}

impl RealListener {
    fn new(sockets: Vec<TcpListener>) -> io::Result<Self> {
        let mut port = 0;
        for socket in &sockets {
            socket.set_nonblocking(true)?;
            port = socket.local_addr()?.port();
        }
        let (sender, requests) = mpsc::channel(CONNECTIONS_MAX);
        Ok(Self { port, sockets, accepting: Vec::new(), sender, requests, busy: Arc::default() })
    }

    fn start(&mut self) {
        let permits = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        for socket in self.sockets.drain(..) {
            let Ok(socket) = tokio::net::TcpListener::from_std(socket) else { continue };
            let (sender, busy) = (self.sender.clone(), Arc::clone(&self.busy));
            let permits = Arc::clone(&permits);
            self.accepting.push(tokio::spawn(accept(socket, sender, busy, permits)));
        }
    }
}

impl Listener for RealListener {
    fn port(&self) -> u16 {
        self.port
    }

    fn next(&mut self, wait: Duration) -> Result<Option<CallbackRequest>, Interrupted> {
        let found = interruptible(async {
            self.start();
            tokio::time::timeout(wait, self.requests.recv()).await.ok().flatten()
        })?;
        Ok(found.flatten())
    }

    fn close(mut self: Box<Self>, grace: Duration) {
        for task in self.accepting.drain(..) {
            task.abort();
        }
        // Dropping a queued request sends the response that the sign-in is over.
        self.requests.close();
        while self.requests.try_recv().is_ok() {}
        // A second Ctrl-C ends this wait too; no data can be lost.
        let _ = interruptible(async {
            let flushed = async {
                while 0 < self.busy.load(Ordering::Acquire) {
                    pause(CLOSING_TICK).await;
                }
            };
            let _ = tokio::time::timeout(grace, flushed).await;
        });
    }
}

impl Drop for RealListener {
    fn drop(&mut self) {
        for task in self.accepting.drain(..) {
            task.abort();
        }
    }
}

async fn accept(
    socket: tokio::net::TcpListener,
    sender: mpsc::Sender<CallbackRequest>,
    busy: Arc<AtomicUsize>,
    permits: Arc<Semaphore>,
) {
    loop {
        let Ok(permit) = Arc::clone(&permits).acquire_owned().await else { return };
        let Ok((stream, _)) = socket.accept().await else {
            // No file descriptors are left, or the connection was closed before it was accepted.
            pause(Duration::from_millis(50)).await;
            continue;
        };
        let (sender, busy) = (sender.clone(), Arc::clone(&busy));
        tokio::spawn(async move {
            serve_connection_once(stream, sender, busy).await;
            drop(permit);
        });
    }
}

/// Reads one request from one connection, and sends its answer.
async fn serve_connection_once(
    stream: tokio::net::TcpStream,
    sender: mpsc::Sender<CallbackRequest>,
    busy: Arc<AtomicUsize>,
) {
    let working = Working { busy, begun: Arc::default() };
    let service = service_fn(|request| {
        let (sender, working) = (sender.clone(), &working);
        async move { Ok::<_, Infallible>(with_full_body(receive(request, &sender, working).await)) }
    });
    // A broken connection concerns only the client.
    let _ = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(REQUEST_TIMEOUT)
        .max_buf_size(HEAD_MAX)
        .keep_alive(false)
        // A client that closes its side after the request is still served: the request may contain the code.
        .half_close(true)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// Counts a connection as busy from its first complete request to its end.
struct Working {
    busy: Arc<AtomicUsize>,
    begun: Arc<std::sync::OnceLock<()>>,
}

impl Working {
    fn begin(&self) {
        if self.begun.set(()).is_ok() {
            self.busy.fetch_add(1, Ordering::AcqRel);
        }
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        if self.begun.get().is_some() {
            self.busy.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

async fn receive(
    request: http::Request<Incoming>,
    sender: &mpsc::Sender<CallbackRequest>,
    working: &Working,
) -> HttpResponse {
    let (parts, body) = request.into_parts();
    let refused = |status: http::StatusCode| {
        let mut response = HttpResponse::default();
        *response.status_mut() = status;
        response
    };
    let body = Limited::new(body, BODY_MAX).collect();
    let body = match tokio::time::timeout(REQUEST_TIMEOUT, body).await {
        Ok(Ok(body)) => body.to_bytes().to_vec(),
        Ok(Err(_)) => return refused(http::StatusCode::PAYLOAD_TOO_LARGE),
        Err(_) => return refused(http::StatusCode::REQUEST_TIMEOUT),
    };
    // Counted only now: closing the listener must not wait for a client that never finishes its body.
    working.begin();
    let (callback, answer) = CallbackRequest::new(http::Request::from_parts(parts, body));
    if sender.send(callback).await.is_err() {
        return sign_in_over();
    }
    answer.await.unwrap_or_else(|_| sign_in_over())
}

fn with_full_body(response: HttpResponse) -> http::Response<Full<Bytes>> {
    response.map(|body| Full::new(Bytes::from(body)))
}

#[expect(
    clippy::disallowed_methods,
    reason = "the wait must run in the same event loop as the connections"
)]
async fn pause(duration: Duration) {
    tokio::time::sleep(duration).await;
}
