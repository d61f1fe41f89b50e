//! The record of one or more runs of a program.

use super::{Endpoint, Exchange, Observation};

/// What a program did: its requests, and what was seen besides.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// The requests, in order of time.
    pub exchanges: Vec<Exchange>,
    /// What was seen besides.
    pub observations: Vec<Observation>,
}

impl Record {
    /// The requests to this endpoint.
    pub fn at(&self, endpoint: Endpoint) -> impl Iterator<Item = &Exchange> {
        self.exchanges.iter().filter(move |exchange| exchange.endpoint() == endpoint)
    }

    /// The authorization requests. The submitted forms of sign-in pages are not among them.
    pub fn authorizations(&self) -> impl Iterator<Item = &Exchange> {
        self.at(Endpoint::Authorize).filter(|one| one.parameter("client_id").is_some())
    }

    /// The token requests with this grant: `refresh_token`.
    pub fn with_grant<'a>(&'a self, grant: &'a str) -> impl Iterator<Item = &'a Exchange> {
        self.exchanges.iter().filter(move |exchange| exchange.grant() == Some(grant))
    }

    /// The requests after `one`.
    pub fn after<'a>(&'a self, one: &'a Exchange) -> impl Iterator<Item = &'a Exchange> {
        self.exchanges.iter().filter(move |other| one.number < other.number)
    }

    /// Whether the run of `one` was ended by its time limit within `seconds` after its response: the program had no time to go
    /// on.
    pub fn is_cut_short(&self, one: &Exchange, seconds: i64) -> bool {
        self.observations.iter().any(|seen| {
            matches!(seen, Observation::TimedOut { run, at } if *run == one.run && *at < one.ended() + seconds * 1_000)
        })
    }

    /// The request with this number.
    pub fn number(&self, number: usize) -> Option<&Exchange> {
        self.exchanges.iter().find(|exchange| exchange.number == number)
    }
}
