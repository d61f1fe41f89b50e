//! The end of a sign-in that `--timeout` sets, for the requests that come before tokens do.

use std::time::Duration;

use crate::sys::{Bundle, Clock, Http, HttpError, HttpRequest, HttpResponse, RequestDeadline};

/// The least time that a request gets. The last poll is sent when the time is up, because only the server can say whether the user
/// has finished.
const LEAST: Duration = Duration::from_secs(2);

/// A network whose requests end with the sign-in. The request that redeems a code does not go through it: the code is spent then, and
/// the answer is the only one that there ever is.
pub(super) struct BoundedHttp<'a> {
    inner: &'a dyn Http,
    timeout: Option<Duration>,
    passed: Box<dyn Fn() -> Duration + Send>,
}

impl<'a> BoundedHttp<'a> {
    /// Requests of a sign-in that begins now and may take `timeout`; `None` sets no bound.
    pub(super) fn new(inner: &'a dyn Http, clock: &dyn Clock, timeout: Option<Duration>) -> Self {
        Self { inner, timeout, passed: clock.stopwatch() }
    }
}

impl Http for BoundedHttp<'_> {
    fn send(&self, mut request: HttpRequest) -> Result<HttpResponse, HttpError> {
        if let Some(timeout) = self.timeout {
            let left = timeout.saturating_sub((self.passed)()).max(LEAST);
            request.extensions_mut().insert(RequestDeadline { left, timeout });
        }
        self.inner.send(request)
    }

    fn trust(&self, bundle: Bundle) {
        self.inner.trust(bundle);
    }
}
