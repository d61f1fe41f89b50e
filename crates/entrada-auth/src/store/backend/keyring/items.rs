//! The items of the grants in the Secret Service: search, read, write, remove.

use std::collections::HashMap;

use secret_service::{Collection, Item};
use zbus::fdo::DBusProxy;
use zbus::zvariant::{OwnedObjectPath, OwnedValue};

use super::connection::{PATH, SERVICE, ServiceConnection};
use super::timeouts::Timeouts;
use super::{Interaction, SecretServiceOptions, errors, prompt};
use crate::store::{BackendError, Bytes, ItemCheck, StoreErrorKind};
use entrada_core::clean;

/// The schema attribute of entrada's items. It keeps another program's item from being taken for one of them.
const SCHEMA: &str = "io.entrada.Grant";
const SCHEMA_KEY: &str = "xdg:schema";

const COLLECTION: &str = "org.freedesktop.Secret.Collection";
const GNOME_KEYRING: &str = "gnome-keyring";

const CONTENT_TYPE: &str = "text/plain";

/// All items of one service.
pub(super) struct Items<'a> {
    pub(super) connection: &'a ServiceConnection,
    pub(super) settings: &'a SecretServiceOptions,
    pub(super) timeouts: &'a Timeouts<'a>,
}

impl<'a> Items<'a> {
    /// The bytes of the item `name`. Reads the item at its last known path first, and checks with `is_valid` that the
    /// bytes are the item's.
    pub(super) async fn load(
        &self,
        name: &str,
        is_valid: Option<&ItemCheck<'_>>,
    ) -> Result<Option<Bytes>, BackendError> {
        if let Some(path) = self.path_of_this_connection(name)
            && let Ok(bytes) = self.read(path).await
        {
            return Ok(Some(bytes));
        }
        if let Some((is_valid, path)) = is_valid.zip(self.path_of_earlier_run(name))
            && let Ok(bytes) = self.read(path.clone()).await
            && is_valid(&bytes)
        {
            self.connection.found.borrow_mut().insert(name.to_owned(), path);
            return Ok(Some(bytes));
        }
        let Some(item) = self.find(name).await? else { return Ok(None) };
        let bytes = Bytes::new(item.get_secret().await.map_err(errors::from_service)?);
        self.remember(name, &item);
        Ok(Some(bytes))
    }

    pub(super) async fn save(&self, name: &str, bytes: &[u8]) -> Result<(), BackendError> {
        let path = if let Some(path) = self.replace(name, bytes).await? {
            path
        } else {
            let collection = self.collection().await?;
            let label = format!("{}: {name}", self.settings.service);
            let item = collection
                .create_item(&label, self.attributes(name), bytes, true, CONTENT_TYPE)
                .await
                .map_err(errors::from_service)?;
            self.remember(name, &item);
            item.item_path.clone()
        };
        self.timeouts.restart();
        if self.read(path).await?.as_slice() != bytes {
            let who = self.provider().await;
            return Err(BackendError::denied(format!(
                "{who} returned different bytes than it was given"
            )));
        }
        Ok(())
    }

    pub(super) async fn remove(&self, name: &str) -> Result<bool, BackendError> {
        self.connection.found.borrow_mut().remove(name);
        if let Some(paths) = &self.settings.item_paths {
            paths.remove(name);
        }
        let Some(item) = self.find(name).await? else { return Ok(false) };
        item.delete().await.map_err(errors::from_service)?;
        // If there are duplicates, removes them too, but only a limited number and only items with entrada's schema.
        for _ in 0..16 {
            self.timeouts.restart();
            let Some(twin) = self.find(name).await? else { break };
            if !Likeness::of(&twin).await.is_exact() {
                break;
            }
            twin.delete().await.map_err(errors::from_service)?;
        }
        Ok(true)
    }

    pub(super) async fn names(&self) -> Result<Vec<String>, BackendError> {
        let mut names = Vec::new();
        for item in self.search(&HashMap::from([("service", self.service())])).await? {
            let mut attributes = item.get_attributes().await.map_err(errors::from_service)?;
            if attributes.get(SCHEMA_KEY).is_some_and(|schema| schema == SCHEMA) {
                names.extend(attributes.remove("account"));
            }
        }
        Ok(names)
    }

    /// The item of this name. Attributes match by subset, so a search may find items of other programs too; the best
    /// match is used.
    async fn find(&self, name: &str) -> Result<Option<Item<'a>>, BackendError> {
        // Searches without the schema: a locked gnome-keyring compares hashes, and has no hash of it.
        let attributes = HashMap::from([("service", self.service()), ("account", name)]);
        let mut items = self.search(&attributes).await?;
        if items.len() < 2 {
            return Ok(items.pop());
        }
        let mut best = None;
        for item in items {
            let likeness = Likeness::of(&item).await;
            if best.as_ref().is_none_or(|(likest, _)| likeness < *likest) {
                best = Some((likeness, item));
            }
        }
        Ok(best.map(|(_, item)| item))
    }

    /// The items with these attributes, unlocked. Locked items are never treated as absent.
    async fn search(
        &self,
        attributes: &HashMap<&str, &str>,
    ) -> Result<Vec<Item<'a>>, BackendError> {
        if let Some(found) = self.search_beside_hidden(attributes).await? {
            return Ok(found);
        }
        let search = async || {
            self.connection
                .service
                .search_items(attributes.clone())
                .await
                .map_err(errors::from_service)
        };
        let found = search().await?;
        self.timeouts.restart();
        let Some(locked) = found.locked.first() else { return Ok(found.unlocked) };
        if !found.unlocked.is_empty() {
            return Ok(found.unlocked);
        }
        self.unlock(&locked.item_path).await?;
        let found = search().await?;
        if found.unlocked.is_empty() && !found.locked.is_empty() {
            return Err(BackendError::new(StoreErrorKind::Locked));
        }
        Ok(found.unlocked)
    }

    /// Makes sure that a search finds every item: unlocks the collections that hide their items while they are
    /// locked. If entrada may not ask the user, returns the items that are found elsewhere.
    ///
    /// KeePassXC cannot search a locked database. It asks for the password within the call, even if no user is there
    /// to see the dialog; if it is configured not to ask, it answers that there are no items.
    async fn search_beside_hidden(
        &self,
        attributes: &HashMap<&str, &str>,
    ) -> Result<Option<Vec<Item<'a>>>, BackendError> {
        if self.connection.shows_all.get() {
            return Ok(None);
        }
        let (hidden, open) = self.collections().await;
        self.timeouts.restart();
        if hidden.is_empty() || self.settings.interaction == Interaction::Allowed {
            for path in &hidden {
                self.unlock(path).await?;
                if self.property(path, COLLECTION, "Locked").await.unwrap_or(true) {
                    return Err(BackendError::new(StoreErrorKind::Locked));
                }
            }
            self.connection.shows_all.set(true);
            return Ok(None);
        }
        for path in open {
            let collection = self.connection.service.get_collection_by_path(path).await;
            let collection = collection.map_err(errors::from_service)?;
            let paths =
                collection.search_items(attributes.clone()).await.map_err(errors::from_service)?;
            let mut found = Vec::new();
            for path in paths.into_iter().map(|item| item.item_path) {
                let item = self.connection.service.get_item_by_path(path).await;
                found.push(item.map_err(errors::from_service)?);
            }
            self.timeouts.restart();
            if !found.is_empty() {
                return Ok(Some(found));
            }
        }
        Err(BackendError::new(StoreErrorKind::Locked))
    }

    /// The collections that hide their items, and the others. A collection that does not answer counts as not hiding:
    /// the search reports the error.
    async fn collections(&self) -> (Vec<OwnedObjectPath>, Vec<OwnedObjectPath>) {
        let (mut hidden, mut open) = (Vec::new(), Vec::new());
        // gnome-keyring always lists its items, so a search can skip three calls.
        if self.provider().await == GNOME_KEYRING {
            return (hidden, open);
        }
        let service = OwnedObjectPath::try_from(PATH).ok();
        let all = match &service {
            Some(path) => {
                self.property(path, "org.freedesktop.Secret.Service", "Collections").await
            }
            None => None,
        };
        for path in all.unwrap_or_else(Vec::<OwnedObjectPath>::new) {
            let is_locked = self.property(&path, COLLECTION, "Locked").await.unwrap_or(false);
            let hides = is_locked
                && self
                    .property(&path, COLLECTION, "Items")
                    .await
                    .is_some_and(|items: Vec<OwnedObjectPath>| items.is_empty());
            if hides { hidden.push(path) } else { open.push(path) }
        }
        (hidden, open)
    }

    /// A property of an object of the service, if the service has it.
    async fn property<T: TryFrom<OwnedValue>>(
        &self,
        path: &OwnedObjectPath,
        interface: &str,
        name: &str,
    ) -> Option<T> {
        let (properties, which) = (Some("org.freedesktop.DBus.Properties"), (interface, name));
        let call = self.connection.bus.call_method(Some(SERVICE), path, properties, "Get", &which);
        call.await.ok()?.body().deserialize::<OwnedValue>().ok()?.try_into().ok()
    }

    /// The collection for new items, unlocked.
    async fn collection(&self) -> Result<Collection<'a>, BackendError> {
        let collection = match self.connection.service.get_default_collection().await {
            Err(secret_service::Error::NoResult) => return Err(self.no_collection().await),
            other => other.map_err(errors::from_service)?,
        };
        if self.is_locked(&collection).await? {
            self.unlock(&collection.collection_path).await?;
            if self.is_locked(&collection).await? {
                return Err(BackendError::new(StoreErrorKind::Locked));
            }
        }
        Ok(collection)
    }

    async fn is_locked(&self, collection: &Collection<'_>) -> Result<bool, BackendError> {
        match collection.is_locked().await {
            Err(error) if errors::is_missing_object(&error) => Err(self.no_collection().await),
            other => other.map_err(errors::from_service),
        }
    }

    async fn no_collection(&self) -> BackendError {
        let who = self.provider().await;
        BackendError::unavailable(format!(
            "{who} has no default keyring yet: make one first, for example with Seahorse, or by logging in to a desktop \
             session"
        ))
    }

    async fn unlock(&self, object: &OwnedObjectPath) -> Result<(), BackendError> {
        prompt::unlock(&self.connection.bus, object, self.settings.interaction, self.timeouts).await
    }

    /// Writes `bytes` to the existing item. Returns its path.
    async fn replace(
        &self,
        name: &str,
        bytes: &[u8],
    ) -> Result<Option<OwnedObjectPath>, BackendError> {
        if let Some(path) = self.path_of_this_connection(name) {
            let item = self.connection.service.get_item_by_path(path.clone()).await;
            if let Ok(item) = item
                && item.set_secret(bytes, CONTENT_TYPE).await.is_ok()
            {
                return Ok(Some(path));
            }
        }
        let Some(item) = self.find(name).await? else { return Ok(None) };
        item.set_secret(bytes, CONTENT_TYPE).await.map_err(errors::from_service)?;
        self.remember(name, &item);
        Ok(Some(item.item_path.clone()))
    }

    async fn read(&self, path: OwnedObjectPath) -> Result<Bytes, BackendError> {
        let item =
            self.connection.service.get_item_by_path(path).await.map_err(errors::from_service)?;
        item.get_secret().await.map(Bytes::new).map_err(errors::from_service)
    }

    fn remember(&self, name: &str, item: &Item<'_>) {
        let path = &item.item_path;
        self.connection.found.borrow_mut().insert(name.to_owned(), path.clone());
        if let Some(paths) = &self.settings.item_paths
            && paths.get(name).as_ref() != Some(path)
        {
            paths.put(name, path);
        }
    }

    /// The item's path from another run.
    fn path_of_earlier_run(&self, name: &str) -> Option<OwnedObjectPath> {
        self.settings.item_paths.as_ref()?.get(name)
    }

    /// The item's path from this connection.
    fn path_of_this_connection(&self, name: &str) -> Option<OwnedObjectPath> {
        self.connection.found.borrow().get(name).cloned()
    }

    fn attributes<'b>(&'b self, name: &'b str) -> HashMap<&'b str, &'b str> {
        HashMap::from([("service", self.service()), ("account", name), (SCHEMA_KEY, SCHEMA)])
    }

    fn service(&self) -> &str {
        &self.settings.service
    }

    /// The program behind the service, if the system gives its name.
    pub(super) async fn provider(&self) -> String {
        let comm = self.process().await.unwrap_or_default();
        // The kernel truncates the name to 15 bytes.
        match comm.trim() {
            "" => "the Secret Service".to_owned(),
            name if name.starts_with("gnome-keyring-d") => GNOME_KEYRING.to_owned(),
            name if name.starts_with("keepassxc") => "KeePassXC".to_owned(),
            name if name.starts_with("kwallet") || name == "ksecretd" => "KWallet".to_owned(),
            name => clean(name).into_owned(),
        }
    }

    async fn process(&self) -> Option<String> {
        let name = zbus::names::BusName::try_from(SERVICE).ok()?;
        let bus = DBusProxy::new(&self.connection.bus).await.ok()?;
        let pid = bus.get_connection_unix_process_id(name).await.ok()?;
        std::fs::read_to_string(format!("/proc/{pid}/comm")).ok()
    }
}

/// How far an item's attributes differ from those that entrada writes. Exact matches come first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Likeness {
    has_other_schema: bool,
    attributes: usize,
}

impl Likeness {
    async fn of(item: &Item<'_>) -> Self {
        let attributes = item.get_attributes().await.unwrap_or_default();
        let schema = attributes.get(SCHEMA_KEY);
        let has_other_schema = schema.is_none_or(|schema| schema != SCHEMA);
        Self { has_other_schema, attributes: attributes.len() }
    }

    fn is_exact(&self) -> bool {
        *self == Self { has_other_schema: false, attributes: 3 }
    }
}
