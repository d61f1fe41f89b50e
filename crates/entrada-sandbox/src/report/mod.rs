//! Findings about a program as documents: JSON, SARIF, HTML; the record as an HTTP archive.

#[cfg(target_os = "linux")]
mod archive;
mod html;
mod json;
mod sarif;

#[cfg(target_os = "linux")]
pub(crate) use archive::har;

use entrada_core::Redactor;

use crate::RunEnd;
use crate::judge::{Finding, Record};

/// What is reported.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    /// What was judged.
    pub record: &'a Record,
    /// What was found.
    pub findings: &'a [Finding],
    /// Each run of the program; empty for an archive.
    pub runs: &'a [RunEnd],
    /// The names that the program resolved.
    pub names: &'a [String],
    /// What could not be observed.
    pub notes: &'a [String],
    /// The archive, as a path or a URL.
    pub archive: Option<&'a str>,
}

impl Report<'_> {
    /// The document for programs, version 1.
    pub fn json(&self) -> serde_json::Value {
        json::document(self)
    }

    /// SARIF 2.1.0, for code-scanning services.
    pub fn sarif(&self) -> serde_json::Value {
        sarif::document(self)
    }

    /// A page for people. It loads nothing, runs no script, and holds no secret.
    pub fn html(&self) -> String {
        html::page(self)
    }
}

/// Path and query names of a request, without any value: paths may hold ids, and queries secrets.
fn shown_path(path: &str) -> String {
    Redactor::without_likely_secrets(&entrada_core::clean(path)).into_owned()
}
