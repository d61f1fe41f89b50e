//! The Secret Service of freedesktop.org: gnome-keyring, KeePassXC, KWallet and others, over D-Bus.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use futures_lite::future::or;

use super::connection::{ServiceConnection, driven};
use super::item_paths::ItemPaths;
use super::items::Items;
use super::poll_loop::PollLoop;
use super::timeouts::Timeouts;
use super::{Interaction, KeyringSession, Limits, Notice, TerminationSignal, prompt};
use crate::store::{
    Backend, BackendError, Bytes, ItemCheck, StoreError, StoreErrorKind, StoreKind, action,
};

/// Settings of the Secret Service store.
#[derive(Clone, Debug)]
pub struct SecretServiceOptions {
    /// The address of the D-Bus session, or several. `None` is the default address of systemd user sessions.
    pub address: Option<String>,
    /// The items' attribute `service`.
    pub service: String,
    /// How secrets are sent.
    pub session: KeyringSession,
    /// Whether the user may be asked to unlock.
    pub interaction: Interaction,
    /// The timeouts of calls.
    pub limits: Limits,
    /// Returns the signal that asked the program to end.
    pub termination_signal: TerminationSignal,
    /// The cache directory of item paths, which saves searches.
    pub item_paths: Option<ItemPaths>,
}

/// Items of one service in the Secret Service. One connection on the caller's thread serves a whole run.
pub struct SecretService {
    settings: SecretServiceOptions,
    notice: Notice,
    noticed: Cell<bool>,
    connection: Cell<Option<ServiceConnection>>,
    provider: RefCell<Option<String>>,
    poll_loop: Arc<PollLoop>,
}

impl SecretService {
    /// Items with these `settings`. Connects at the first use. `notice` gets messages for the user during a wait.
    pub fn new(settings: SecretServiceOptions, notice: Notice) -> Self {
        let (noticed, connection, provider) =
            (Cell::default(), Cell::default(), RefCell::default());
        Self { settings, notice, noticed, connection, provider, poll_loop: PollLoop::new() }
    }

    /// Runs `work`, and fails if the service is silent for too long.
    fn ask<T>(
        &self,
        work: &impl AsyncFn(Items<'_>) -> Result<T, BackendError>,
    ) -> Result<T, BackendError> {
        let say = |text: &str| self.notify_once(text);
        let timeouts = Timeouts::new(&self.poll_loop, &self.settings, &say);
        let mut connection = self.connection.take();
        let answer = async { Ok(self.attempt(&mut connection, &timeouts, work).await) };
        let silence = async { Err(timeouts.expired().await) };
        match self.poll_loop.block_on(or(answer, silence)) {
            Ok(result) => {
                self.connection.set(connection);
                result
            }
            Err(fault) => {
                // The next call opens a new connection.
                if let Some(dialog) = timeouts.into_dialog() {
                    self.poll_loop.block_on(prompt::dismiss(dialog, &self.poll_loop));
                }
                Err(fault)
            }
        }
    }

    async fn attempt<T>(
        &self,
        connection: &mut Option<ServiceConnection>,
        timeouts: &Timeouts<'_>,
        work: &impl AsyncFn(Items<'_>) -> Result<T, BackendError>,
    ) -> Result<T, BackendError> {
        let was_connected = connection.is_some();
        let mut result = self.once(connection, timeouts, work).await;
        let settled = |fault: &BackendError| {
            matches!(fault.reason, StoreErrorKind::Locked | StoreErrorKind::Dismissed)
        };
        if was_connected && result.as_ref().is_err_and(|fault| !settled(fault)) {
            // The service may have been restarted since then, and this session is lost with the old one.
            *connection = None;
            result = self.once(connection, timeouts, work).await;
        }
        if result.is_err() {
            *connection = None;
        }
        result
    }

    async fn once<T>(
        &self,
        connection: &mut Option<ServiceConnection>,
        timeouts: &Timeouts<'_>,
        work: &impl AsyncFn(Items<'_>) -> Result<T, BackendError>,
    ) -> Result<T, BackendError> {
        let connection = match connection {
            Some(connection) => connection,
            None => connection
                .insert(ServiceConnection::open(&self.settings, &self.poll_loop, timeouts).await?),
        };
        timeouts.connected();
        driven(&connection.bus, work(Items { connection, settings: &self.settings, timeouts }))
            .await
    }

    /// Shows `text`, unless a message was shown before.
    fn notify_once(&self, text: &str) {
        if !self.noticed.replace(true) {
            (self.notice)(text);
        }
    }

    fn run<T>(
        &self,
        action: &'static str,
        work: &impl AsyncFn(Items<'_>) -> Result<T, BackendError>,
    ) -> Result<T, StoreError> {
        self.ask(work).map_err(|fault| fault.when(StoreKind::Keyring, action))
    }
}

impl Backend for SecretService {
    fn kind(&self) -> StoreKind {
        StoreKind::Keyring
    }

    /// The name of the program that provides the service, looked up once. A general name if it cannot be found.
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

    fn load_checked(
        &self,
        name: &str,
        is_valid: &ItemCheck<'_>,
    ) -> Result<Option<Bytes>, StoreError> {
        self.run(action::LOAD, &async |items| items.load(name, Some(is_valid)).await)
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
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Duration;

    use zbus::zvariant::{ObjectPath, Value};

    use super::super::fake::{Answer, Fake, store_at};
    use super::*;

    /// Short timeouts.
    fn hurried(settings: &mut SecretServiceOptions) {
        settings.limits =
            Limits { answer: Duration::from_millis(100), dialog: Duration::from_millis(100) };
    }

    #[test]
    fn without_a_bus_the_address_is_named() {
        let address = "unix:path=/nowhere/bus";
        let store = store_at("/nowhere/bus".as_ref(), |_| ());
        let error = store.load("name").unwrap_err();
        assert_eq!(
            error.reason,
            StoreErrorKind::Unavailable(format!("no D-Bus session at `{address}`"))
        );
        assert!(error.source.is_some());
    }

    #[test]
    fn a_bus_that_accepts_and_never_answers_causes_a_timeout() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("bus");
        let _listener = UnixListener::bind(&path).unwrap();
        let store = store_at(&path, hurried);
        for _ in 0..2 {
            assert_eq!(store.load("name").unwrap_err().reason, StoreErrorKind::TimedOut(1));
        }
        assert_eq!(store.describe(), "the Secret Service");
    }

    /// Each operation that can be the first one on a connection.
    const FIRST: [fn(&SecretService); 6] = [
        |store| drop(store.load("name")),
        |store| drop(store.load_checked("name", &|_| true)),
        |store| drop(store.save("name", b"value")),
        |store| drop(store.remove("name")),
        |store| drop(store.names()),
        |store| drop(store.describe()),
    ];

    #[test]
    fn no_session_is_opened_before_the_services_main_loop_has_answered_a_call() {
        for session in [KeyringSession::Plain, KeyringSession::Dh] {
            for first in FIRST {
                let fake = Fake::new(|_| Answer::Usual);
                first(&fake.store(|own| own.session = session));
                assert_eq!(fake.calls()[..2], ["ReadAlias", "OpenSession"]);
            }
        }
    }

    #[test]
    fn the_answer_to_the_first_call_is_waited_for() {
        static IS_ASKED: AtomicBool = AtomicBool::new(false);
        for session in [KeyringSession::Plain, KeyringSession::Dh] {
            let fake = Fake::new(|_| {
                IS_ASKED.store(true, Ordering::Relaxed);
                Answer::Silence
            });
            let store = fake.store(|own| {
                own.session = session;
                own.limits.answer = Duration::from_secs(5);
                own.termination_signal = || IS_ASKED.load(Ordering::Relaxed).then_some(2);
            });
            assert_eq!(store.load("name").unwrap_err().reason, StoreErrorKind::Interrupted(2));
            assert_eq!(fake.calls(), ["ReadAlias"]);
            IS_ASKED.store(false, Ordering::Relaxed);
        }
    }

    #[test]
    fn any_answer_to_the_first_call_is_enough_for_the_next_call() {
        for name in [
            "org.freedesktop.DBus.Error.UnknownMethod",
            "org.freedesktop.DBus.Error.InvalidArgs",
            "org.freedesktop.DBus.Error.AccessDenied",
            "org.freedesktop.Secret.Error.IsLocked",
            "org.kde.KWallet.Error",
        ] {
            let fake = Fake::new(move |method| match method {
                "ReadAlias" => Answer::Error(name),
                _ => Answer::Usual,
            });
            assert_eq!(fake.store(|_| ()).load("name").unwrap(), None, "{name}");
        }
    }

    #[test]
    fn a_service_that_is_gone_after_the_first_call_gets_no_session() {
        for name in [
            "org.freedesktop.DBus.Error.NoReply",
            "org.freedesktop.DBus.Error.NameHasNoOwner",
            "org.freedesktop.DBus.Error.ServiceUnknown",
        ] {
            let fake = Fake::new(move |_| Answer::Error(name));
            let reason = fake.store(|_| ()).load("name").unwrap_err().reason;
            assert!(matches!(reason, StoreErrorKind::Unavailable(_)), "{reason}");
            assert_eq!(fake.calls(), ["ReadAlias"]);
        }
    }

    #[test]
    fn a_daemon_that_dies_gives_a_clear_error_and_the_next_call_finds_the_new_one() {
        for at in ["ReadAlias", "OpenSession", "SearchItems"] {
            let is_dead = AtomicBool::new(false);
            let fake = Fake::new(move |method| {
                if method == at && !is_dead.swap(true, Ordering::Relaxed) {
                    return Answer::Death;
                }
                Answer::Usual
            });
            let store = fake.store(|_| ());
            let reason = store.load("name").unwrap_err().reason;
            let expected = "the keyring's program ended during the request".to_owned();
            assert_eq!(reason, StoreErrorKind::Unavailable(expected), "{at}");
            assert_eq!(store.load("name").unwrap(), None, "{at}");
            let calls = fake.calls();
            let opened = calls.iter().enumerate().filter(|(_, call)| *call == "OpenSession");
            for (index, _) in opened {
                assert_eq!(calls[index - 1], "ReadAlias", "{calls:?}");
            }
        }
    }

    /// A service that acts as KeePassXC with a locked database. `answer` may override its answers.
    fn hiding(answer: impl Fn(&str) -> Option<Answer> + Send + 'static) -> Fake {
        Fake::new(move |method| {
            if let Some(answer) = answer(method) {
                return answer;
            }
            match method {
                "Get Collections" => {
                    Answer::Property(Value::from(vec![ObjectPath::try_from("/db").unwrap()]))
                }
                "Get Locked" => Answer::Property(Value::from(true)),
                "Get Items" => Answer::Property(Value::from(Vec::<ObjectPath<'_>>::new())),
                _ => Answer::Usual,
            }
        })
    }

    #[test]
    fn a_collection_that_hides_its_items_while_it_is_locked_is_locked_and_not_empty() {
        let reason = |ask: &dyn Fn(&SecretService) -> Option<StoreError>| {
            let fake = hiding(|_| None);
            let error = ask(&fake.store(|_| ()));
            // KeePassXC would ask the user within that call, or answer that there are no items.
            assert!(!fake.calls().contains(&"SearchItems".to_owned()), "searched nevertheless");
            error.unwrap().reason
        };
        assert_eq!(reason(&|store| store.load("name").err()), StoreErrorKind::Locked);
        assert_eq!(
            reason(&|store| store.load_checked("name", &|_| true).err()),
            StoreErrorKind::Locked
        );
        assert_eq!(reason(&|store| store.save("name", b"value").err()), StoreErrorKind::Locked);
        assert_eq!(reason(&|store| store.remove("name").err()), StoreErrorKind::Locked);
        assert_eq!(reason(&|store| store.names().err()), StoreErrorKind::Locked);
    }

    #[test]
    fn a_hidden_collection_is_unlocked_before_the_search_if_the_user_may_be_asked() {
        let refused = "org.freedesktop.Secret.Error.IsLocked";
        let fake = hiding(move |method| (method == "Unlock").then_some(Answer::Error(refused)));
        let error = fake.store(|own| own.interaction = Interaction::Allowed).load("name");
        assert_eq!(error.unwrap_err().reason, StoreErrorKind::Locked);
        let calls = fake.calls();
        assert_eq!(calls.last().map(String::as_str), Some("Unlock"), "{calls:?}");
        assert!(!calls.contains(&"SearchItems".to_owned()), "{calls:?}");
    }

    #[test]
    fn a_signal_ends_the_wait_for_a_silent_keyring() {
        for silent in ["ReadAlias", "OpenSession", "SearchItems"] {
            let fake = Fake::new(
                move |method| {
                    if method == silent { Answer::Silence } else { Answer::Usual }
                },
            );
            // Without the signal the result would be a timeout.
            let store = fake.store(|own| {
                own.limits.answer = Duration::from_secs(5);
                own.termination_signal = || Some(15);
            });
            assert_eq!(store.load("name").unwrap_err().reason, StoreErrorKind::Interrupted(15));
        }
    }

    #[test]
    fn a_signal_does_not_interrupt_a_call_that_is_being_answered() {
        let fake = Fake::new(|_| Answer::Usual);
        let store = fake.store(|own| {
            own.limits.answer = Duration::from_secs(600);
            own.termination_signal = || Some(2);
        });
        assert_eq!(store.load("name").unwrap(), None);
    }

    #[test]
    fn a_signal_during_a_dialog_dismisses_the_dialog() {
        static IS_UP: AtomicBool = AtomicBool::new(false);
        let fake = hiding(|method| {
            IS_UP.fetch_or(method == "Prompt", Ordering::Relaxed);
            None
        });
        let store = fake.store(|own| {
            own.interaction = Interaction::Allowed;
            own.limits.answer = Duration::from_secs(5);
            own.termination_signal = || IS_UP.load(Ordering::Relaxed).then_some(2);
        });
        assert_eq!(store.load("name").unwrap_err().reason, StoreErrorKind::Interrupted(2));
        assert_eq!(fake.calls().last().map(String::as_str), Some("Dismiss"));
    }

    #[test]
    fn nothing_is_sent_to_a_bus_at_a_socket_of_another_user() {
        let fake = Fake::new(|_| Answer::Usual);
        assert_eq!(fake.store(|_| ()).load("name").unwrap(), None);
        // Only root can change the owner of a file.
        if rustix::process::geteuid().is_root() {
            fake.calls();
            std::os::unix::fs::chown(fake.path(), Some(65_534), None).unwrap();
            let reason = fake.store(|_| ()).load("name").unwrap_err().reason;
            assert!(
                matches!(&reason, StoreErrorKind::OtherOwner { owner: 65_534, .. }),
                "{reason}"
            );
            assert!(reason.to_string().contains("/bus` belongs to another user"), "{reason}");
            assert_eq!(fake.calls(), [""; 0]);
        }
    }
}
