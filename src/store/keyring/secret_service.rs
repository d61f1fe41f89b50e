//! The Secret Service of freedesktop.org: gnome-keyring, KeePassXC, KWallet and others, over D-Bus.

use std::cell::{Cell, RefCell};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use super::worker::{self, Answer, Ask, Event, Job};
use super::{Interaction, Limits, Notice, Session, prompt};
use crate::store::{Backend, Bytes, Fault, Kind, StoreError, action, deadline};

/// What the user reads while a dialog is up.
const WAITING: &str = "waiting for you to unlock the keyring";

/// What the user reads when the keyring is silent: some providers ask within the call (KeePassXC).
const SILENT: &str = "still waiting for the keyring; it may be asking you something";

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
}

/// Items of one service in the Secret Service.
///
/// The D-Bus work is done on a thread of its own, since no D-Bus library bounds all of its waits: a daemon that is
/// stopped, or a bus that accepts and never answers, would hold us for ever.
pub struct SecretService {
    settings: Settings,
    notice: Notice,
    noticed: Cell<bool>,
    worker: RefCell<Option<Sender<Job>>>,
    provider: RefCell<Option<String>>,
}

impl SecretService {
    /// Items as `settings` say. Connects when first used; `notice` hears what the user should know while waiting.
    pub fn new(settings: Settings, notice: Notice) -> Self {
        let (worker, provider) = (RefCell::default(), RefCell::default());
        Self { settings, notice, noticed: Cell::new(false), worker, provider }
    }

    fn ask(&self, ask: Ask) -> Result<Answer, Fault> {
        let (events, heard) = channel();
        self.send(Job { ask, events })?;
        let Limits { quiet, patient } = self.settings.limits;
        let person = self.settings.interaction == Interaction::Allowed;
        let (mut limit, mut connected, mut dialog) = (quiet, false, None);
        loop {
            match heard.recv_timeout(limit) {
                Ok(Event::Alive) => (limit, dialog) = (quiet, None),
                Ok(Event::Connected) => (limit, connected) = (quiet, true),
                Ok(Event::Prompting(prompt)) => {
                    self.tell(WAITING);
                    (limit, dialog) = (patient, Some(prompt));
                }
                Ok(Event::Done(result)) => return result,
                Err(RecvTimeoutError::Disconnected) => {
                    self.worker.replace(None);
                    return Err(Fault::denied("its driver stopped unexpectedly"));
                }
                Err(RecvTimeoutError::Timeout) if person && connected && limit != patient => {
                    self.tell(SILENT);
                    limit = patient;
                }
                Err(RecvTimeoutError::Timeout) => {
                    // The thread may never come back: the next call gets a new one.
                    self.worker.replace(None);
                    if let Some(dialog) = dialog {
                        prompt::dismiss(dialog);
                    }
                    return Err(deadline::timed_out(limit));
                }
            }
        }
    }

    fn send(&self, job: Job) -> Result<(), Fault> {
        let mut worker = self.worker.borrow_mut();
        let job = match worker.as_ref() {
            None => job,
            Some(sender) => match sender.send(job) {
                Ok(()) => return Ok(()),
                Err(returned) => returned.0,
            },
        };
        let (sender, jobs) = channel();
        let settings = self.settings.clone();
        thread::Builder::new()
            .name("secret-service".to_owned())
            .spawn(move || worker::run(&settings, &jobs))
            .map_err(|error| Fault::denied("no thread could be started").because(error))?;
        // Cannot fail: the thread holds the other end.
        let _ = sender.send(job);
        *worker = Some(sender);
        Ok(())
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
        ask: Ask,
        expect: impl FnOnce(Answer) -> Option<T>,
    ) -> Result<T, StoreError> {
        let answer = self.ask(ask).and_then(|answer| {
            expect(answer).ok_or_else(|| Fault::denied("its driver answered another question"))
        });
        answer.map_err(|fault| fault.when(Kind::Keyring, action))
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
        match self.ask(Ask::Provider) {
            Ok(Answer::Provider(name)) => {
                self.provider.replace(Some(name.clone()));
                name
            }
            _ => "the Secret Service".to_owned(),
        }
    }

    fn load(&self, name: &str) -> Result<Option<Bytes>, StoreError> {
        self.run(action::LOAD, Ask::Load(name.to_owned()), |answer| match answer {
            Answer::Value(value) => Some(value),
            _ => None,
        })
    }

    fn save(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let ask = Ask::Save(name.to_owned(), Bytes::new(bytes.to_vec()));
        self.run(action::SAVE, ask, |answer| matches!(answer, Answer::Saved).then_some(()))
    }

    fn remove(&self, name: &str) -> Result<bool, StoreError> {
        self.run(action::REMOVE, Ask::Remove(name.to_owned()), |answer| match answer {
            Answer::Removed(there) => Some(there),
            _ => None,
        })
    }

    fn names(&self) -> Result<Option<Vec<String>>, StoreError> {
        self.run(action::NAMES, Ask::Names, |answer| match answer {
            Answer::Names(names) => Some(Some(names)),
            _ => None,
        })
    }
}

impl Limits {
    /// Longer than we listen: after it even a forgotten thread ends.
    pub(super) fn last(self) -> Duration {
        self.quiet + self.patient
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;
    use crate::store::Trouble;

    fn at(address: &str, interaction: Interaction) -> SecretService {
        let settings = Settings {
            address: Some(address.to_owned()),
            service: "entrada-test".to_owned(),
            session: Session::Plain,
            interaction,
            limits: Limits { quiet: Duration::from_millis(100), patient: Duration::from_secs(600) },
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
