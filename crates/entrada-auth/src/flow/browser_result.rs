//! The result page of a sign-in in the browser, and the end of the listener.

use std::time::Duration;

use http::{Method, StatusCode};

use super::AcquireError;
use super::auth_code::TICK;
use super::callback::{html, is_for, plain, redirect_to};
use super::result_page::result_page;
use crate::sys::{Clock, Listener};
use entrada_core::Account;

/// How long a browser may take to request the result page.
const PAGE_REQUEST_TIMEOUT: Duration = Duration::from_millis(800);

/// How long the command waits after the sign-in for the page to be sent.
const PAGE_SEND_TIMEOUT: Duration = Duration::from_secs(1);

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
    pub(super) fn show(self, clock: &dyn Clock, outcome: Result<&Account, &AcquireError>) {
        let Some(mut listener) = self.listener else { return };
        if let Err(AcquireError::Interrupted(_) | AcquireError::NoAnswer { .. }) = outcome {
            return listener.close(Duration::ZERO);
        }
        let (passed, mut paused) = (clock.stopwatch(), Duration::ZERO);
        loop {
            let left = PAGE_REQUEST_TIMEOUT.saturating_sub(passed().max(paused));
            if left.is_zero() {
                break;
            }
            let pause = TICK.min(left);
            match listener.next(pause) {
                // The page names the account, so no other site may read it (DNS rebinding).
                Ok(Some(callback)) if !is_for(self.port, &callback.request) => {
                    callback.answer(plain(
                        StatusCode::MISDIRECTED_REQUEST,
                        "this is not the requested server",
                    ));
                }
                Ok(Some(callback)) if callback.request.uri().path() != self.path => {
                    // The redirect a second time: a reload, or a second tab. It changes nothing.
                    callback.answer(redirect_to(&self.path));
                }
                Ok(Some(callback)) if callback.request.method() == Method::GET => {
                    callback.answer(html(StatusCode::OK, result_page(outcome)));
                    break;
                }
                Ok(Some(callback)) => {
                    callback.answer(plain(
                        StatusCode::METHOD_NOT_ALLOWED,
                        "this page supports only GET",
                    ));
                }
                Ok(None) => paused += pause,
                Err(_) => break,
            }
        }
        listener.close(PAGE_SEND_TIMEOUT.saturating_sub(passed().max(paused)));
    }
}
