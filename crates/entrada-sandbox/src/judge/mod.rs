//! Judges how a program signs in, by its requests. Pure: a record in, findings out.

mod archive;
mod exchange;
mod finding;
mod observation;
mod polls;
mod record;
pub mod rules;
#[cfg(test)]
mod script;

pub use archive::{ArchiveError, read_har};
#[cfg(target_os = "linux")]
pub(crate) use archive::{MEMBER, take_facts};
pub use exchange::{Endpoint, Exchange, ExchangeFacts};
pub use finding::{Finding, Rule, Severity};
pub use observation::{Observation, SecretKind};
pub use record::Record;

/// What every rule finds in `record`: the most serious first, then by request.
pub fn judge(record: &Record) -> Vec<Finding> {
    let mut found: Vec<Finding> = rules::ALL.iter().flat_map(|rule| (rule.check)(record)).collect();
    found.sort_by_key(|finding| {
        (
            std::cmp::Reverse(finding.severity),
            finding.requests.first().copied().unwrap_or(usize::MAX),
        )
    });
    found
}
