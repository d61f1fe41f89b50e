//! Applies the timeout of a sign-in to the requests that it sends before it has tokens.

use std::time::Duration;

use crate::sys::{Bundle, Clock, Http, HttpError, HttpRequest, HttpResponse, RequestDeadline};

/// The least time that a request gets. The last poll is sent when the time is up, because only the server knows whether the
/// user has finished.
const LEAST: Duration = Duration::from_secs(2);

/// An [`Http`] whose requests end at the timeout of the sign-in. The request that redeems a code is not sent through it,
/// because a code can be redeemed only once and its answer must be received.
pub(super) struct BoundedHttp<'a> {
    inner: &'a dyn Http,
    timeout: Option<Duration>,
    passed: Box<dyn Fn() -> Duration + Send>,
}

impl<'a> BoundedHttp<'a> {
    /// Requests of a sign-in that starts now and may take `timeout`; `None` is no limit.
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
