//! The end of a run.

use serde::{Deserialize, Serialize};

/// How a run of the program ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunEnd {
    /// The exit code; 128 and the number of the signal that ended it.
    pub code: u8,
    /// How long it ran, in milliseconds.
    pub milliseconds: i64,
}
