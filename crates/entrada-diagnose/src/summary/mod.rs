//! The summary of a token: the requested and granted scopes, the jobs it works for, and its lifetime.

mod identity;
mod life;
mod scopes;
mod serves;

pub use identity::CaseIdentity;
pub use life::{Event, Moment};
pub use scopes::{Row, Standing};
pub use serves::Serves;

use super::{Evidence, Facts};
use entrada_core::{Jwt, clean};

/// The summary that accompanies the findings. Empty if nothing is known.
#[derive(Clone, Debug, Default)]
pub struct TokenSummary {
    /// The decoded token, if it is readable. Never its text.
    pub jwt: Option<Box<Jwt>>,
    /// Who and what the case is about.
    pub identity: CaseIdentity,
    /// The requested and the granted scopes, one row each.
    pub scopes: Vec<Row>,
    /// The API that the token is for, by its name for people or by its `aud`.
    pub api: Option<String>,
    /// The jobs that the token works for, and those that it does not.
    pub serves: Option<Serves>,
    /// The events of its lifetime.
    pub life: Vec<Event>,
}

impl TokenSummary {
    pub(super) fn new(evidence: &Evidence, facts: &Facts) -> Self {
        Self {
            jwt: facts.jwt().cloned().map(Box::new),
            identity: CaseIdentity::new(facts),
            api: api(facts),
            scopes: scopes::table(facts),
            serves: serves::serves(evidence, facts),
            life: life::events(facts),
        }
    }
}

/// The API that the token is for.
fn api(facts: &Facts) -> Option<String> {
    let aud = facts.claims()?.aud()?;
    Some(match facts.audience() {
        Some(api) => api.name.to_owned(),
        None => format!("`{}`", clean(aud)),
    })
}
