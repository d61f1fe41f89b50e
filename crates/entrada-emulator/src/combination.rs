//! Combinations of scenarios: one behaviour that does what each of several does.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::refusal::EntraError;
use super::scenario::{PLAIN, SCENARIOS, Scenario};

impl Scenario {
    /// The scenario called `name`, or the combination of several: `slow-down+guest+short-lived`.
    ///
    /// ```
    /// use entrada_emulator::Scenario;
    ///
    /// assert!(Scenario::find("slow-down+guest+short-lived").is_some());
    /// assert!(Scenario::find("slow-down+throttled").is_none(), "a response has one fault");
    /// ```
    pub fn find(name: &str) -> Option<&'static Self> {
        if name.contains('+') {
            let parts: Option<Vec<_>> = name.split('+').map(Self::find_single).collect();
            return Self::combined(&parts?).ok();
        }
        Self::find_single(name)
    }

    fn find_single(name: &str) -> Option<&'static Self> {
        SCENARIOS.iter().find(|scenario| scenario.name == name)
    }

    /// One scenario that does what each of `parts` does: for example one fault of the wire, one behaviour of the person,
    /// and one deviation of the tokens. It has the client id of the first part, and lives as long as the process.
    ///
    /// # Errors
    ///
    /// [`CombinationError`] where `parts` is empty, or two parts determine the same thing.
    pub fn combined(parts: &[&'static Self]) -> Result<&'static Self, CombinationError> {
        static COMBINED: Mutex<BTreeMap<String, &'static Scenario>> = Mutex::new(BTreeMap::new());
        let (first, rest) = parts.split_first().ok_or(CombinationError::Empty)?;
        if rest.is_empty() {
            return Ok(first);
        }
        let mut made = first.with_name(String::new(), String::new());
        for part in rest {
            made.join(part)
                .map_err(|subject| CombinationError::Same { part: part.name, subject })?;
        }
        let join = |texts: Vec<&str>, between: &str| texts.join(between);
        let name = join(parts.iter().map(|part| part.name).collect(), "+");
        let mut combined = COMBINED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = combined.get(&name) {
            return Ok(known);
        }
        let summary = join(parts.iter().map(|part| part.summary).collect(), "; ");
        let made: &'static Self = Box::leak(Box::new(made.with_name(name.clone(), summary)));
        combined.insert(name, made);
        Ok(made)
    }

    /// A copy with this name and summary, which live as long as the process.
    fn with_name(&self, name: String, summary: String) -> Self {
        Self { name: name.leak(), summary: summary.leak(), ..*self }
    }

    /// Adds what `part` does. `Err` names what both determine.
    fn join(&mut self, part: &Self) -> Result<(), &'static str> {
        join_field(&mut self.approver, part.approver, PLAIN.approver, "the approval")?;
        join_field(&mut self.account, part.account, PLAIN.account, "the account")?;
        join_field(&mut self.code_life, part.code_life, PLAIN.code_life, "the code's lifetime")?;
        join_refusal(&mut self.start, part.start, "the first refusal")?;
        join_refusal(&mut self.second_poll, part.second_poll, "the refusal of a poll")?;
        join_refusal(&mut self.issue, part.issue, "the refusal of the tokens")?;
        join_refusal(&mut self.refresh, part.refresh, "the refusal of a refresh")?;
        let fault = (part.transport_fault, PLAIN.transport_fault);
        join_field(&mut self.transport_fault, fault.0, fault.1, "the fault of the responses")?;
        join_field(&mut self.tokens, part.tokens, PLAIN.tokens, "the tokens")?;
        join_field(&mut self.clock_skew, part.clock_skew, PLAIN.clock_skew, "the clock")?;
        if self.apis.is_empty() {
            self.apis = part.apis;
        }
        Ok(())
    }
}

/// Scenarios cannot be combined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CombinationError {
    /// There is nothing to combine.
    #[error("no scenario is named")]
    Empty,
    /// Two scenarios determine the same thing in different ways.
    #[error("`{part}` and a scenario before it both determine {subject}")]
    Same {
        /// The name of the later one.
        part: &'static str,
        /// What both determine.
        subject: &'static str,
    },
}

/// Takes the value that differs from `plain`.
fn join_field<T: PartialEq + Copy>(
    own: &mut T,
    other: T,
    plain: T,
    subject: &'static str,
) -> Result<(), &'static str> {
    if *own == plain {
        *own = other;
    }
    if other == plain || other == *own { Ok(()) } else { Err(subject) }
}

/// The same for a refusal.
fn join_refusal(
    own: &mut Option<&'static EntraError>,
    other: Option<&'static EntraError>,
    subject: &'static str,
) -> Result<(), &'static str> {
    match (*own, other) {
        (Some(one), Some(two)) if one.code != two.code => Err(subject),
        (one, two) => {
            *own = one.or(two);
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Approver, TokenVariant, TransportFault};

    #[test]
    fn a_combination_does_what_each_part_does() {
        let find = |name| Scenario::find(name).unwrap();
        let all = find("slow-down+guest+short-lived");
        assert_eq!(all.transport_fault, TransportFault::SlowDown);
        assert_eq!(all.account, find("guest").account);
        assert_eq!(all.tokens, TokenVariant::ShortLived);
        assert_eq!(all.approver, Approver::Automatic);
        assert_eq!(find("short-lived+normal").approver, Approver::User);
        assert_eq!(
            (all.name, all.client_id),
            ("slow-down+guest+short-lived", find("slow-down").client_id)
        );
        assert!(std::ptr::eq(all, find("slow-down+guest+short-lived")), "made once");
        assert!(find("clock-skew+own-api").clock_skew == 7_200);
        for (name, subject) in [
            ("slow-down+throttled", "the fault of the responses"),
            ("guest+personal-account", "the account"),
            ("refresh-dead+refresh-revoked", "the refusal of a refresh"),
            ("rotate-and-revoke+short-lived", "the tokens"),
            ("user-declines+normal", "the approval"),
        ] {
            let parts: Vec<_> = name.split('+').map(find).collect();
            let part = parts[1].name;
            assert_eq!(
                Scenario::combined(&parts).unwrap_err(),
                CombinationError::Same { part, subject }
            );
        }
        assert!(Scenario::find("slow-down+no-such").is_none());
    }
}
