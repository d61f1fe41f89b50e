//! Fake Secret Services for tests of behaviour that no real service shows on demand. Each has its own bus.

use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use zbus::blocking::Connection;
use zbus::blocking::connection::Builder;
use zbus::message::Type;
use zbus::zvariant::{ObjectPath, Value};
use zbus::{Guid, Message};

use super::{Interaction, KeyringSession, Limits, SecretService, SecretServiceOptions};

/// The answer of a fake to a call.
pub(super) enum Answer {
    /// The answer of a service that has no items.
    Usual,
    /// No answer.
    Silence,
    /// With this error.
    Error(&'static str),
    /// The service ends: the connection is closed.
    Death,
    /// This value of a property.
    Property(Value<'static>),
}

/// A bus with one service on it.
pub(super) struct Fake {
    dir: tempfile::TempDir,
    calls: Receiver<String>,
}

impl Fake {
    /// A service that calls `answer` for each call, with the method's name; `Get Locked` for a property.
    pub(super) fn new(answer: impl Fn(&str) -> Answer + Send + 'static) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(dir.path().join("bus")).unwrap();
        let (heard, calls) = channel();
        std::thread::spawn(move || {
            for socket in listener.incoming().map_while(Result::ok) {
                serve(socket, &answer, &heard);
            }
        });
        Self { dir, calls }
    }

    pub(super) fn path(&self) -> std::path::PathBuf {
        self.dir.path().join("bus")
    }

    /// The methods that were called since the last call of this function, without those of the bus itself.
    pub(super) fn calls(&self) -> Vec<String> {
        self.calls.try_iter().collect()
    }

    pub(super) fn store(&self, change: impl FnOnce(&mut SecretServiceOptions)) -> SecretService {
        store_at(&self.path(), change)
    }
}

/// The store of a program that runs without a user, on the bus at `path`.
pub(super) fn store_at(
    path: &Path,
    change: impl FnOnce(&mut SecretServiceOptions),
) -> SecretService {
    let mut settings = SecretServiceOptions {
        address: Some(format!("unix:path={}", path.display())),
        service: "entrada-test".to_owned(),
        session: KeyringSession::Plain,
        interaction: Interaction::Forbidden,
        limits: Limits { answer: Duration::from_secs(60), dialog: Duration::from_secs(600) },
        termination_signal: || None,
        item_paths: None,
    };
    change(&mut settings);
    SecretService::new(settings, Box::new(|_| ()))
}

/// Serves one connection until it ends.
fn serve(socket: UnixStream, answer: &impl Fn(&str) -> Answer, heard: &Sender<String>) {
    let Ok(raw) = socket.try_clone() else { return };
    let builder = Builder::async_io_unix_stream(socket).server(Guid::generate()).unwrap().p2p();
    let Ok(messages) = builder.build_message_iterator() else { return };
    let bus = Connection::from(&messages);
    for message in messages.map_while(Result::ok) {
        if message.message_type() != Type::MethodCall {
            continue;
        }
        let header = message.header();
        let mut method = header.member().map(ToString::to_string).unwrap_or_default();
        if method == "Get" {
            let (_, property): (String, String) = message.body().deserialize().unwrap();
            method = format!("Get {property}");
        }
        let is_of_bus = header.destination().is_some_and(|name| *name == "org.freedesktop.DBus");
        let answer = if is_of_bus {
            Answer::Usual
        } else {
            let _ = heard.send(method.clone());
            answer(&method)
        };
        // The client may have closed the connection.
        let _ = match answer {
            Answer::Usual => bus.send(&usual(&message, &method)),
            Answer::Silence => Ok(()),
            Answer::Error(name) => bus.reply_error(&header, name, &"no"),
            Answer::Property(value) => bus.reply(&header, &value),
            Answer::Death => raw.shutdown(std::net::Shutdown::Both).map_err(Into::into),
        };
    }
}

/// The answer of a bus, or of a service that has no items.
fn usual(call: &Message, method: &str) -> Message {
    let reply = Message::method_return(&call.header()).unwrap();
    let root = || ObjectPath::try_from("/").unwrap();
    let none = Vec::<ObjectPath<'_>>::new;
    let reply = match method {
        "Hello" | "GetNameOwner" => reply.build(&":1.1"),
        "ReadAlias" => reply.build(&root()),
        "OpenSession" => {
            let (algorithm, _): (String, Value<'_>) = call.body().deserialize().unwrap();
            let output =
                if algorithm == "plain" { Value::from("") } else { Value::from(vec![5_u8; 128]) };
            reply.build(&(output, ObjectPath::try_from("/session").unwrap()))
        }
        "Unlock" => reply.build(&(none(), ObjectPath::try_from("/prompt").unwrap())),
        "SearchItems" => reply.build(&(none(), none())),
        "Get Collections" => reply.build(&Value::from(none())),
        "GetConnectionUnixProcessID" => reply.build(&std::process::id()),
        _ => reply.build(&()),
    };
    reply.unwrap()
}
