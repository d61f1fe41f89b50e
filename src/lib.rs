//! Gets OAuth tokens from Microsoft Entra ID and says at once why one will or will not do its job.
//!
//! # Map
//!
//! Floors, from the ground up. A module imports only floors below its own, never a neighbour on the same floor;
//! `tests/it/architecture.rs` holds the code to it.
//!
//! | floor | modules | what lives there |
//! | --- | --- | --- |
//! | 5 | [`cli`] | one file per command; the only floor that knows exit codes |
//! | 4 | [`config`] | flags over environment over file over defaults, with origins |
//! | 3 | [`render`], `emulator` | values to text, one file per format; a small Entra on loopback (feature `emulator`) |
//! | 2 | [`flow`], [`diagnose`], [`probe`], [`trace`] | getting a token; judging one; showing it to its service; writing a run down |
//! | 1 | [`oauth`], [`sys`], [`store`], [`entra`], [`har`] | the wire (pure); the outside world; saved grants; Entra's facts; HTTP archives |
//! | 0 | [`model`] | the vocabulary: authority, tenant, scope, claims, secret, time, job |
//!
//! # Invariants
//!
//! - `model`, `oauth`, `entra`, `har`, `diagnose` and `render` do no I/O and read no clock.
//! - Clock, environment, standard streams and process exit are each touched in one file (`.clippy.toml`).
//! - A [`model::Secret`] has no `Display`, no `Serialize` and no `Deref`; `grep -rn 'expose()' src` lists every exit.
//! - Text from a server passes [`model::clean`] and the run's [`model::Redactor`] before any stream.
//! - stdout carries what was asked for and nothing else; all talk goes to stderr.
#![forbid(unsafe_code)]

pub mod cli;
pub mod config;
pub mod diagnose;
#[cfg(feature = "emulator")]
pub mod emulator;
pub mod entra;
pub mod flow;
pub mod har;
pub mod model;
pub mod oauth;
pub mod probe;
pub mod render;
pub mod store;
pub mod sys;
pub mod trace;
