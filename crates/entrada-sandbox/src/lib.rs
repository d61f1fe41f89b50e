//! Runs a program against an emulated Microsoft Entra ID under Microsoft's own host names, records what it does, and judges how
//! it signs in.
//!
//! [`judge`] is pure: an archive of requests in, findings out.
//!
//! ```
//! use entrada_sandbox::judge::{judge, read_har};
//!
//! let har = r#"{"log":{"version":"1.2","entries":[{"request":{"method":"GET",
//!     "url":"https://login.microsoftonline.com/common/oauth2/v2.0/authorize?client_id=x&response_type=code"}}]}}"#;
//! let findings = judge(&read_har(har)?);
//! assert!(findings.iter().any(|finding| finding.rule.id == "state-missing"));
//! # Ok::<(), entrada_sandbox::judge::ArchiveError>(())
//! ```
#![forbid(unsafe_code)]
#![warn(clippy::missing_errors_doc)]

#[cfg(target_os = "linux")]
pub mod enclosure;
pub mod judge;
pub mod report;
mod run_end;
#[cfg(target_os = "linux")]
mod world;

pub use run_end::RunEnd;
