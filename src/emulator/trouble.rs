//! What befalls single requests, for tests that want a failure at one moment.

use std::time::Duration;

use super::{Emulator, Reply, answer, page};

/// What befalls one refresh, whatever the scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// 503 with a page.
    Unavailable,
    /// A captive portal's page, under 200.
    Portal,
    /// The connection is closed without an answer, and nothing was done.
    Cut,
    /// No answer comes, and nothing was done.
    Hang,
    /// The connection is closed without an answer, and all was done: a new refresh token is out, and nobody has it.
    CutAfter,
    /// No answer comes, and all was done.
    HangAfter,
    /// The answer takes this long.
    Late(Duration),
    /// The access token lives 1 s.
    ShortLived,
}

impl Trouble {
    /// What becomes of a request that `serve` would answer.
    pub(super) fn befall(self, serve: impl FnOnce() -> Reply) -> Reply {
        match self {
            Self::Unavailable => Reply::Answer(answer::html(
                503,
                page::notice("Service Unavailable", "HTTP Error 503."),
            )),
            Self::Portal => Reply::Answer(answer::html(
                200,
                page::notice("Welcome to the guest network", "Accept the terms to go on-line."),
            )),
            Self::Cut => Reply::Cut,
            Self::Hang => Reply::Hang,
            Self::CutAfter | Self::HangAfter => {
                serve();
                if self == Self::CutAfter { Reply::Cut } else { Reply::Hang }
            }
            Self::Late(delay) => later(serve(), delay),
            Self::ShortLived => serve(),
        }
    }
}

/// `reply`, `delay` after the request.
pub(super) fn later(reply: Reply, delay: Duration) -> Reply {
    match reply {
        Reply::Answer(answer) => Reply::Later(delay, answer),
        other => other,
    }
}

impl Emulator {
    /// The next refreshes meet `troubles`, one each, in order.
    pub fn befall(&self, troubles: impl IntoIterator<Item = Trouble>) {
        self.world().troubles.extend(troubles);
    }
}
