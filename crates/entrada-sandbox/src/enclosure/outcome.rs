//! What a run brought.

use crate::RunEnd;
use crate::judge::{Finding, Record, judge};
use crate::world::RawRecord;

/// The end of the runs of a program, with their record.
pub struct Outcome {
    raw: RawRecord,
    record: Record,
    code: u8,
}

impl std::fmt::Debug for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The record holds secrets.
        f.debug_struct("Outcome").field("code", &self.code).finish_non_exhaustive()
    }
}

impl Outcome {
    pub(super) fn new(raw: RawRecord, code: u8) -> Self {
        Self { record: raw.judged(), raw, code }
    }

    /// The exit code of the program: of the last run, or of the first that failed. 128 and the number of a signal that ended it.
    pub fn code(&self) -> u8 {
        self.code
    }

    /// The record, for the judge. It holds secrets.
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// What the rules find.
    pub fn findings(&self) -> Vec<Finding> {
        judge(&self.record)
    }

    /// The names that were resolved, in alphabetical order.
    pub fn names(&self) -> &[String] {
        &self.raw.names
    }

    /// Each run of the program.
    pub fn runs(&self) -> &[RunEnd] {
        &self.raw.runs
    }

    /// What could not be observed.
    pub fn notes(&self) -> &[String] {
        &self.raw.notes
    }

    /// The record as an HTTP archive without secrets. `salt` is random and not kept.
    pub fn har(&self, salt: [u8; 16]) -> String {
        crate::report::har(&self.raw, &self.record, salt)
    }
}
