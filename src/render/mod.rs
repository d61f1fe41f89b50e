//! Values to text, one file per format. Nothing here decides anything.

mod claims;
mod human;
pub mod json;
mod table;
mod timeline;
mod token;

use std::io::{self, Write};

use serde::{Deserialize, Serialize};

use crate::diagnose::Diagnosis;

pub use claims::{claim_meaning, claims};
pub use human::{Style, failure, heading, help, label, wrapped};
pub use table::table;
pub use timeline::Timeline;
pub use token::{TokenOutput, token};

/// How a judgement or a listing is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// For people
    #[default]
    Human,
    /// For programs, version 1
    Json,
}

/// Whether notes are shown beside errors and warnings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notes {
    /// They are.
    Shown,
    /// Only what needs somebody's attention.
    Hidden,
}

/// Writes `diagnosis` to `out`.
pub fn diagnosis(
    out: &mut dyn Write,
    format: Format,
    diagnosis: &Diagnosis,
    style: Style,
    notes: Notes,
) -> io::Result<()> {
    match format {
        Format::Human => human::diagnosis(out, diagnosis, style, notes),
        Format::Json => json::diagnosis(out, diagnosis),
    }
}
