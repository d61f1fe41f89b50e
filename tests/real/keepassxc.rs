//! KeePassXC as the keyring.

use std::time::{Duration, Instant};

use entrada_auth::store::{Backend as _, StoreErrorKind};

use crate::desk::Desk;
use crate::program::{ENTRADA, Emulation, run};

/// Waits until the database is open.
fn unlocked() -> Desk {
    let mut desk = Desk::bare();
    desk.start_keepassxc(true);
    let started = Instant::now();
    while desk.store().load("absent").is_err() {
        assert!(started.elapsed() < Duration::from_secs(30), "KeePassXC did not open its database");
        std::thread::sleep(Duration::from_millis(50));
    }
    desk
}

#[test]
fn an_open_keepassxc_keeps_what_it_is_given() {
    let desk = unlocked();
    assert_eq!(desk.store().describe(), "KeePassXC");
    desk.store().save("name", b"value").unwrap();
    assert_eq!(desk.store().load("name").unwrap().unwrap().as_slice(), b"value");
    assert_eq!(desk.store().names().unwrap().unwrap(), ["name"]);
    assert!(desk.store().remove("name").unwrap());
    assert!(desk.store().load("name").unwrap().is_none());
}

#[test]
fn a_locked_keepassxc_is_locked_where_nobody_may_be_asked() {
    let mut desk = Desk::bare();
    desk.start_keepassxc(false);
    let store = || desk.store();
    assert_eq!(store().load("name").unwrap_err().reason, StoreErrorKind::Locked);
    assert_eq!(store().save("name", b"value").unwrap_err().reason, StoreErrorKind::Locked);
    assert_eq!(store().remove("name").unwrap_err().reason, StoreErrorKind::Locked);
    assert_eq!(store().names().unwrap_err().reason, StoreErrorKind::Locked);
    let entra = Emulation::new("auto-approve");
    for arguments in [&["token"][..], &["login"], &["status"], &["doctor"]] {
        let ended = run(desk.command(ENTRADA).args(arguments).envs(entra.settings()));
        let all = format!("{}{}", ended.out, ended.err);
        assert!(all.contains("it is locked"), "{arguments:?}: {ended:#?}");
        assert!(!all.contains("did not answer"), "{arguments:?}: {ended:#?}");
    }
}
