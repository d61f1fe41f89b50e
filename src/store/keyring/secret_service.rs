//! The Secret Service of freedesktop.org: gnome-keyring, KeePassXC, KWallet and others, over D-Bus.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use futures_lite::future::or;

use super::items::Items;
use super::line::Line;
use super::link::{Link, driven};
use super::places::Places;
use super::watch::Watch;
use super::{Interaction, Limits, Notice, Session, prompt};
use crate::store::{Backend, Bytes, Fault, IsRight, Kind, StoreError, Trouble, action, deadline};

/// How the Secret Service is used.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The D-Bus session's address; `None` for the user's own.
    pub address: Option<String>,
    /// The items' attribute `service`.
    pub service: String,
    /// How secrets travel.
    pub session: Session,
    /// Whether the user may be asked to unlock.
    pub interaction: Interaction,
    /// How long the service may take.
    pub limits: Limits,
    /// Where it is noted where the items are, so that they need not be searched for.
    pub places: Option<Places>,
}

/// Items of one service in the Secret Service. One connection serves a whole run, on the thread of whoever asks.
pub struct SecretService {
    settings: Settings,
    notice: Notice,
    noticed: Cell<bool>,
    link: Cell<Option<Link>>,
    provider: RefCell<Option<String>>,
    line: Arc<Line>,
}

impl SecretService {
    /// Items as `settings` say. Connects when first used; `notice` hears what the user should know while waiting.
    pub fn new(settings: Settings, notice: Notice) -> Self {
        let (noticed, link, provider) = (Cell::default(), Cell::default(), RefCell::default());
        Self { settings, notice, noticed, link, provider, line: Line::new() }
    }

    /// What comes of `work`, unless the service is silent for too long.
    fn ask<T>(&self, work: &impl AsyncFn(Items<'_>) -> Result<T, Fault>) -> Result<T, Fault> {
        let say = |text: &str| self.tell(text);
        let (limits, interaction) = (self.settings.limits, self.settings.interaction);
        let watch = Watch::new(&self.line, limits, interaction, &say);
        let mut link = self.link.take();
        let answer = async { Ok(self.attempt(&mut link, &watch, work).await) };
        let silence = async { Err(watch.run_out().await) };
        match self.line.block_on(or(answer, silence)) {
            Ok(result) => {
                self.link.set(link);
                result
            }
            Err(limit) => {
                // The next call gets a new connection.
                if let Some(dialog) = watch.into_dialog() {
                    self.line.block_on(prompt::dismiss(dialog, &self.line));
                }
                Err(deadline::timed_out(limit))
            }
        }
    }

    async fn attempt<T>(
        &self,
        link: &mut Option<Link>,
        watch: &Watch<'_>,
        work: &impl AsyncFn(Items<'_>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let was_connected = link.is_some();
        let mut result = self.once(link, watch, work).await;
        let settled = |fault: &Fault| matches!(fault.trouble, Trouble::Locked | Trouble::Dismissed);
        if was_connected && result.as_ref().is_err_and(|fault| !settled(fault)) {
            // The service may have been restarted since, and our session with it be gone.
            *link = None;
            result = self.once(link, watch, work).await;
        }
        if result.is_err() {
            *link = None;
        }
        result
    }

    async fn once<T>(
        &self,
        link: &mut Option<Link>,
        watch: &Watch<'_>,
        work: &impl AsyncFn(Items<'_>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let link = match link {
            Some(link) => link,
            None => link.insert(Link::open(&self.settings, &self.line, watch).await?),
        };
        watch.connected();
        driven(&link.bus, work(Items { link, settings: &self.settings, watch })).await
    }

    /// Says `text`, unless something was said before.
    fn tell(&self, text: &str) {
        if !self.noticed.replace(true) {
            (self.notice)(text);
        }
    }

    fn run<T>(
        &self,
        action: &'static str,
        work: &impl AsyncFn(Items<'_>) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        self.ask(work).map_err(|fault| fault.when(Kind::Keyring, action))
    }
}

impl Backend for SecretService {
    fn kind(&self) -> Kind {
        Kind::Keyring
    }

    /// Asks who provides the service, once; short of that, says so.
    fn describe(&self) -> String {
        if let Some(provider) = &*self.provider.borrow() {
            return provider.clone();
        }
        match self.ask(&async |items| Ok(items.provider().await)) {
            Ok(name) => {
                self.provider.replace(Some(name.clone()));
                name
            }
            Err(_) => "the Secret Service".to_owned(),
        }
    }

    fn load(&self, name: &str) -> Result<Option<Bytes>, StoreError> {
        self.run(action::LOAD, &async |items| items.load(name, None).await)
    }

    fn load_if(&self, name: &str, is_right: &IsRight<'_>) -> Result<Option<Bytes>, StoreError> {
        self.run(action::LOAD, &async |items| items.load(name, Some(is_right)).await)
    }

    fn save(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        self.run(action::SAVE, &async |items| items.save(name, bytes).await)
    }

    fn remove(&self, name: &str) -> Result<bool, StoreError> {
        self.run(action::REMOVE, &async |items| items.remove(name).await)
    }

    fn names(&self) -> Result<Option<Vec<String>>, StoreError> {
        self.run(action::NAMES, &async |items| items.names().await.map(Some))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;
    use std::time::Duration;

    use super::*;

    fn at(address: &str, interaction: Interaction) -> SecretService {
        let settings = Settings {
            address: Some(address.to_owned()),
            service: "entrada-test".to_owned(),
            session: Session::Plain,
            interaction,
            limits: Limits { quiet: Duration::from_millis(100), patient: Duration::from_secs(600) },
            places: None,
        };
        SecretService::new(settings, Box::new(|text| panic!("said `{text}`")))
    }

    #[test]
    fn without_a_bus_the_address_is_named() {
        let address = "unix:path=/nowhere/bus";
        let error = at(address, Interaction::Allowed).load("name").unwrap_err();
        assert_eq!(error.trouble, Trouble::Unavailable(format!("no D-Bus session at `{address}`")));
        assert!(error.source.is_some());
    }

    #[test]
    fn a_bus_that_accepts_and_never_answers_is_left_alone_in_time() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("bus");
        let _listener = UnixListener::bind(&path).unwrap();
        let store = at(&format!("unix:path={}", path.display()), Interaction::Allowed);
        for _ in 0..2 {
            assert_eq!(store.load("name").unwrap_err().trouble, Trouble::TimedOut(1));
        }
        assert_eq!(store.describe(), "the Secret Service");
    }
}
