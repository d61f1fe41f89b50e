//! Tests against real parts: keyring daemons on D-Bus sessions of their own, an OpenID provider that is not ours, a
//! terminal, and the programs that read our tokens. `tests/run` installs what they need; then `cargo test --features real-tests --test real` runs them.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may stop where it fails")]
#![expect(
    clippy::disallowed_methods,
    reason = "tests wait for real daemons and read their own environment"
)]

mod azure;
mod certs;
mod chromium;
mod consumers;
mod desk;
mod dialog;
mod doctor;
mod documents;
mod dovecot;
mod dovecot_page;
mod emulator_clients;
mod endurance;
mod faults;
mod hardening;
mod http;
mod keepassxc;
mod keyring;
mod keyring_cli;
mod kubernetes;
mod limits;
mod mail;
mod network;
mod oidc_provider;
mod policy;
mod postfix;
mod probe;
mod program;
mod recipes;
mod sandbox;
mod sandbox_libraries;
mod sandbox_mail_programs;
mod sandbox_programs;
mod sandbox_proxy;
mod shells;
mod signals;
mod storm;
mod terminal;
mod trace;

#[path = "../shared/default_signals.rs"]
mod default_signals;
#[path = "../shared/pages.rs"]
mod pages;
#[path = "../shared/faults.rs"]
mod shared;
