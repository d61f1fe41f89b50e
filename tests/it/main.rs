//! The hermetic tests: the whole program in process, on an emulated Entra ID, with a clock that moves when one sleeps.

// clippy's `allow-unwrap-in-tests` does not reach the helper functions of an integration test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod accounts;
mod arguments;
mod authorities;
mod az;
mod browser;
mod browser_sign_in;
mod canary;
mod claims;
mod completion;
mod config;
mod corpus;
mod damaged;
mod diagnose;
mod docs;
mod documents;
mod echoes;
mod emulator;
mod examples;
mod exit_codes;
mod explain_reading;
mod export;
mod faults;
mod files;
mod first_hour;
mod forms;
mod generic_provider;
mod graph_call;
mod guessed_words;
mod help;
mod id_token;
mod import;
mod judging;
mod key_change;
mod login;
mod loopback_listener;
mod mail;
mod outputs;
mod own_api;
mod pasted;
mod policy;
mod probe;
#[cfg(unix)]
mod processes;
mod refresh;
mod registration;
mod regressions;
mod renamed;
mod renewal;
mod scenarios;
mod schemas;
mod settings;
mod signals;
mod smoke;
mod snapshots;
mod status;
mod store;
mod stored_sign_in;
mod terminal_width;
mod token;
mod trace;
mod unearned_ok;
mod verdicts;
mod world;
mod wrapped;

#[path = "../shared/command_lines.rs"]
mod command_lines;
#[cfg(unix)]
#[path = "../shared/default_signals.rs"]
mod default_signals;
#[cfg_attr(not(unix), allow(dead_code, reason = "pages are read in a POSIX shell"))]
#[path = "../shared/pages.rs"]
mod pages;
#[path = "../shared/faults.rs"]
mod shared;
