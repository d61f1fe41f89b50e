//! Listens on this machine's loopback addresses for the browser that comes back (RFC 8252 §7.3).
//!
//! `hyper` reads the requests: whatever a visitor sends, the wait for the right one goes on. What a visit means is decided
//! elsewhere; here it is only taken in, within bounds, and answered.

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

use super::callback_request::{CallbackRequest, gone};
use super::clock::interruptible;
use super::{HttpResponse, Interrupted, Listener, Loopback};

/// Bytes of a request's head. An address with a code and a long error text has about 4 kB.
const HEAD_MAX: usize = 16 << 10;
/// Bytes of a request's body: a form with a code.
const BODY_MAX: usize = 64 << 10;
/// How long a visitor may take to send a whole request. Browsers open connections ahead of need; those wait this long.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
/// Visitors at one time; more wait at the door until one has gone.
const VISITORS_MAX: usize = 256;
/// Ports tried when both address families must have the same one.
const TRIES: usize = 20;
/// How often a closing listener looks whether the last answer is out.
const CLOSING_TICK: Duration = Duration::from_millis(5);

/// The machine's own loopback.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealLoopback;

impl Loopback for RealLoopback {
    fn listen(&self, ports: &[u16]) -> io::Result<Box<dyn Listener>> {
        if super::http::runtime().is_none() {
            return Err(io::Error::other("no descriptors are left to wait with"));
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

/// Takes a port on `127.0.0.1` and, where the machine has it, the same on `[::1]`: browsers ask either for `localhost`,
/// and whoever held the other one would get the code. Port 0 lets the system choose; read the choice from the first
/// listener.
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
    /// Taken by the first wait, which brings the event loop.
    sockets: Vec<TcpListener>,
    accepting: Vec<tokio::task::JoinHandle<()>>,
    sender: mpsc::Sender<CallbackRequest>,
    visits: mpsc::Receiver<CallbackRequest>,
    /// Connections on which a whole request has come and the answer is not yet out.
    busy: Arc<AtomicUsize>,
}

impl RealListener {
    fn new(sockets: Vec<TcpListener>) -> io::Result<Self> {
        let mut port = 0;
        for socket in &sockets {
            socket.set_nonblocking(true)?;
            port = socket.local_addr()?.port();
        }
        let (sender, visits) = mpsc::channel(VISITORS_MAX);
        Ok(Self { port, sockets, accepting: Vec::new(), sender, visits, busy: Arc::default() })
    }

    fn start(&mut self) {
        let doors = Arc::new(Semaphore::new(VISITORS_MAX));
        for socket in self.sockets.drain(..) {
            let Ok(socket) = tokio::net::TcpListener::from_std(socket) else { continue };
            let (sender, busy) = (self.sender.clone(), Arc::clone(&self.busy));
            let doors = Arc::clone(&doors);
            self.accepting.push(tokio::spawn(accept(socket, sender, busy, doors)));
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
            tokio::time::timeout(wait, self.visits.recv()).await.ok().flatten()
        })?;
        Ok(found.flatten())
    }

    fn close(mut self: Box<Self>, grace: Duration) {
        for task in self.accepting.drain(..) {
            task.abort();
        }
        // Whoever is still in line is told that it is over.
        self.visits.close();
        while self.visits.try_recv().is_ok() {}
        // A second Ctrl-C ends this too; there is nothing left to lose.
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
    doors: Arc<Semaphore>,
) {
    loop {
        let Ok(door) = Arc::clone(&doors).acquire_owned().await else { return };
        let Ok((stream, _)) = socket.accept().await else {
            // Out of descriptors, or a connection that ended before it began.
            pause(Duration::from_millis(50)).await;
            continue;
        };
        let (sender, busy) = (sender.clone(), Arc::clone(&busy));
        tokio::spawn(async move {
            converse(stream, sender, busy).await;
            drop(door);
        });
    }
}

/// Takes one request from one connection, and gives its answer.
async fn converse(
    stream: tokio::net::TcpStream,
    sender: mpsc::Sender<CallbackRequest>,
    busy: Arc<AtomicUsize>,
) {
    let working = Working { busy, begun: Arc::default() };
    let service = service_fn(|request| {
        let (sender, working) = (sender.clone(), &working);
        async move { Ok::<_, Infallible>(whole(take_in(request, &sender, working).await)) }
    });
    // A connection that breaks is the other side's business.
    let _ = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(REQUEST_TIMEOUT)
        .max_buf_size(HEAD_MAX)
        .keep_alive(false)
        // Whoever hangs up after asking has asked all the same: the code may have come with it.
        .half_close(true)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// Counts a connection among the busy ones from its first whole request to its end.
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

async fn take_in(
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
    // Not before: one who sends a body for ever is waited for by nobody.
    working.begin();
    let (visit, answer) = CallbackRequest::new(http::Request::from_parts(parts, body));
    if sender.send(visit).await.is_err() {
        return gone();
    }
    answer.await.unwrap_or_else(|_| gone())
}

fn whole(response: HttpResponse) -> http::Response<Full<Bytes>> {
    response.map(|body| Full::new(Bytes::from(body)))
}

#[expect(clippy::disallowed_methods, reason = "nobody else can wait beside the connections")]
async fn pause(duration: Duration) {
    tokio::time::sleep(duration).await;
}
