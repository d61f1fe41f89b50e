//! Tests of a client that handles signals. They run in a separate process, because a signal is sent to a whole process.

use std::fs;
use std::process::{Command, Stdio};

use super::*;
use crate::flow::{FlowKind, Prompt, SignInAddress, TokenRequest};
use crate::store::StoreKind;
use entrada_core::oauth::device_code::DeviceAuthorization;
use entrada_emulator::Emulator;

#[test]
fn a_signal_ends_the_wait_of_a_client_that_handles_signals() {
    let dir = tempfile::tempdir().unwrap();
    let name = "client::signal_tests::child_that_waits_for_a_sign_in";
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--ignored"])
        .current_dir(dir.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    while !dir.path().join("waiting").exists() {
        assert_eq!(child.try_wait().unwrap(), None, "the child ended early");
        std::thread::yield_now();
    }
    let pid = rustix::process::Pid::from_child(&child);
    // One that a shell in the background does not ignore.
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert!(child.wait().unwrap().success(), "the test of the child failed");
}

/// Tells the parent that the wait has begun. From its first second on, the client listens for signals.
struct Marks;

impl Prompt for Marks {
    fn show_code(&mut self, _: &DeviceAuthorization, _: &TokenRequest) {}
    fn show_page(&mut self, _: &SignInAddress<'_>) {}
    fn waiting(&mut self, left: i64) {
        if left < 899 {
            fs::write("waiting", "").unwrap();
        }
    }
}

#[test]
#[ignore = "the child of the test above"]
fn child_that_waits_for_a_sign_in() {
    let entra = Emulator::builder().scenario("normal").start().unwrap();
    let builder = Client::builder().authority(entra.authority()).tenant(entra.tenant());
    let builder = builder.client_id(entra.client_id()).scope("User.Read").flow(FlowKind::Device);
    let builder = builder.store(StoreKind::Memory).prompt(Marks).handle_signals(true);
    let error = builder.build().unwrap().token().unwrap_err();
    assert!(matches!(error, AcquireError::Interrupted(_)), "{error}");
}
