//! A token as a program uses it.

use crate::flow::{Acquired, Source};
use entrada_core::{Account, NumericDate, ScopeSet};

/// An access token, and what is known about it. `Debug` does not show the token.
#[derive(Debug)]
pub struct Token(Acquired);

impl Token {
    pub(super) fn new(acquired: Acquired) -> Self {
        Self(acquired)
    }

    /// The token itself, for the `Authorization` header. Send it to its service and keep no copy: the next
    /// [`Client::token`](super::Client::token) returns it again while it is good.
    pub fn secret(&self) -> &str {
        self.0.token.access_token.expose()
    }

    /// When it expires, by the clock of this machine.
    pub fn expires_at(&self) -> NumericDate {
        self.0.token.expires_at
    }

    /// Who signed in.
    pub fn account(&self) -> &Account {
        &self.0.account
    }

    /// The granted scopes; the requested ones if the authority named none (RFC 6749 §5.1).
    pub fn scopes(&self) -> &ScopeSet {
        self.0.token.granted.as_ref().unwrap_or(&self.0.token.requested)
    }

    /// Whether it was stored, came by refresh, or by sign-in.
    pub fn source(&self) -> Source {
        self.0.source
    }

    /// Whether the next one can be had without the user.
    pub fn can_be_refreshed(&self) -> bool {
        self.0.has_refresh_token
    }

    /// Everything else: the answer of the authority, what kept the grant from being stored, and so on.
    pub fn acquired(&self) -> &Acquired {
        &self.0
    }

    /// As [`Token::acquired`], by value.
    pub fn into_acquired(self) -> Acquired {
        self.0
    }
}
