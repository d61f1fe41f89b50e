//! The end of a sign-in at a page: what the browser is shown, and when the listener closes.

use std::time::Duration;

use http::{Method, StatusCode};

use super::AcquireError;
use super::auth_code::TICK;
use super::callback::{html, is_for, onwards, plain};
use super::page::page;
use crate::sys::{Clock, Listener};
use entrada_core::Account;

/// How long a browser may take to come for the page that says how it went.
const COMES_WITHIN: Duration = Duration::from_millis(800);

/// How long the command goes on after the sign-in, until that page has arrived.
const ENDS_WITHIN: Duration = Duration::from_secs(1);

/// The last word to whoever sits at the browser.
pub(super) struct BrowserResult {
    listener: Option<Box<dyn Listener>>,
    port: u16,
    path: String,
}

impl BrowserResult {
    /// Somebody comes back to `port`, and is sent on to `path`; nobody does without a listener.
    pub(super) fn at(listener: Option<Box<dyn Listener>>, port: u16, path: String) -> Self {
        Self { listener, port, path }
    }

    /// Nobody waits at a browser of this machine.
    pub(super) fn none() -> Self {
        Self { listener: None, port: 0, path: String::new() }
    }

    pub(super) fn is_listening(&self) -> bool {
        self.listener.is_some()
    }

    pub(super) fn listener(&mut self) -> Option<&mut (dyn Listener + 'static)> {
        self.listener.as_deref_mut()
    }

    /// Shows the page that says how it went, and stops listening. The browser was sent to that page when it came with the
    /// answer; it may have asked for it already. Other visitors do not prolong the wait for it.
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
                // The page names the account: it is for no other site (DNS rebinding).
                Ok(Some(visit)) if !is_for(self.port, &visit.request) => {
                    visit.answer(plain(StatusCode::MISDIRECTED_REQUEST, "this is not that server"));
                }
                Ok(Some(visit)) if visit.request.uri().path() != self.path => {
                    // The same answer a second time: a reload, or a second tab. It changes nothing.
                    visit.answer(onwards(&self.path));
                }
                Ok(Some(visit)) if visit.request.method() == Method::GET => {
                    visit.answer(html(StatusCode::OK, page(outcome)));
                    break;
                }
                Ok(Some(visit)) => {
                    visit.answer(plain(StatusCode::METHOD_NOT_ALLOWED, "this page is for GET"));
                }
                Ok(None) => paused += pause,
                Err(_) => break,
            }
        }
        listener.close(ENDS_WITHIN.saturating_sub(passed().max(paused)));
    }
}
