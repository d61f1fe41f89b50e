//! Tests against real keyring daemons on D-Bus sessions of their own. Need `dbus-daemon`, `gnome-keyring-daemon` and
//! `secret-tool`; run with `cargo test --features real-tests --test real`.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may stop where it fails")]
#![expect(
    clippy::disallowed_methods,
    reason = "tests wait for real daemons and read their own environment"
)]

mod desk;
mod dialog;
mod keyring;

use entrada::store::Backend;

#[path = "../../src/store/contract.rs"]
mod contract;
