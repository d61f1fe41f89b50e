//! What befalls single requests, for tests that want a failure at one moment.

use std::time::Duration;

use super::{Emulator, Reply, answer, page};

/// What befalls one refresh, whatever the scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefreshFault {
    /// Instead of the answer, and nothing was done.
    Before(FaultReply),
    /// Instead of the answer, and all was done: a new refresh token is out, and nobody has it.
    After(FaultReply),
    /// The answer takes this long.
    Late(Duration),
    /// The access token lives 1 s.
    ShortLived,
    /// None: one refresh goes well before the next trouble comes.
    None,
}

/// What comes in place of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultReply {
    /// 503 with a page.
    Unavailable,
    /// A captive portal's page, under 200.
    Page,
    /// The connection is closed.
    Cut,
    /// Nothing.
    Hang,
}

impl RefreshFault {
    /// What becomes of a request that `serve` would answer.
    pub(super) fn befall(self, serve: impl FnOnce() -> Reply) -> Reply {
        match self {
            Self::Before(failure) => failure.reply(),
            Self::After(failure) => {
                serve();
                failure.reply()
            }
            Self::Late(delay) => later(serve(), delay),
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

/// `reply`, `delay` after the request.
pub(super) fn later(reply: Reply, delay: Duration) -> Reply {
    match reply {
        Reply::Answer(answer) => Reply::Later(delay, answer),
        other => other,
    }
}

impl Emulator {
    /// The next refreshes meet `troubles`, one each, in order.
    pub fn befall(&self, troubles: impl IntoIterator<Item = RefreshFault>) {
        self.world().troubles.extend(troubles);
    }

    /// No more troubles.
    pub fn mend(&self) {
        self.world().troubles.clear();
    }
}
