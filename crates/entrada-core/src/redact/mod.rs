//! Removes secrets from text: the registered ones of a run, and in foreign text also what looks like one.
//!
//! A name decides whether its value is secret (`names`); registered secrets are found whole, in pieces and encoded (`known`,
//! `encodings`); unregistered ones by their shape (`shapes`). In an archive, a fingerprint replaces each (`archive`).

mod archive;
mod encodings;
mod known;
mod names;
mod pieces;
mod shapes;

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Map, Value};

pub use self::archive::is_redacted;
pub use self::names::is_secret_name;

use self::archive::{Fingerprints, is_plain_word};
use self::encodings::{is_guid, letters};
use self::known::KnownSecrets;
use crate::Secret;

/// The replacement for a secret, except in archives.
const REPLACEMENT: &str = "[secret]";
/// The prefix of fingerprints in archives, which replace secrets and are not secret.
const FINGERPRINT: &str = "redacted-";
/// The nesting depth to which JSON is searched.
const DEPTH_MAX: usize = 16;

/// Knows the secrets of one run and removes them from text. Clones share the secrets.
///
/// Code that sends or receives a secret registers it. Every message of a server or library passes [`Redactor::text`] before
/// it is shown. [`Redactor::with_fingerprints`] makes the redactor of an archive.
///
/// Three kinds of text are never taken for a secret: numbers of up to five digits, GUIDs within a longer secret, and words of
/// the protocol, such as the names of claims and error codes.
///
/// ```
/// use entrada_core::Redactor;
///
/// let redactor = Redactor::default();
/// redactor.register("0.AX-a-refresh-token");
/// let line = redactor.text("the server repeats 0.AX-a-refresh-token");
/// assert!(!line.contains("0.AX") && line.starts_with("the server repeats "));
/// ```
#[derive(Clone, Default)]
pub struct Redactor {
    /// The secrets of the run.
    run: Arc<Mutex<KnownSecrets>>,
    /// Set if fingerprints replace the secrets.
    fingerprints: Option<Arc<Fingerprints>>,
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redactor(redacted)")
    }
}

impl Redactor {
    /// A redactor for a process that may run for days: at 4 MiB of secrets it forgets the oldest, except those that it began
    /// with and those that were seen again. Others, such as the redactor of a file, forget none.
    pub fn of_process() -> Self {
        Self { run: Arc::new(Mutex::new(KnownSecrets::of_process())), fingerprints: None }
    }

    /// A redactor that knows `secrets`.
    pub fn of<'a>(secrets: impl IntoIterator<Item = &'a Secret>) -> Self {
        let redactor = Self::default();
        for secret in secrets {
            redactor.register(secret.expose());
        }
        redactor
    }

    /// Removes `secret` from every text from now on. Text of up to three characters, of up to five digits, and words of the
    /// protocol are not registered: they appear in every text.
    pub fn register(&self, secret: &str) {
        self.run().register(secret);
    }

    /// Registers the secret members of a response, by their names.
    pub fn learn(&self, response: &Value) {
        self.learn_nested("", response, DEPTH_MAX);
    }

    /// The same for the members of one object.
    pub fn learn_members(&self, members: &Map<String, Value>) {
        self.learn_members_nested("", members, DEPTH_MAX);
    }

    /// The same for the members of the object `parent`.
    fn learn_members_nested(&self, parent: &str, members: &Map<String, Value>, depth: usize) {
        for (name, value) in members {
            match value {
                Value::String(text) if self.is_secret_in(parent, name, text) => {
                    if !is_plain_word(name, text) {
                        self.remember(text);
                    }
                }
                value => self.learn_nested(name, value, depth),
            }
        }
    }

    fn learn_nested(&self, name: &str, value: &Value, depth: usize) {
        let Some(depth) = depth.checked_sub(1) else { return };
        match value {
            Value::Object(members) => self.learn_members_nested(name, members, depth),
            Value::Array(all) => all.iter().for_each(|value| self.learn_nested(name, value, depth)),
            _ => (),
        }
    }

    /// Registers `value` if `name`, of a form or URL parameter, is the name of a secret.
    pub fn learn_parameter(&self, name: &str, value: &str) {
        if name == "code" || is_secret_name(name) {
            self.register(value);
        }
    }

    /// Registers the secrets in a text from the user, by the names in it.
    pub fn learn_text(&self, text: &str) {
        for secret in shapes::named_secrets(text) {
            // `access_token: expired`, `id_token: AADSTS50013`: in prose, words follow these names.
            let is_word = secret.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
            if is_word || secret.contains("AADSTS") || is_guid(&letters(secret)) {
                continue;
            }
            self.register(secret);
            if secret.contains(['%', '+']) {
                let pair = [b"x=", secret.as_bytes()].concat();
                for (_, plain) in url::form_urlencoded::parse(&pair) {
                    self.register(&plain);
                }
            }
        }
    }

    /// Registers the secrets of `other`. If `other` forgets none, this one forgets none from now on.
    pub fn join(&self, other: &Self) {
        if !Arc::ptr_eq(&self.run, &other.run) {
            let (all, stored_max) = {
                let other = other.run();
                (other.secrets().to_vec(), other.stored_max())
            };
            self.run().join(&all, stored_max);
        }
    }

    /// Whether it knows no secrets.
    pub fn is_empty(&self) -> bool {
        self.run().secrets().is_empty()
    }

    /// `text` without the registered secrets.
    pub fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let Some(fingerprints) = &self.fingerprints else {
            return self.without_registered(text);
        };
        match fingerprints.replace_seen(text) {
            Cow::Borrowed(text) => self.without_registered(text),
            Cow::Owned(text) => Cow::Owned(self.without_registered(&text).into_owned()),
        }
    }

    /// `text` without the registered secrets and without what looks like one: for text from a server, a file or the user,
    /// which may hold secrets that this run has not seen.
    ///
    /// ```
    /// use entrada_core::Redactor;
    ///
    /// let line = "POST /token refresh_token=0.AXoA1234567890abcdef&scope=openid";
    /// let shown = Redactor::default().foreign_text(line);
    /// assert_eq!(shown, "POST /token refresh_token=[secret]&scope=openid");
    /// ```
    pub fn foreign_text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        match self.text(text) {
            Cow::Borrowed(text) => Self::without_likely_secrets(text),
            Cow::Owned(text) => Cow::Owned(Self::without_likely_secrets(&text).into_owned()),
        }
    }

    /// `text` without the parts that look like a token, a code, a password or a sign-in string. Registered secrets are found
    /// by [`Redactor::foreign_text`], which does both.
    pub fn without_likely_secrets(text: &str) -> Cow<'_, str> {
        shapes::without_likely_secrets(text)
    }

    /// Removes the registered secrets from consecutive lines. A secret may continue on the next line; no line is added or
    /// removed.
    pub fn lines(&self, lines: &mut [&mut String]) {
        let text = lines.iter().map(|line| line.as_str()).collect::<Vec<_>>().join("\n");
        if let Cow::Owned(shown) = self.text(&text) {
            for (line, shown) in lines.iter_mut().zip(shown.split('\n')) {
                shown.clone_into(line);
            }
        }
    }

    /// `value` without the registered secrets, in names and texts.
    pub fn value(&self, value: Value) -> Value {
        match value {
            Value::String(text) => match self.text(&text) {
                Cow::Owned(text) => Value::String(text),
                Cow::Borrowed(_) => Value::String(text),
            },
            Value::Array(all) => all.into_iter().map(|value| self.value(value)).collect(),
            Value::Object(members) => members
                .into_iter()
                .map(|(name, value)| (self.text(&name).into_owned(), self.value(value)))
                .collect(),
            other => other,
        }
    }

    /// Removes the secrets of the run from the texts in `value`. Names stay: they are those of a format.
    pub fn texts_in(&self, value: &mut Value) {
        match value {
            Value::String(text) => {
                if let Cow::Owned(shown) = self.without_registered(text) {
                    *text = shown;
                }
            }
            Value::Array(all) => all.iter_mut().for_each(|value| self.texts_in(value)),
            Value::Object(members) => members.values_mut().for_each(|value| self.texts_in(value)),
            _ => (),
        }
    }

    fn without_registered<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.run().replace(text, |secret| self.mark(secret.expose()))
    }

    /// What replaces `secret`.
    fn mark(&self, secret: &str) -> String {
        match &self.fingerprints {
            Some(fingerprints) => fingerprints.of(secret),
            None => REPLACEMENT.to_owned(),
        }
    }

    fn run(&self) -> MutexGuard<'_, KnownSecrets> {
        locked(&self.run)
    }
}

fn locked(known: &Mutex<KnownSecrets>) -> MutexGuard<'_, KnownSecrets> {
    known.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
