//! The thread that talks to the Secret Service. It may hang; whoever asked does not wait for it.

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, Sender};

use secret_service::EncryptionType;
use secret_service::blocking::{Collection, Item, SecretService};
use zbus::blocking::Connection;
use zbus::blocking::connection::Builder;
use zbus::blocking::fdo::DBusProxy;

use super::prompt::{self, Dialog};
use super::secret_service::Settings;
use super::{Session, trouble};
use crate::model::clean;
use crate::store::{Bytes, Fault, Trouble};

/// The service's name on the bus.
pub(super) const SERVICE: &str = "org.freedesktop.secrets";
/// The service's object.
pub(super) const PATH: &str = "/org/freedesktop/secrets";

/// What our items say they are, so that no other program's item can be taken for one.
const SCHEMA: &str = "io.entrada.Grant";
const SCHEMA_KEY: &str = "xdg:schema";

const CONTENT_TYPE: &str = "text/plain";

/// A question, and where its answer goes.
pub(super) struct Job {
    pub(super) ask: Ask,
    pub(super) events: Sender<Event>,
}

pub(super) enum Ask {
    Load(String),
    Save(String, Bytes),
    Remove(String),
    Names,
    Provider,
}

pub(super) enum Answer {
    Value(Option<Bytes>),
    Saved,
    Removed(bool),
    Names(Vec<String>),
    Provider(String),
}

/// What whoever asked hears in the meantime, and at the end.
pub(super) enum Event {
    /// A step is done.
    Alive,
    /// The service has answered for the first time.
    Connected,
    /// A dialog is up.
    Prompting(Dialog),
    Done(Result<Answer, Fault>),
}

/// Answers `jobs` until nobody can ask any more. One connection serves them all.
pub(super) fn run(settings: &Settings, jobs: &Receiver<Job>) {
    let mut link: Option<Link> = None;
    for job in jobs {
        let was_connected = link.is_some();
        let mut result = answer(&mut link, settings, &job);
        let settled = |fault: &Fault| matches!(fault.trouble, Trouble::Locked | Trouble::Dismissed);
        if was_connected && result.as_ref().is_err_and(|fault| !settled(fault)) {
            // The service may have been restarted since, and our session with it be gone.
            link = None;
            result = answer(&mut link, settings, &job);
        }
        if result.is_err() {
            link = None;
        }
        // Gone when the wait was too long: then the answer is lost on purpose.
        let _ = job.events.send(Event::Done(result));
    }
}

/// A connection to the bus with a session of the service.
struct Link {
    bus: Connection,
    service: SecretService<'static>,
}

fn answer(link: &mut Option<Link>, settings: &Settings, job: &Job) -> Result<Answer, Fault> {
    let link = match link {
        Some(link) => link,
        None => link.insert(connect(settings, &job.events)?),
    };
    let _ = job.events.send(Event::Connected);
    let work = Work { link, settings, events: &job.events };
    match &job.ask {
        Ask::Load(name) => work.load(name).map(Answer::Value),
        Ask::Save(name, bytes) => work.save(name, bytes).map(|()| Answer::Saved),
        Ask::Remove(name) => work.remove(name).map(Answer::Removed),
        Ask::Names => work.names().map(Answer::Names),
        Ask::Provider => Ok(Answer::Provider(provider(&link.bus))),
    }
}

fn connect(settings: &Settings, events: &Sender<Event>) -> Result<Link, Fault> {
    let no_session = |error: zbus::Error| trouble::no_session(settings.address.as_deref(), error);
    let builder = match &settings.address {
        Some(address) => Builder::address(address.as_str()),
        None => Builder::session(),
    };
    let bus = builder.map_err(no_session)?;
    let bus = bus.method_timeout(settings.limits.last()).build().map_err(no_session)?;
    let _ = events.send(Event::Alive);
    // gnome-keyring (42 to 50) aborts now and then when a client opens a session right after connecting. Once it has
    // answered this, it never did.
    let interface = Some("org.freedesktop.DBus.Introspectable");
    bus.call_method(Some(SERVICE), PATH, interface, "Introspect", &()).map_err(trouble::of_bus)?;
    let _ = events.send(Event::Connected);
    let encryption = match settings.session {
        Session::Plain => EncryptionType::Plain,
        Session::Dh => EncryptionType::Dh,
    };
    let service = SecretService::connect_with_existing(encryption, bus.clone());
    Ok(Link { bus, service: service.map_err(trouble::of)? })
}

/// One job on one link.
struct Work<'a> {
    link: &'a Link,
    settings: &'a Settings,
    events: &'a Sender<Event>,
}

impl<'a> Work<'a> {
    fn load(&self, name: &str) -> Result<Option<Bytes>, Fault> {
        let Some(item) = self.find(name)? else { return Ok(None) };
        Ok(Some(Bytes::new(item.get_secret().map_err(trouble::of)?)))
    }

    fn save(&self, name: &str, bytes: &[u8]) -> Result<(), Fault> {
        let item = if let Some(item) = self.find(name)? {
            item.set_secret(bytes, CONTENT_TYPE).map_err(trouble::of)?;
            item.item_path.clone()
        } else {
            let collection = self.collection()?;
            let label = format!("{}: {name}", self.settings.service);
            let item = collection
                .create_item(&label, self.attributes(name), bytes, true, CONTENT_TYPE)
                .map_err(trouble::of)?;
            item.item_path.clone()
        };
        let _ = self.events.send(Event::Alive);
        let item = self.link.service.get_item_by_path(item).map_err(trouble::of)?;
        let back = Bytes::new(item.get_secret().map_err(trouble::of)?);
        if back.as_slice() != bytes {
            let who = provider(&self.link.bus);
            return Err(Fault::denied(format!("{who} gave back other bytes than it was given")));
        }
        Ok(())
    }

    fn remove(&self, name: &str) -> Result<bool, Fault> {
        let Some(item) = self.find(name)? else { return Ok(false) };
        item.delete().map_err(trouble::of)?;
        // Should there be twins, for whatever reason: as often as is reasonable, and only what is certainly ours.
        for _ in 0..16 {
            let _ = self.events.send(Event::Alive);
            let Some(twin) = self.find(name)? else { break };
            if !Likeness::of(&twin).is_exact() {
                break;
            }
            twin.delete().map_err(trouble::of)?;
        }
        Ok(true)
    }

    fn names(&self) -> Result<Vec<String>, Fault> {
        let mut names = Vec::new();
        for item in self.search(&HashMap::from([("service", self.service())]))? {
            let mut attributes = item.get_attributes().map_err(trouble::of)?;
            if attributes.get(SCHEMA_KEY).is_some_and(|schema| schema == SCHEMA) {
                names.extend(attributes.remove("account"));
            }
        }
        Ok(names)
    }

    /// The item of this name. Attributes match by subset, so items of others may turn up too: the most like ours is it.
    fn find(&self, name: &str) -> Result<Option<Item<'a>>, Fault> {
        // Without the schema: a locked gnome-keyring compares hashes, and has none of it.
        let attributes = HashMap::from([("service", self.service()), ("account", name)]);
        let mut items = self.search(&attributes)?;
        if 1 < items.len() {
            items.sort_by_cached_key(Likeness::of);
        }
        Ok(items.into_iter().next())
    }

    /// The items with these attributes, unlocked; locked ones are never taken for absent.
    fn search(&self, attributes: &HashMap<&str, &str>) -> Result<Vec<Item<'a>>, Fault> {
        let search = || self.link.service.search_items(attributes.clone()).map_err(trouble::of);
        let found = search()?;
        let _ = self.events.send(Event::Alive);
        let Some(locked) = found.locked.first() else { return Ok(found.unlocked) };
        if !found.unlocked.is_empty() {
            return Ok(found.unlocked);
        }
        self.unlock(&locked.item_path)?;
        let found = search()?;
        if found.unlocked.is_empty() && !found.locked.is_empty() {
            return Err(Fault::new(Trouble::Locked));
        }
        Ok(found.unlocked)
    }

    /// The collection for new items, unlocked.
    fn collection(&self) -> Result<Collection<'a>, Fault> {
        let none = || {
            let who = provider(&self.link.bus);
            Fault::unavailable(format!(
                "{who} has no default keyring yet: make one first, for example with Seahorse, or by logging in to a \
                 desktop session"
            ))
        };
        let collection = match self.link.service.get_default_collection() {
            Err(secret_service::Error::NoResult) => return Err(none()),
            other => other.map_err(trouble::of)?,
        };
        let is_locked = |collection: &Collection<'_>| match collection.is_locked() {
            Err(error) if trouble::is_missing_object(&error) => Err(none()),
            other => other.map_err(trouble::of),
        };
        if is_locked(&collection)? {
            self.unlock(&collection.collection_path)?;
            if is_locked(&collection)? {
                return Err(Fault::new(Trouble::Locked));
            }
        }
        Ok(collection)
    }

    fn unlock(&self, object: &zbus::zvariant::OwnedObjectPath) -> Result<(), Fault> {
        prompt::unlock(&self.link.bus, object, self.settings.interaction, self.events)
    }

    fn attributes<'b>(&'b self, name: &'b str) -> HashMap<&'b str, &'b str> {
        HashMap::from([("service", self.service()), ("account", name), (SCHEMA_KEY, SCHEMA)])
    }

    fn service(&self) -> &str {
        &self.settings.service
    }
}

/// How far an item is from what we would have made; ours come first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Likeness {
    has_other_schema: bool,
    attributes: usize,
}

impl Likeness {
    fn of(item: &Item<'_>) -> Self {
        let attributes = item.get_attributes().unwrap_or_default();
        let schema = attributes.get(SCHEMA_KEY);
        let has_other_schema = schema.is_none_or(|schema| schema != SCHEMA);
        Self { has_other_schema, attributes: attributes.len() }
    }

    fn is_exact(&self) -> bool {
        *self == Self { has_other_schema: false, attributes: 3 }
    }
}

/// The program behind the service, as far as the system tells.
fn provider(bus: &Connection) -> String {
    let process = || {
        let name = zbus::names::BusName::try_from(SERVICE).ok()?;
        let pid = DBusProxy::new(bus).ok()?.get_connection_unix_process_id(name).ok()?;
        std::fs::read_to_string(format!("/proc/{pid}/comm")).ok()
    };
    let comm = process().unwrap_or_default();
    // The kernel cuts the name at 15 bytes.
    match comm.trim() {
        "" => "the Secret Service".to_owned(),
        name if name.starts_with("gnome-keyring-d") => "gnome-keyring".to_owned(),
        name if name.starts_with("keepassxc") => "KeePassXC".to_owned(),
        name if name.starts_with("kwallet") || name == "ksecretd" => "KWallet".to_owned(),
        name => clean(name).into_owned(),
    }
}
