//! Runs the device authorization grant: the loop around [`entrada_core::oauth::device_code`].

use std::time::Duration;

use super::{AcquireError, Prompt, Refusal, TokenRequest, seconds_left, token_endpoint};
use crate::sys::{HeldSignals, HttpError, HttpFailure, HttpResponse, Sys};
use entrada_core::oauth::device_code::{self, DeviceAuthorization, Poll, SLOW_DOWN_STEP};
use entrada_core::oauth::{
    ErrorResponse, ProtocolError, RETRYABLE_STATUS, TokenResponse, retry_after,
};
use entrada_core::{Endpoints, NumericDate};

/// The name of this grant type.
pub const GRANT_TYPE: &str = "device_code";

/// The longest wait between two polls while the network fails.
const BACK_OFF_MAX: Duration = Duration::from_secs(30);
/// The longest `Retry-After` in seconds that is obeyed.
const RETRY_AFTER_MAX: u64 = 60;
/// The interval of the countdown.
const TICK: Duration = Duration::from_secs(1);

/// The response that ended the wait, and the reason if only its refresh token can be used.
type PollResult = (TokenResponse, Option<ProtocolError>);

/// Shows a code, and waits until the user has entered it on any device.
///
/// From the poll that returns the tokens on, signals wait: the code is redeemed and the tokens are not stored yet.
///
/// # Errors
///
/// [`AcquireError::Refused`] if the authority ends the wait, [`AcquireError::Interrupted`] if a signal does, and other
/// variants if requests get no answer.
pub fn run<'a>(
    sys: &Sys<'a>,
    endpoints: &Endpoints,
    request: &TokenRequest,
    prompt: &mut dyn Prompt,
) -> Result<(PollResult, HeldSignals<'a>), AcquireError> {
    let endpoint = endpoints
        .device_authorization
        .as_ref()
        .ok_or_else(|| AcquireError::NoDeviceFlow(request.authority.to_string()))?;
    let asked = device_code::authorization_request(
        endpoint,
        &request.client_id,
        &request.scopes,
        request.claims_parameter().as_deref(),
    );
    let response = sys.http.send(asked).map_err(unanswered)?;
    let received_at = sys.clock.now();
    let authorization = device_code::parse_authorization(&response, received_at)?
        .map_err(|error| refused(*error, false))?;
    let wait = DevicePoll::new(sys, endpoints, request, &authorization, received_at);
    prompt.show_code(&authorization, request);
    let outcome = wait.run(prompt);
    prompt.done();
    outcome
}

/// The wait for the user, from the issue of the code to its expiry.
struct DevicePoll<'a, 's> {
    sys: &'a Sys<'s>,
    endpoints: &'a Endpoints,
    request: &'a TokenRequest,
    authorization: &'a DeviceAuthorization,
    /// Grows with every `slow_down`.
    interval: Duration,
    /// The number of polls without a decision since the last one with a decision.
    failed_polls: u32,
    /// Time since the code was issued, by a monotonic clock.
    passed: Box<dyn Fn() -> Duration + Send>,
    /// The sum of the pauses, in case that clock stops.
    paused: Duration,
    lifetime: Duration,
}

impl<'a, 's> DevicePoll<'a, 's> {
    fn new(
        sys: &'a Sys<'s>,
        endpoints: &'a Endpoints,
        request: &'a TokenRequest,
        authorization: &'a DeviceAuthorization,
        received_at: NumericDate,
    ) -> Self {
        let lifetime = authorization.expires_at.seconds_since(received_at);
        let lifetime = Duration::from_secs(u64::try_from(lifetime).unwrap_or(0));
        Self {
            sys,
            endpoints,
            request,
            authorization,
            interval: authorization.interval,
            failed_polls: 0,
            passed: sys.clock.stopwatch(),
            paused: Duration::ZERO,
            lifetime: request.page.timeout.map_or(lifetime, |timeout| lifetime.min(timeout)),
        }
    }

    /// Polls until the server decides. The first poll is sent after one interval (RFC 8628 §3.5), and the last one after
    /// the code has expired, because only the server knows whether the user finished.
    fn run(
        mut self,
        prompt: &mut dyn Prompt,
    ) -> Result<(PollResult, HeldSignals<'s>), AcquireError> {
        let mut pause = self.interval;
        loop {
            self.pause(pause, prompt)?;
            let last = self.left().is_zero();
            let held = HeldSignals::begin(self.sys.clock)?;
            pause = match self.poll() {
                Ok(Poll::Issued(token)) => return Ok(((*token, None), held)),
                Ok(Poll::Refused(error)) => return Err(refused(*error, self.is_expired())),
                Ok(Poll::Unusable { error, rest: Some(rest) }) => {
                    return Ok(((*rest, Some(error)), held));
                }
                Ok(Poll::Unusable { error, rest: None }) => return Err(error.into()),
                // Still pending although the code has expired by the monotonic clock. The wall clock may have been changed,
                // so it does not count.
                Ok(Poll::Pending | Poll::SlowDown) if last => return Err(self.timeout_error()),
                Ok(Poll::Pending) => self.interval,
                Ok(Poll::SlowDown) => {
                    self.interval += SLOW_DOWN_STEP;
                    self.interval
                }
                Err(PollFailure::End(error)) => return Err(error),
                Err(PollFailure::NoDecision { error, .. }) if last => return Err(*error),
                Err(PollFailure::NoDecision { error, wait }) => {
                    self.failed_polls += 1;
                    prompt.warn(&format!(
                        "{error}; still trying until {}",
                        if self.request.page.timeout == Some(self.lifetime) {
                            "the time of `--timeout` is over"
                        } else {
                            "the code expires"
                        }
                    ));
                    wait.unwrap_or_else(|| self.back_off())
                }
            };
        }
    }

    fn poll(&mut self) -> Result<Poll, PollFailure> {
        let poll = device_code::poll_request(
            &self.endpoints.token,
            &self.request.client_id,
            &self.authorization.device_code,
        );
        let answer = token_endpoint::send(self.sys, poll);
        let now = self.sys.clock.now();
        let response = answer.map_err(|error| match error.failure {
            // A response that is too large is an answer, and the next one would be as large.
            HttpFailure::Interrupted(_)
            | HttpFailure::TooLarge
            | HttpFailure::Insecure
            | HttpFailure::Deadline { .. } => PollFailure::End(unanswered(error)),
            _ => PollFailure::NoDecision { error: Box::new(error.into()), wait: None },
        })?;
        match device_code::parse_poll(&response, now) {
            // A temporary failure of the server may be an OAuth error. It decides nothing.
            Ok(Poll::Refused(error)) if is_temporary(&response, &error) => {
                Err(PollFailure::NoDecision {
                    wait: self.retry_wait(&response),
                    error: Box::new(refused(*error, false)),
                })
            }
            Ok(poll) => {
                self.failed_polls = 0;
                Ok(poll)
            }
            Err(error) => Err(PollFailure::NoDecision {
                wait: self.retry_wait(&response),
                error: Box::new(error.into()),
            }),
        }
    }

    /// The wait that `Retry-After` names: at most [`RETRY_AFTER_MAX`], at least the interval.
    fn retry_wait(&self, response: &HttpResponse) -> Option<Duration> {
        let seconds = retry_after(response, Some(self.sys.clock.now()))?;
        Some(Duration::from_secs(seconds.min(RETRY_AFTER_MAX)).max(self.interval))
    }

    fn back_off(&self) -> Duration {
        let doubled = self.interval.saturating_mul(1 << self.failed_polls.min(6));
        doubled.min(BACK_OFF_MAX).max(self.interval)
    }

    /// The error for the end of the wait: of `--timeout`, or of the code.
    fn timeout_error(&self) -> AcquireError {
        match self.request.page.timeout.filter(|timeout| *timeout == self.lifetime) {
            Some(timeout) => AcquireError::DeviceTimeout { after: timeout },
            None => expired(),
        }
    }

    /// Whether the code has expired by either clock.
    fn is_expired(&self) -> bool {
        self.left().is_zero() || self.authorization.expires_at <= self.sys.clock.now()
    }

    /// Waits for `pause`, at most until the code expires, and updates the countdown each second.
    fn pause(&mut self, pause: Duration, prompt: &mut dyn Prompt) -> Result<(), AcquireError> {
        let mut left = pause.min(self.left());
        while !left.is_zero() {
            prompt.waiting(seconds_left(self.left()));
            let step = left.min(TICK);
            self.sys.clock.sleep(step)?;
            self.paused += step;
            left -= step;
        }
        Ok(())
    }

    /// The time until the wait ends.
    fn left(&self) -> Duration {
        self.lifetime.saturating_sub((self.passed)().max(self.paused))
    }
}

/// A poll without a decision of the server.
enum PollFailure {
    /// Further polls would fail in the same way.
    End(AcquireError),
    /// The next poll may succeed, after `wait` if the server named it.
    NoDecision { error: Box<AcquireError>, wait: Option<Duration> },
}

/// The error for a request without an answer. What ran out may be the time for the whole sign-in.
fn unanswered(error: HttpError) -> AcquireError {
    match error.into() {
        AcquireError::NoAnswer { after } => AcquireError::DeviceTimeout { after },
        error => error,
    }
}

fn is_temporary(response: &HttpResponse, error: &ErrorResponse) -> bool {
    let status = response.status().as_u16();
    response.status().is_server_error()
        || RETRYABLE_STATUS.contains(&status)
        || matches!(error.error.as_str(), "temporarily_unavailable" | "server_error")
}

fn refused(error: ErrorResponse, code_expired: bool) -> AcquireError {
    AcquireError::Refused(Box::new(Refusal { error, grant_type: GRANT_TYPE, code_expired }))
}

/// The error for an expired code, as the server would send it.
fn expired() -> AcquireError {
    refused(ErrorResponse { error: "expired_token".to_owned(), ..ErrorResponse::default() }, true)
}
