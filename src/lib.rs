//! The program `entrada`: what a person types, reads and configures.
#![forbid(unsafe_code)]

pub mod cli;
pub mod config;
#[cfg(feature = "emulator")]
pub mod in_process;
pub mod probe;
pub mod render;

/// The Rust of the guide compiles and runs.
#[cfg(doctest)]
#[doc = include_str!("../docs/guide/library.md")]
struct LibraryGuide;
