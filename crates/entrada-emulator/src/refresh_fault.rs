//! Faults of single requests, for tests that need a failure at an exact moment.

use std::time::Duration;

use super::{Emulator, Reply, answer, page};

/// The fault of one refresh, whatever the scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefreshFault {
    /// The fault replaces the response before the refresh: the server changes nothing.
    Before(FaultReply),
    /// The fault replaces the response after the refresh: the new refresh token is issued and lost.
    After(FaultReply),
    /// The response takes this long.
    Late(Duration),
    /// The access token lives 1 s.
    ShortLived,
    /// No fault: one refresh succeeds before the next fault.
    None,
}

/// The replacement for a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultReply {
    /// 503 with a page.
    Unavailable,
    /// A captive portal's page, with status 200.
    Page,
    /// The connection is closed.
    Cut,
    /// No response; the connection stays open.
    Hang,
}

impl RefreshFault {
    /// Applies the fault to a request that `serve` would answer.
    pub(super) fn apply(self, serve: impl FnOnce() -> Reply) -> Reply {
        match self {
            Self::Before(failure) => failure.reply(),
            Self::After(failure) => {
                serve();
                failure.reply()
            }
            Self::Late(delay) => delayed(serve(), delay),
            Self::ShortLived | Self::None => serve(),
        }
    }
}

impl FaultReply {
    fn reply(self) -> Reply {
        match self {
            Self::Unavailable => Reply::Answer(answer::html(
                503,
                page::notice("Service Unavailable", "HTTP Error 503."),
            )),
            Self::Page => Reply::Answer(answer::html(
                200,
                page::notice("Welcome to the guest network", "Accept the terms to go on-line."),
            )),
            Self::Cut => Reply::Cut,
            Self::Hang => Reply::Hang,
        }
    }
}

/// `reply`, delayed by `delay`.
pub(super) fn delayed(reply: Reply, delay: Duration) -> Reply {
    match reply {
        Reply::Answer(answer) => Reply::Delayed(delay, answer),
        other => other,
    }
}

impl Emulator {
    /// Sets the faults of the next refreshes, one each, in order.
    pub fn inject_faults(&self, faults: impl IntoIterator<Item = RefreshFault>) {
        self.state().faults.extend(faults);
    }

    /// Removes all remaining faults.
    pub fn clear_faults(&self) {
        self.state().faults.clear();
    }
}
