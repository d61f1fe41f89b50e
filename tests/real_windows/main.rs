//! Windows' own parts: the Credential Manager, its locks, processes, paths and shells. They run on Windows, and under wine by
//! `tests/windows`.
#![cfg(windows)]
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may stop where it fails")]
#![expect(
    clippy::disallowed_methods,
    reason = "tests wait for real processes and read their own environment"
)]

mod canary;
mod commands;
mod machine;
mod paths;
mod sign_in;
mod storm;

#[path = "../shared/command_lines.rs"]
mod command_lines;
