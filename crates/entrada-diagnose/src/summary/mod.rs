//! What is told beside the findings: what was asked and granted, what the token serves, and when it will stop working.

mod life;
mod scopes;
mod serves;

pub use life::{Event, Moment};
pub use scopes::{Row, Standing};
pub use serves::Serves;

use super::{Evidence, Facts};
use entrada_core::Jwt;

/// Everything beside the findings. Empty where nothing is known.
#[derive(Clone, Debug, Default)]
pub struct TokenSummary {
    /// The token itself, where it can be read. Never the text of it.
    pub jwt: Option<Box<Jwt>>,
    /// What was asked for and what was granted, scope by scope.
    pub scopes: Vec<Row>,
    /// Which jobs the token would do, and which it would not.
    pub serves: Option<Serves>,
    /// Its life so far, and what will end it.
    pub life: Vec<Event>,
}

impl TokenSummary {
    pub(super) fn new(evidence: &Evidence, facts: &Facts) -> Self {
        Self {
            jwt: facts.jwt().cloned().map(Box::new),
            scopes: scopes::table(facts),
            serves: serves::serves(evidence, facts),
            life: life::events(facts),
        }
    }
}
