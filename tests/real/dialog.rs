//! Unlock dialogs, against a Secret Service of our own that plays the person before the screen.
#![expect(
    clippy::used_underscore_binding,
    clippy::unused_self,
    reason = "what D-Bus hands in need not be used"
)]

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::thread::sleep;
use std::time::{Duration, Instant};

use entrada_auth::store::{Backend, Interaction, Limits, SecretService, StoreErrorKind};
use zbus::blocking::Connection;
use zbus::blocking::connection::Builder;
use zbus::object_server::SignalEmitter;
use zbus::zvariant::{OwnedObjectPath, OwnedValue, Value};

use crate::desk::Desk;

const ROOT: &str = "/org/freedesktop/secrets";
const ITEM: &str = "/org/freedesktop/secrets/collection/login/1";
const PROMPT: &str = "/org/freedesktop/secrets/prompt/p1";

/// What the person does when the dialog is up.
#[derive(Clone, Copy, PartialEq)]
enum Person {
    Types,
    Cancels,
    IsAway,
    /// As `IsAway`, but the provider asks within the search (KeePassXC).
    IsAskedInTheSearch,
}

struct State {
    person: Person,
    unlocked: bool,
    log: Vec<&'static str>,
}

type Shared = Arc<Mutex<State>>;

struct Service(Shared);
struct Item(Shared);
struct Prompt(Shared);

fn path(text: &str) -> OwnedObjectPath {
    OwnedObjectPath::try_from(text).unwrap()
}

#[zbus::interface(name = "org.freedesktop.Secret.Service")]
impl Service {
    fn open_session(&self, _algorithm: &str, _input: Value<'_>) -> (OwnedValue, OwnedObjectPath) {
        self.0.lock().unwrap().log.push("OpenSession");
        (Value::from("").try_into().unwrap(), path("/session"))
    }

    fn search_items(
        &self,
        _attributes: std::collections::HashMap<String, String>,
    ) -> (Vec<OwnedObjectPath>, Vec<OwnedObjectPath>) {
        let person = self.0.lock().unwrap().person;
        if person == Person::IsAskedInTheSearch {
            sleep(Duration::from_secs(1));
        }
        let items = vec![path(ITEM)];
        if self.0.lock().unwrap().unlocked { (items, Vec::new()) } else { (Vec::new(), items) }
    }

    fn unlock(&self, _objects: Vec<OwnedObjectPath>) -> (Vec<OwnedObjectPath>, OwnedObjectPath) {
        self.0.lock().unwrap().log.push("Unlock");
        (Vec::new(), path(PROMPT))
    }
}

#[zbus::interface(name = "org.freedesktop.Secret.Item")]
impl Item {
    fn get_secret(
        &self,
        session: OwnedObjectPath,
    ) -> ((OwnedObjectPath, Vec<u8>, Vec<u8>, String),) {
        ((session, Vec::new(), b"value".to_vec(), "text/plain".to_owned()),)
    }

    #[zbus(property)]
    fn locked(&self) -> bool {
        !self.0.lock().unwrap().unlocked
    }
}

#[zbus::interface(name = "org.freedesktop.Secret.Prompt")]
impl Prompt {
    async fn prompt(&self, _window: &str, #[zbus(signal_emitter)] emitter: SignalEmitter<'_>) {
        let person = {
            let mut state = self.0.lock().unwrap();
            state.log.push("Prompt");
            state.unlocked = state.person == Person::Types;
            state.person
        };
        if matches!(person, Person::Types | Person::Cancels) {
            let dismissed = person == Person::Cancels;
            Self::completed(&emitter, dismissed, Value::from("")).await.unwrap();
        }
    }

    async fn dismiss(&self, #[zbus(signal_emitter)] emitter: SignalEmitter<'_>) {
        self.0.lock().unwrap().log.push("Dismiss");
        Self::completed(&emitter, true, Value::from("")).await.unwrap();
    }

    #[zbus(signal)]
    async fn completed(
        emitter: &SignalEmitter<'_>,
        dismissed: bool,
        result: Value<'_>,
    ) -> zbus::Result<()>;
}

struct Scene {
    store: SecretService,
    said: Rc<RefCell<Vec<String>>>,
    state: Shared,
    _bus: Connection,
    _desk: Desk,
}

impl Scene {
    fn new(person: Person, interaction: Interaction) -> Self {
        let desk = Desk::bare();
        let state =
            State { person, unlocked: person == Person::IsAskedInTheSearch, log: Vec::new() };
        let state = Arc::new(Mutex::new(state));
        let bus = Builder::address(desk.address.as_str())
            .and_then(|bus| bus.serve_at(ROOT, Service(Arc::clone(&state))))
            .and_then(|bus| bus.serve_at(ITEM, Item(Arc::clone(&state))))
            .and_then(|bus| bus.serve_at(PROMPT, Prompt(Arc::clone(&state))))
            .and_then(|bus| bus.name("org.freedesktop.secrets"))
            .and_then(Builder::build)
            .unwrap();
        let said = Rc::<RefCell<Vec<String>>>::default();
        let heard = Rc::clone(&said);
        let change = |settings: &mut entrada_auth::store::SecretServiceOptions| {
            settings.interaction = interaction;
            settings.limits =
                Limits { answer: Duration::from_millis(500), dialog: Duration::from_millis(1500) };
        };
        let notice = Box::new(move |text: &str| heard.borrow_mut().push(text.to_owned()));
        let store = desk.store_as(change, notice);
        Self { store, said, state, _bus: bus, _desk: desk }
    }

    fn log(&self) -> Vec<&'static str> {
        self.state.lock().unwrap().log.clone()
    }

    fn said(&self) -> Vec<String> {
        self.said.borrow().clone()
    }
}

const WAITING: &str = "waiting for you to unlock the keyring";

#[test]
fn the_value_comes_once_the_password_is_typed() {
    let scene = Scene::new(Person::Types, Interaction::Allowed);
    assert_eq!(scene.store.load("name").unwrap().unwrap().as_slice(), b"value");
    assert_eq!(scene.said(), [WAITING]);
    assert_eq!(scene.log(), ["OpenSession", "Unlock", "Prompt"]);
}

#[test]
fn a_cancelled_dialog_is_dismissed_and_not_absent() {
    let scene = Scene::new(Person::Cancels, Interaction::Allowed);
    assert_eq!(scene.store.load("name").unwrap_err().reason, StoreErrorKind::Dismissed);
    assert_eq!(scene.said(), [WAITING]);
}

#[test]
fn a_dialog_that_nobody_answers_is_taken_back() {
    let scene = Scene::new(Person::IsAway, Interaction::Allowed);
    let started = Instant::now();
    assert_eq!(scene.store.load("name").unwrap_err().reason, StoreErrorKind::TimedOut(1));
    assert!(Duration::from_millis(1500) <= started.elapsed());
    assert!(started.elapsed() < Duration::from_secs(4));
    assert_eq!(scene.log(), ["OpenSession", "Unlock", "Prompt", "Dismiss"]);
    // And the next call is served anew.
    scene.state.lock().unwrap().person = Person::Types;
    assert!(scene.store.load("name").unwrap().is_some());
}

#[test]
fn where_nobody_may_be_asked_no_dialog_comes_up() {
    let scene = Scene::new(Person::Types, Interaction::Forbidden);
    assert_eq!(scene.store.load("name").unwrap_err().reason, StoreErrorKind::Locked);
    assert_eq!(scene.said(), [""; 0]);
    assert_eq!(scene.log(), ["OpenSession"]);
}

#[test]
fn a_provider_that_asks_within_the_call_is_given_a_persons_time() {
    let scene = Scene::new(Person::IsAskedInTheSearch, Interaction::Allowed);
    assert!(scene.store.load("name").unwrap().is_some());
    assert_eq!(scene.said(), ["still waiting for the keyring; it may be showing a dialog"]);
    let scene = Scene::new(Person::IsAskedInTheSearch, Interaction::Forbidden);
    assert_eq!(scene.store.load("name").unwrap_err().reason, StoreErrorKind::TimedOut(1));
    assert_eq!(scene.said(), [""; 0]);
}
