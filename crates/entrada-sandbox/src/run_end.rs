//! The end of a run.

use serde::{Deserialize, Serialize};

/// How a run of the program ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunEnd {
    /// The exit code; 128 and the number of the signal that ended it.
    pub code: u8,
    /// How long it ran, in milliseconds.
    pub milliseconds: i64,
    /// Whether it was ended because its time was over.
    pub is_timed_out: bool,
    /// The last line that it printed, without the secrets of the run; empty for output that went to a terminal.
    pub last_line: String,
}
