//! Turns values into text, with one file per format. This module makes no decisions.

mod call;
mod case;
mod claims;
pub mod explanation;
mod github;
mod human;
pub mod json;
pub mod recipe;
mod report;
mod sarif;
mod shell;
mod summary;
mod table;
mod timeline;
mod token;

use std::io::{self, Write};

use serde::{Deserialize, Serialize};

use entrada_diagnose::Diagnosis;

pub use call::{call_lines, calls_json};
pub use claims::claims;
pub use human::{
    OF_SETTINGS, Style, command, failure, field, heading, help, label, marked, prose, who, wrapped,
};
pub use report::report;
pub use shell::{Shell, carries, is_variable_name};
pub use table::{listing, records, table, table_fits};
pub use timeline::Timeline;
pub use token::{DeliveredToken, TokenOutput, token};

/// The format of a listing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// For people
    #[default]
    Human,
    /// For programs, version 1
    Json,
}

/// Whether notes are shown next to errors and warnings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notes {
    /// Notes are shown.
    Shown,
    /// Only messages that need the user's attention are shown.
    Hidden,
}

/// Writes `diagnosis` for people.
pub fn diagnosis(
    out: &mut dyn Write,
    diagnosis: &Diagnosis,
    style: Style,
    notes: Notes,
) -> io::Result<()> {
    human::diagnoses(out, std::slice::from_ref(diagnosis), style, notes)
}

/// The format of a diagnosis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JudgementFormat {
    /// For people
    #[default]
    Human,
    /// For programs, version 1
    Json,
    /// For code-scanning services: SARIF 2.1.0
    Sarif,
    /// Annotations in the log of a GitHub workflow
    Github,
}

/// Writes `all`, the diagnoses of one piece of evidence for its jobs.
pub fn diagnoses(
    out: &mut dyn Write,
    format: JudgementFormat,
    all: &[Diagnosis],
    style: Style,
    notes: Notes,
) -> io::Result<()> {
    match format {
        JudgementFormat::Human => human::diagnoses(out, all, style, notes),
        JudgementFormat::Json => all.iter().try_for_each(|one| json::diagnosis(out, one)),
        JudgementFormat::Sarif => sarif::diagnoses(out, all),
        JudgementFormat::Github => github::diagnoses(out, all),
    }
}
