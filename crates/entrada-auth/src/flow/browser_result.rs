//! The result page of a sign-in in the browser, and the end of the listener.

use std::time::Duration;

use http::{Method, StatusCode};

use super::AcquireError;
use super::auth_code::TICK;
use super::callback::{html, is_for, onwards, plain};
use super::page::page;
use crate::sys::{Clock, Listener};
use entrada_core::Account;

/// How long a browser may take to request the result page.
const COMES_WITHIN: Duration = Duration::from_millis(800);

/// How long the command waits after the sign-in for the page to be sent.
const ENDS_WITHIN: Duration = Duration::from_secs(1);

/// The result page, and the listener that sends it.
pub(super) struct BrowserResult {
    listener: Option<Box<dyn Listener>>,
    port: u16,
    path: String,
}

impl BrowserResult {
    /// Serves the result page on `port` at `path`. Without a listener there is no page.
    pub(super) fn at(listener: Option<Box<dyn Listener>>, port: u16, path: String) -> Self {
        Self { listener, port, path }
    }

    /// No result page, because no browser on this machine waits for one.
    pub(super) fn none() -> Self {
        Self { listener: None, port: 0, path: String::new() }
    }

    pub(super) fn is_listening(&self) -> bool {
        self.listener.is_some()
    }

    pub(super) fn listener(&mut self) -> Option<&mut (dyn Listener + 'static)> {
        self.listener.as_deref_mut()
    }

    /// Sends the result page and stops listening. The redirect sent the browser to that page, and it may have
    /// requested it already. Other requests do not prolong the wait.
    pub(super) fn tell(self, clock: &dyn Clock, outcome: Result<&Account, &AcquireError>) {
        let Some(mut listener) = self.listener else { return };
        if let Err(AcquireError::Interrupted(_) | AcquireError::NoAnswer { .. }) = outcome {
            return listener.close(Duration::ZERO);
        }
        let (passed, mut paused) = (clock.stopwatch(), Duration::ZERO);
        loop {
            let left = COMES_WITHIN.saturating_sub(passed().max(paused));
            if left.is_zero() {
                break;
            }
            let pause = TICK.min(left);
            match listener.next(pause) {
                // The page names the account, so no other site may read it (DNS rebinding).
                Ok(Some(visit)) if !is_for(self.port, &visit.request) => {
                    visit.answer(plain(
                        StatusCode::MISDIRECTED_REQUEST,
                        "this is not the requested server",
                    ));
                }
                Ok(Some(visit)) if visit.request.uri().path() != self.path => {
                    // The redirect a second time: a reload, or a second tab. It changes nothing.
                    visit.answer(onwards(&self.path));
                }
                Ok(Some(visit)) if visit.request.method() == Method::GET => {
                    visit.answer(html(StatusCode::OK, page(outcome)));
                    break;
                }
                Ok(Some(visit)) => {
                    visit.answer(plain(
                        StatusCode::METHOD_NOT_ALLOWED,
                        "this page supports only GET",
                    ));
                }
                Ok(None) => paused += pause,
                Err(_) => break,
            }
        }
        listener.close(ENDS_WITHIN.saturating_sub(passed().max(paused)));
    }
}
