//! Runs the device authorization grant: the loop around [`entrada_core::oauth::device_code`].

use std::time::Duration;

use super::{AcquireError, Prompt, Refusal, TokenRequest, seconds_left, token_endpoint};
use crate::sys::{HeldSignals, HttpFailure, HttpResponse, Sys};
use entrada_core::oauth::device_code::{self, DeviceAuthorization, Poll, SLOW_DOWN_STEP};
use entrada_core::oauth::{
    ErrorResponse, ProtocolError, RETRYABLE_STATUS, TokenResponse, retry_after,
};
use entrada_core::{Endpoints, NumericDate};

/// The name of this grant where grants are told apart.
pub const GRANT_TYPE: &str = "device_code";

/// The longest wait between two polls while the network is in trouble.
const BACK_OFF_MAX: Duration = Duration::from_secs(30);
/// The longest wait that a `Retry-After` is granted.
const RETRY_AFTER_MAX: u64 = 60;
/// How often the countdown moves.
const TICK: Duration = Duration::from_secs(1);

/// What the poll brought that ended the wait: tokens, or a refresh token beside something that cannot be used, and why.
type Brought = (TokenResponse, Option<ProtocolError>);

/// Signs the user in on another device and waits for it.
///
/// Signals are held from the poll on that brings the tokens: the code is spent, and they are not stored yet.
///
/// # Errors
///
/// [`AcquireError::Refused`] where the authority ends the wait, [`AcquireError::Interrupted`] where a signal does; others where
/// requests stay without an answer.
pub fn run<'a>(
    sys: &Sys<'a>,
    endpoints: &Endpoints,
    request: &TokenRequest,
    prompt: &mut dyn Prompt,
) -> Result<(Brought, HeldSignals<'a>), AcquireError> {
    let endpoint = endpoints
        .device_authorization
        .as_ref()
        .ok_or_else(|| AcquireError::NoDeviceFlow(request.authority.to_string()))?;
    let response = sys.http.send(device_code::authorization_request(
        endpoint,
        &request.client_id,
        &request.scopes,
        request.claims_parameter().as_deref(),
    ))?;
    let received_at = sys.clock.now();
    let authorization = device_code::parse_authorization(&response, received_at)?
        .map_err(|error| refused(*error, false))?;
    let wait = DevicePoll::new(sys, endpoints, request, &authorization, received_at);
    prompt.show_code(&authorization, request);
    let outcome = wait.run(prompt);
    prompt.done();
    outcome
}

/// One wait for the user, from the code to its end.
struct DevicePoll<'a, 's> {
    sys: &'a Sys<'s>,
    endpoints: &'a Endpoints,
    request: &'a TokenRequest,
    authorization: &'a DeviceAuthorization,
    /// Grows with every `slow_down`.
    interval: Duration,
    /// Polls without an answer since the last one with.
    silent: u32,
    /// Time since the code came, by a clock that nobody can set.
    passed: Box<dyn Fn() -> Duration + Send>,
    /// The pauses alone, should that clock stand still.
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
            silent: 0,
            passed: sys.clock.stopwatch(),
            paused: Duration::ZERO,
            lifetime: request.page.timeout.map_or(lifetime, |timeout| lifetime.min(timeout)),
        }
    }

    /// Polls until the server decides. The first poll comes after one interval, never at once (RFC 8628 §3.5), and the
    /// last one after the code's end, because only the server can say why.
    fn run(mut self, prompt: &mut dyn Prompt) -> Result<(Brought, HeldSignals<'s>), AcquireError> {
        let mut pause = self.interval;
        loop {
            self.pause(pause, prompt)?;
            let last = self.left().is_zero();
            let held = HeldSignals::begin(self.sys.clock)?;
            pause = match self.poll() {
                Ok(Poll::Issued(token)) => return Ok(((*token, None), held)),
                Ok(Poll::Refused(error)) => return Err(refused(*error, self.ran_out())),
                Ok(Poll::Unusable { error, rest: Some(rest) }) => {
                    return Ok(((*rest, Some(error)), held));
                }
                Ok(Poll::Unusable { error, rest: None }) => return Err(error.into()),
                // Still pending after its end by our count: nobody will finish it. A wall clock that jumped is no end.
                Ok(Poll::Pending | Poll::SlowDown) if last => return Err(self.over()),
                Ok(Poll::Pending) => self.interval,
                Ok(Poll::SlowDown) => {
                    self.interval += SLOW_DOWN_STEP;
                    self.interval
                }
                Err(PollFailure::End(error)) => return Err(error),
                Err(PollFailure::StoreErrorKind { error, .. }) if last => return Err(*error),
                Err(PollFailure::StoreErrorKind { error, wait }) => {
                    self.silent += 1;
                    prompt.trouble(&format!(
                        "{error}; still trying until {}, your sign-in is not lost",
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
            // What is too large is an answer, and the next one would be as large.
            HttpFailure::Interrupted(_)
            | HttpFailure::TooLarge
            | HttpFailure::Insecure
            | HttpFailure::Deadline { .. } => PollFailure::End(error.into()),
            _ => PollFailure::StoreErrorKind { error: Box::new(error.into()), wait: None },
        })?;
        match device_code::parse_poll(&response, now) {
            // A server in trouble may still speak OAuth; it has not decided anything.
            Ok(Poll::Refused(error)) if is_temporary(&response, &error) => {
                Err(PollFailure::StoreErrorKind {
                    wait: self.advised(&response),
                    error: Box::new(refused(*error, false)),
                })
            }
            Ok(poll) => {
                self.silent = 0;
                Ok(poll)
            }
            Err(error) => Err(PollFailure::StoreErrorKind {
                wait: self.advised(&response),
                error: Box::new(error.into()),
            }),
        }
    }

    /// What `Retry-After` asks for, within reason and never less than the interval.
    fn advised(&self, response: &HttpResponse) -> Option<Duration> {
        let seconds = retry_after(response, Some(self.sys.clock.now()))?;
        Some(Duration::from_secs(seconds.min(RETRY_AFTER_MAX)).max(self.interval))
    }

    fn back_off(&self) -> Duration {
        let doubled = self.interval.saturating_mul(1 << self.silent.min(6));
        doubled.min(BACK_OFF_MAX).max(self.interval)
    }

    /// The end of the wait, whose ever it was.
    fn over(&self) -> AcquireError {
        match self.request.page.timeout.filter(|timeout| *timeout == self.lifetime) {
            Some(timeout) => AcquireError::NoAnswer { after: timeout },
            None => ran_out(),
        }
    }

    /// Whether the code is past its end by either clock.
    fn ran_out(&self) -> bool {
        self.left().is_zero() || self.authorization.expires_at <= self.sys.clock.now()
    }

    /// Waits `pause`, or until the code's end if that comes first, with a word to the user every second.
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

    /// What is left of the wait.
    fn left(&self) -> Duration {
        self.lifetime.saturating_sub((self.passed)().max(self.paused))
    }
}

/// No decision from the server.
enum PollFailure {
    /// Nothing better is to come.
    End(AcquireError),
    StoreErrorKind {
        error: Box<AcquireError>,
        wait: Option<Duration>,
    },
}

fn is_temporary(response: &HttpResponse, error: &ErrorResponse) -> bool {
    let status = response.status().as_u16();
    response.status().is_server_error()
        || RETRYABLE_STATUS.contains(&status)
        || matches!(error.error.as_str(), "temporarily_unavailable" | "server_error")
}

fn refused(error: ErrorResponse, code_ran_out: bool) -> AcquireError {
    AcquireError::Refused(Box::new(Refusal { error, grant_type: GRANT_TYPE, code_ran_out }))
}

/// The code's end, in the words that the server did not find.
fn ran_out() -> AcquireError {
    refused(ErrorResponse { error: "expired_token".to_owned(), ..ErrorResponse::default() }, true)
}
