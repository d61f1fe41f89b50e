//! The keyring backends against gnome-keyring.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use entrada_auth::store::{
    Backend, Bytes, Grant, GrantKey, Grants, Interaction, ItemPaths, KeyringSession, Keyutils,
    Limits, Native, Split, StoreError, StoreErrorKind, StoreKind,
};
use entrada_core::{Account, NumericDate, Secret};

use crate::desk::Desk;
use crate::program::files;
use entrada_auth::store::contract;

fn short(limits: &mut Limits) {
    *limits = Limits { answer: Duration::from_secs(1), dialog: Duration::from_secs(2) };
}

fn key() -> GrantKey {
    GrantKey {
        authority: "https://login.example".to_owned(),
        tenant: "common".to_owned(),
        client_id: "11111111-2222".to_owned(),
        account: "uid.utid".to_owned(),
    }
}

fn grant(refresh_token: &str, refreshed_at: i64) -> Grant {
    Grant {
        account: Account { id: "uid.utid".to_owned(), ..Account::default() },
        refresh_token: Some(Secret::new(refresh_token)),
        refreshed_at: NumericDate(refreshed_at),
        refresh_expires_at: None,
        signed_in_at: None,
        grant_type: "device_code".to_owned(),
        endpoints: None,
        access_tokens: Vec::new(),
    }
}

fn refresh_token(grants: &Grants) -> Option<String> {
    let grant = grants.load(&key()).unwrap()?;
    Some(grant.refresh_token?.expose().to_owned())
}

#[test]
fn gnome_keyring_keeps_the_contract_in_the_plain_and_in_encrypted() {
    let desk = Desk::unlocked();
    for session in [KeyringSession::Plain, KeyringSession::Dh] {
        contract::check(&desk.store_as(|settings| settings.session = session, Box::new(|_| ())));
    }
    assert_eq!(desk.store().describe(), "gnome-keyring");
}

#[test]
fn secret_tool_finds_what_we_stored() {
    let desk = Desk::unlocked();
    desk.store().save("the|name", b"old").unwrap();
    desk.store().save("the|name", b"value\n").unwrap();
    let attributes = ["service", "entrada", "account", "the|name"];
    let found = desk.command("secret-tool").arg("lookup").args(attributes).output().unwrap();
    assert_eq!(found.stdout, b"value\n");
    let listed =
        desk.command("secret-tool").args(["search", "--all"]).args(attributes).output().unwrap();
    let listed = String::from_utf8([listed.stdout, listed.stderr].concat()).unwrap();
    assert_eq!(listed.matches("label = entrada: the|name").count(), 1, "{listed}");
    assert!(listed.contains("io.entrada.Grant"), "{listed}");
}

#[test]
fn items_of_others_with_more_attributes_are_not_taken_for_ours() {
    for ours_first in [true, false] {
        let desk = Desk::unlocked();
        let save_ours = || desk.store().save("name", b"ours").unwrap();
        if ours_first {
            save_ours();
        }
        let mut tool = desk.command("secret-tool");
        tool.args(["store", "--label=x", "service", "entrada", "account", "name", "more", "x"]);
        let mut child = tool.stdin(std::process::Stdio::piped()).spawn().unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"theirs").unwrap();
        assert!(child.wait().unwrap().success());
        if ours_first {
            assert_eq!(desk.store().load("name").unwrap().unwrap().as_slice(), b"ours");
            assert!(desk.store().remove("name").unwrap());
        }
        // Without one of ours theirs is shown, so that it is not overwritten unread.
        assert_eq!(desk.store().load("name").unwrap().unwrap().as_slice(), b"theirs");
    }
}

#[test]
fn a_locked_keyring_is_locked_and_not_empty() {
    let mut desk = Desk::unlocked();
    desk.store().save("name", b"value").unwrap();
    desk.lock();
    let store = desk.store();
    let started = Instant::now();
    assert_eq!(store.load("name").unwrap_err().reason, StoreErrorKind::Locked);
    assert_eq!(store.save("name", b"new").unwrap_err().reason, StoreErrorKind::Locked);
    assert_eq!(store.save("other", b"new").unwrap_err().reason, StoreErrorKind::Locked);
    assert_eq!(store.remove("name").unwrap_err().reason, StoreErrorKind::Locked);
    assert_eq!(store.names().unwrap_err().reason, StoreErrorKind::Locked);
    assert!(started.elapsed() < Duration::from_secs(2));
    assert!(store.load("absent").unwrap().is_none());
}

#[test]
fn a_locked_keyring_whose_dialog_cannot_come_up_says_so_after_one_notice() {
    let mut desk = Desk::unlocked();
    desk.store().save("name", b"value").unwrap();
    desk.lock();
    let said = Rc::<RefCell<Vec<String>>>::default();
    let heard = Rc::clone(&said);
    let notice = Box::new(move |text: &str| heard.borrow_mut().push(text.to_owned()));
    let store = desk.store_as(
        |settings| {
            settings.interaction = Interaction::Allowed;
            short(&mut settings.limits);
        },
        notice,
    );
    for _ in 0..2 {
        let trouble = store.load("name").unwrap_err().reason;
        assert!(
            matches!(trouble, StoreErrorKind::Dismissed | StoreErrorKind::TimedOut(2)),
            "{trouble}"
        );
    }
    assert_eq!(*said.borrow(), ["waiting for you to unlock the keyring"]);
}

#[test]
fn a_bus_without_a_provider_is_not_a_locked_keyring() {
    let desk = Desk::bare();
    let error = desk.store().load("name").unwrap_err();
    assert!(
        matches!(&error.reason, StoreErrorKind::Unavailable(text) if text.contains("no program")),
        "{error}"
    );
    assert_eq!(desk.store().describe(), "the Secret Service");
}

#[test]
fn a_bus_that_is_gone_is_named() {
    let address = Desk::bare().address.clone();
    let mut desk = Desk::bare();
    desk.address = address;
    let error = desk.store().load("name").unwrap_err();
    assert!(error.to_string().contains("no D-Bus session at `unix:path="), "{error}");
}

#[test]
fn a_fresh_daemon_without_a_keyring_asks_for_one_to_be_made() {
    let mut desk = Desk::bare();
    desk.start(None);
    let store = desk.store();
    assert!(store.load("name").unwrap().is_none());
    let error = store.save("name", b"value").unwrap_err();
    assert!(error.to_string().contains("gnome-keyring has no default keyring yet"), "{error}");
}

#[test]
fn a_frozen_daemon_is_left_alone_in_time() {
    let desk = Desk::unlocked();
    for interaction in [Interaction::Forbidden, Interaction::Allowed] {
        let change = |settings: &mut entrada_auth::store::SecretServiceOptions| {
            settings.interaction = interaction;
            short(&mut settings.limits);
        };
        let (cold, warm) =
            (desk.store_as(change, Box::new(|_| ())), desk.store_as(change, Box::new(|_| ())));
        warm.save("name", b"value").unwrap();
        desk.signal("STOP");
        let started = Instant::now();
        let troubles = [cold.load("name"), warm.load("name")].map(|r| r.unwrap_err().reason);
        let waited = started.elapsed();
        desk.signal("CONT");
        assert_eq!(troubles[0], StoreErrorKind::TimedOut(1));
        assert!(matches!(troubles[1], StoreErrorKind::TimedOut(_)));
        assert!(waited < Duration::from_secs(5), "{waited:?}");
        assert_eq!(warm.load("name").unwrap().unwrap().as_slice(), b"value");
    }
}

#[test]
fn a_daemon_that_was_restarted_is_found_again() {
    let mut desk = Desk::unlocked();
    let store = desk.store();
    store.save("name", b"value").unwrap();
    desk.kill();
    let trouble = store.load("name").unwrap_err().reason;
    assert!(matches!(trouble, StoreErrorKind::Unavailable(_)), "{trouble}");
    desk.start(Some("password"));
    assert_eq!(store.load("name").unwrap().unwrap().as_slice(), b"value");
}

#[test]
fn a_grant_that_a_killed_keyring_refused_comes_back_when_it_is_unlocked() {
    let mut desk = Desk::unlocked();
    let state = desk.dir.path().join("state");
    let grants = Grants::new(Box::new(desk.store()), state.clone());
    grants.save(&key(), &grant("one", 100), NumericDate(100)).unwrap();
    let ready = grants.reserve().unwrap();
    desk.lock();
    let refused = grants.save(&key(), &grant("two", 200), NumericDate(200)).unwrap_err();
    assert_eq!(refused.reason, StoreErrorKind::Locked);
    let path = grants.keep_pending(&ready, &key(), &grant("two", 200)).unwrap();
    assert!(path.exists());
    let grants = Grants::new(Box::new(desk.store()), state);
    assert_eq!(grants.load(&key()).unwrap_err().reason, StoreErrorKind::Locked);
    desk.kill();
    desk.start(Some("password"));
    assert_eq!(refresh_token(&grants).unwrap(), "two");
    assert!(!path.exists());
    desk.kill();
    desk.start(Some("password"));
    assert_eq!(refresh_token(&grants).unwrap(), "two");
}

#[test]
fn an_unwritable_keyring_is_noticed_before_anything_is_spent() {
    let desk = Desk::unlocked();
    let grants = Grants::new(Box::new(desk.store()), desk.dir.path().join("state"));
    grants.save(&key(), &grant("one", 100), NumericDate(100)).unwrap();
    let _ready = grants.reserve().unwrap();
    // Root may write to a read-only directory, so the directory goes.
    std::fs::rename(desk.keyrings(), desk.dir.path().join("elsewhere")).unwrap();
    let error = grants.reserve().unwrap_err();
    assert_eq!(error.action, "prove that it can be written");
    std::fs::rename(desk.dir.path().join("elsewhere"), desk.keyrings()).unwrap();
}

#[test]
fn one_hundred_writers_make_one_item() {
    let desk = Desk::unlocked();
    std::thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| (0..5).for_each(|_| desk.store().save("name", b"value").unwrap()));
        }
    });
    assert_eq!(desk.store().names().unwrap().unwrap(), ["name"]);
}

#[test]
fn two_hundred_readers_at_once_are_all_served() {
    let desk = Desk::unlocked();
    let value = vec![b'x'; 4000];
    desk.store().save("name", &value).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..200 {
            scope.spawn(|| assert!(*desk.store().load("name").unwrap().unwrap() == value));
        }
    });
}

#[test]
fn many_short_lived_readers_do_not_bring_the_daemon_down() {
    let desk = Desk::unlocked();
    desk.store().save("name", b"value").unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..500 {
                    assert!(desk.store().load("name").unwrap().is_some());
                }
            });
        }
    });
}

#[test]
fn a_daemon_that_overlooks_each_new_client_once_lives_whatever_is_asked_first() {
    for session in [KeyringSession::Plain, KeyringSession::Dh] {
        let mut desk = Desk::bare();
        desk.start_overlooking();
        let store = || desk.store_as(|own| own.session = session, Box::new(|_| ()));
        for _ in 0..3 {
            assert_eq!(store().names().unwrap().unwrap(), [""; 0]);
            store().save("name", b"value").unwrap();
            assert_eq!(store().load("name").unwrap().unwrap().as_slice(), b"value");
            assert!(store().load_checked("name", &|_| true).unwrap().is_some());
            assert_eq!(store().describe(), "gnome-keyring");
            assert!(store().remove("name").unwrap());
        }
        // Without the first call that protects it, it dies at once.
        let mut tool = desk.command("dbus-send");
        tool.args(["--session", "--print-reply", "--dest=org.freedesktop.secrets"]);
        tool.args(["/org/freedesktop/secrets", "org.freedesktop.Secret.Service.OpenSession"]);
        assert!(!tool.args(["string:plain", "variant:string:"]).output().unwrap().status.success());
        assert!(!desk.is_owned(), "this daemon overlooks nobody, and proves nothing");
    }
}

/// The keyring crate's store in the size of a Windows credential.
struct Lowered(Native);

impl Backend for Lowered {
    fn kind(&self) -> StoreKind {
        self.0.kind()
    }
    fn describe(&self) -> String {
        self.0.describe()
    }
    fn load(&self, name: &str) -> Result<Option<Bytes>, StoreError> {
        self.0.load(name)
    }
    fn save(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        self.0.save(name, bytes)
    }
    fn remove(&self, name: &str) -> Result<bool, StoreError> {
        self.0.remove(name)
    }
    fn item_max(&self) -> Option<usize> {
        Some(2560)
    }
    fn names(&self) -> Result<Option<Vec<String>>, StoreError> {
        self.0.names()
    }
}

#[test]
fn the_keyring_crate_keeps_the_contract_whole_and_in_parts() {
    // That crate finds the bus by the environment, which is the whole process's: so a child runs the test.
    let desk = Desk::unlocked();
    let child = desk
        .command(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "keyring::child_with_the_keyring_crate"])
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&child.stdout);
    assert!(output.contains("1 passed"), "{output}{}", String::from_utf8_lossy(&child.stderr));
    assert_eq!(desk.store().names().unwrap().unwrap(), [""; 0]);
}

#[test]
#[ignore = "needs a session of its own; another test runs it there"]
fn child_with_the_keyring_crate() {
    let native = || Native::new("entrada".to_owned(), Interaction::Forbidden, Limits::default());
    contract::check(&native());
    contract::check(&Split::new(Box::new(Lowered(native()))));
}

#[test]
fn the_kernels_keys_keep_the_contract_whole_and_in_parts() {
    let keys = || Keyutils::new(&format!("entrada-real-{}", std::process::id()));
    contract::check(&keys().unwrap());
    contract::check(&Split::new(Box::new(keys().unwrap())));
}

#[test]
fn an_item_is_found_where_it_was_and_where_it_went() {
    let desk = Desk::unlocked();
    let dir = desk.dir.path().join("places");
    let store = || {
        desk.store_as(|own| own.item_paths = Some(ItemPaths::new(dir.clone())), Box::new(|_| ()))
    };
    let (mine, other) = (|text: &[u8]| text.starts_with(b"mine"), b"other".as_slice());
    store().save("other", other).unwrap();
    store().save("mine", b"mine 1").unwrap();
    let load = || store().load_checked("mine", &mine).unwrap().map(|bytes| bytes.to_vec());
    assert_eq!(load().as_deref(), Some(b"mine 1".as_slice()));
    // It is the note that is followed: with another one, the other item comes.
    let notes: Vec<_> = files(&dir).into_iter().map(|(path, _)| path).collect();
    assert_eq!(notes.len(), 2);
    let swap = || {
        let texts: Vec<_> = notes.iter().map(|path| std::fs::read(path).unwrap()).collect();
        std::fs::write(&notes[0], &texts[1]).unwrap();
        std::fs::write(&notes[1], &texts[0]).unwrap();
    };
    swap();
    let any = |_: &[u8]| true;
    assert_eq!(store().load_checked("mine", &any).unwrap().unwrap().as_slice(), other);
    // Unless it does not prove itself: then it is searched for, and the note is put right.
    assert_eq!(load().as_deref(), Some(b"mine 1".as_slice()));
    assert_eq!(store().load_checked("mine", &any).unwrap().unwrap().as_slice(), b"mine 1");
    for note in ["", "/", "x", "/org/freedesktop/secrets/collection/login/77", "\u{0}"] {
        for path in &notes {
            std::fs::write(path, note).unwrap();
        }
        assert_eq!(load().as_deref(), Some(b"mine 1".as_slice()), "{note}");
    }
    store().remove("mine").unwrap();
    assert_eq!(load(), None);
    store().save("mine", b"mine 2").unwrap();
    assert_eq!(load().as_deref(), Some(b"mine 2".as_slice()));
}
