//! The bus's socket and the wait for it, on the caller's own thread with poll(2). An event loop would cost a thread
//! or half a megabyte on every token request, only to timeouts this one descriptor.

use std::future::poll_fn;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{RecvFlags, SendFlags, recv, send};
use zbus::connection::socket::{BoxedSplit, ReadHalf, Split, WriteHalf};

/// The longest sleep in poll(2). A signal may be delivered to another thread, and does not end this thread's sleep
/// then.
const LOOK_UP: Duration = Duration::from_millis(100);

/// Waits for one descriptor, up to a time limit.
#[derive(Debug)]
pub(super) struct PollLoop(Mutex<SocketState>);

#[derive(Debug)]
struct SocketState {
    since: Instant,
    until: Instant,
    reader: Option<(Arc<UnixStream>, Waker)>,
}

impl PollLoop {
    /// A loop without a descriptor, whose time limit has passed.
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(SocketState { since: now(), until: now(), reader: None })))
    }

    /// Starts a wait of `limit`.
    pub(super) fn set_limit(&self, limit: Duration) {
        let mut state = self.state();
        state.since = now();
        state.until = state.since + limit;
    }

    /// How long the wait has lasted.
    pub(super) fn elapsed(&self) -> Duration {
        now().saturating_duration_since(self.state().since)
    }

    /// Completes when the wait is over.
    pub(super) async fn timed_out(&self) {
        let look = |_: &mut Context<'_>| {
            if self.state().until <= now() { Poll::Ready(()) } else { Poll::Pending }
        };
        poll_fn(look).await;
    }

    /// Runs `work` to its end. `work` may wait only for this socket and its time limit.
    pub(super) fn block_on<T>(&self, work: impl Future<Output = T>) -> T {
        let woken = Arc::new(Woken(AtomicBool::new(false)));
        let waker = Waker::from(Arc::clone(&woken));
        let mut work = pin!(work);
        loop {
            if let Poll::Ready(end) = work.as_mut().poll(&mut Context::from_waker(&waker)) {
                return end;
            }
            if !woken.0.swap(false, Ordering::Relaxed) {
                self.wait();
            }
        }
    }

    /// Sleeps until the bus sends data or the wait is over. The sleep is short, because a signal may arrive.
    fn wait(&self) {
        let (reader, left) = {
            let mut state = self.state();
            (state.reader.take(), state.until.saturating_duration_since(now()))
        };
        let limit = Timespec::try_from(left.min(LOOK_UP)).ok();
        let socket = reader.as_ref().map(|(socket, _)| PollFd::new(&**socket, PollFlags::IN));
        // A signal may end the sleep early. This is harmless: the caller checks its condition again.
        let _ = poll(socket.into_iter().collect::<Vec<_>>().as_mut_slice(), limit.as_ref());
        if let Some((_, waker)) = reader {
            waker.wake();
        }
    }

    fn state(&self) -> MutexGuard<'_, SocketState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[expect(clippy::disallowed_methods, reason = "how long the keyring is silent")]
fn now() -> Instant {
    Instant::now()
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// The `socket` for zbus, with waits through `poll_loop`. It never passes file descriptors, because the Secret Service
/// sends none.
pub(super) fn split(socket: UnixStream, poll_loop: &Arc<PollLoop>) -> BoxedSplit {
    let socket = Arc::new(socket);
    let (reader, poll_loop) = (Arc::clone(&socket), Arc::clone(poll_loop));
    Split::new(Box::new(Reading { socket: reader, poll_loop }), Box::new(Writing(socket)))
}

#[derive(Debug)]
struct Reading {
    socket: Arc<UnixStream>,
    poll_loop: Arc<PollLoop>,
}

#[async_trait::async_trait]
impl ReadHalf for Reading {
    async fn recvmsg(&mut self, buffer: &mut [u8]) -> io::Result<(usize, Vec<OwnedFd>)> {
        let size = poll_fn(|context| {
            match recv(&self.socket, &mut *buffer, RecvFlags::DONTWAIT).map_err(io::Error::from) {
                Ok((size, _)) => Poll::Ready(Ok(size)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let reader = (Arc::clone(&self.socket), context.waker().clone());
                    self.poll_loop.state().reader = Some(reader);
                    Poll::Pending
                }
                Err(error) => Poll::Ready(Err(error)),
            }
        });
        Ok((size.await?, Vec::new()))
    }
}

#[derive(Debug)]
struct Writing(Arc<UnixStream>);

#[async_trait::async_trait]
impl WriteHalf for Writing {
    /// Blocks, but not longer than the socket's own timeout.
    async fn sendmsg(&mut self, buffer: &[u8], _: &[BorrowedFd<'_>]) -> io::Result<usize> {
        match send(&self.0, buffer, SendFlags::NOSIGNAL).map_err(io::Error::from) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                Err(io::ErrorKind::TimedOut.into())
            }
            sent => sent,
        }
    }

    async fn close(&mut self) -> io::Result<()> {
        self.0.shutdown(std::net::Shutdown::Both)
    }
}
