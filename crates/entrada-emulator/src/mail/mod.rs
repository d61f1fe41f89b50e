//! Mail servers as Exchange Online has them: they judge an access token, and serve a small mailbox.
//!
//! [`MailConnection::answer`] is pure as [`Emulator::handle`] is: a line and the time in, lines out.

mod imap;
mod imap_fetch;
pub(super) mod mailbox;
mod pop;
mod sasl;
mod smtp;

use super::Emulator;
use super::account::EmulatedAccount;
use entrada_core::{NumericDate, Protocol};

/// The name that the servers give themselves.
const HOST: &str = "emulator.outlook.office365.com";

/// What a server sends after a line, and what follows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MailReply {
    /// Lines with their line ends; empty while more is to come from the client.
    pub text: String,
    /// What the server does after it has sent the text.
    pub next: MailStep,
}

/// What a server does after a reply.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MailStep {
    /// It reads the next line.
    #[default]
    Continue,
    /// It expects a TLS handshake; then call [`MailConnection::secured`].
    StartTls,
    /// It closes the connection.
    Close,
}

impl MailReply {
    fn say(text: impl Into<String>) -> Self {
        let mut text = text.into();
        text.push_str("\r\n");
        Self { text, next: MailStep::Continue }
    }

    fn then(mut self, next: MailStep) -> Self {
        self.next = next;
        self
    }
}

/// A connection to a mail server of an emulator.
#[derive(Debug)]
pub struct MailConnection {
    protocol: Protocol,
    /// Whether the server offers to start TLS.
    offers_tls: bool,
    user: Option<&'static EmulatedAccount>,
    /// What the next line is, if it is no command.
    pending: Pending,
    imap: imap::Session,
    pop: pop::Session,
    smtp: smtp::Session,
}

/// What a server waits for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Pending {
    #[default]
    Command,
    /// The initial response of this mechanism; with the tag of the command in IMAP.
    Sasl { tag: String, mechanism: sasl::Mechanism },
    /// The answer to the error of OAUTHBEARER (RFC 7628 §3.2.3).
    SaslError { tag: String },
    /// The rest of an exchange for a password, which always fails.
    Password { tag: String, lines: u8 },
}

impl MailConnection {
    /// A connection before its greeting. `offers_tls` says whether the server can start TLS.
    pub fn new(protocol: Protocol, offers_tls: bool) -> Self {
        Self {
            protocol,
            offers_tls,
            user: None,
            pending: Pending::Command,
            imap: imap::Session::default(),
            pop: pop::Session::default(),
            smtp: smtp::Session::default(),
        }
    }

    /// The first line of the server.
    pub fn greeting(&self) -> String {
        match self.protocol {
            Protocol::Imap => {
                "* OK The Microsoft Exchange IMAP4 service is ready. [emulator]\r\n".to_owned()
            }
            Protocol::Pop => {
                "+OK The Microsoft Exchange POP3 service is ready. [emulator]\r\n".to_owned()
            }
            Protocol::Smtp => {
                format!("220 {HOST} Microsoft ESMTP MAIL Service ready (emulator)\r\n")
            }
        }
    }

    /// Forgets what was said before the TLS handshake (RFC 3207 §4.2).
    pub fn secured(&mut self) {
        *self = Self::new(self.protocol, false);
    }

    /// Answers one line, given without its line end and received at `now`.
    pub fn answer(&mut self, line: &str, emulator: &Emulator, now: NumericDate) -> MailReply {
        match std::mem::take(&mut self.pending) {
            Pending::Command => match self.protocol {
                Protocol::Imap => self.imap_line(line, emulator, now),
                Protocol::Pop => self.pop_line(line, emulator, now),
                Protocol::Smtp => self.smtp_line(line, emulator, now),
            },
            Pending::Sasl { tag, .. } if line == "*" => self.refused(&tag),
            Pending::Sasl { tag, mechanism } => self.sign_in(&tag, mechanism, line, emulator, now),
            Pending::SaslError { tag } => self.refused(&tag),
            Pending::Password { tag, lines: 0 | 1 } => self.password_refused(&tag),
            Pending::Password { tag, lines } => {
                self.pending = Pending::Password { tag, lines: lines - 1 };
                // `Password:` in base64.
                self.challenge("UGFzc3dvcmQ6")
            }
        }
    }

    /// The request for another line of the sign-in.
    fn challenge(&self, text: &str) -> MailReply {
        match self.protocol {
            Protocol::Smtp => MailReply::say(format!("334 {text}")),
            _ => MailReply::say(format!("+ {text}")),
        }
    }

    /// `AUTHENTICATE` and `AUTH`: with an initial response, or asking for one.
    fn begin_sasl(
        &mut self,
        tag: &str,
        mechanism: &str,
        initial: Option<&str>,
        emulator: &Emulator,
        now: NumericDate,
    ) -> MailReply {
        let tag = tag.to_owned();
        match (sasl::Mechanism::find(mechanism), initial) {
            (Some(mechanism), Some(initial)) => {
                self.sign_in(&tag, mechanism, initial, emulator, now)
            }
            (Some(mechanism), None) => {
                self.pending = Pending::Sasl { tag, mechanism };
                self.challenge("")
            }
            (None, initial) => {
                let lines = match mechanism.to_ascii_uppercase().as_str() {
                    "LOGIN" => 2,
                    "PLAIN" => 1,
                    _ => return self.unknown_mechanism(&tag),
                };
                if lines == 1 && initial.is_some() {
                    return self.password_refused(&tag);
                }
                self.pending = Pending::Password { tag, lines };
                // `Username:` in base64.
                self.challenge(if lines == 2 { "VXNlcm5hbWU6" } else { "" })
            }
        }
    }

    fn unknown_mechanism(&self, tag: &str) -> MailReply {
        MailReply::say(match self.protocol {
            Protocol::Imap => format!("{tag} BAD Command Argument Error. 11"),
            Protocol::Pop => "-ERR Unrecognized authentication type.".to_owned(),
            Protocol::Smtp => "504 5.7.4 Unrecognized authentication type".to_owned(),
        })
    }

    fn sign_in(
        &mut self,
        tag: &str,
        mechanism: sasl::Mechanism,
        response: &str,
        emulator: &Emulator,
        now: NumericDate,
    ) -> MailReply {
        match sasl::user(self.protocol, mechanism, response, emulator, now) {
            Some(user) => {
                self.user = Some(user);
                MailReply::say(match self.protocol {
                    Protocol::Imap => format!("{tag} OK AUTHENTICATE completed."),
                    Protocol::Pop => "+OK User successfully authenticated".to_owned(),
                    Protocol::Smtp => "235 2.7.0 Authentication successful".to_owned(),
                })
            }
            // Exchange refuses XOAUTH2 at once; RFC 7628 has an error in between.
            None if mechanism == sasl::Mechanism::OauthBearer => {
                self.pending = Pending::SaslError { tag: tag.to_owned() };
                self.challenge(&sasl::error())
            }
            None => self.refused(tag),
        }
    }

    fn refused(&self, tag: &str) -> MailReply {
        MailReply::say(match self.protocol {
            Protocol::Imap => format!("{tag} NO AUTHENTICATE failed."),
            Protocol::Pop => {
                "-ERR Authentication failure: unknown user name or bad password.".to_owned()
            }
            Protocol::Smtp => format!("535 5.7.3 Authentication unsuccessful [{HOST}]"),
        })
    }

    /// Passwords are not accepted, whichever is sent.
    fn password_refused(&self, tag: &str) -> MailReply {
        MailReply::say(match self.protocol {
            Protocol::Imap => format!("{tag} NO LOGIN failed."),
            Protocol::Pop => {
                "-ERR Authentication failure: unknown user name or bad password.".to_owned()
            }
            Protocol::Smtp => {
                format!(
                    "535 5.7.139 Authentication unsuccessful, basic authentication is disabled. [{HOST}]"
                )
            }
        })
    }
}
