//! A session with a mail server and its transcript. The transcript has a description in place of each secret.

use super::plan::{MailPlan, SaslMechanism, Security};
use entrada_auth::sys::{Connection, Dial, HttpError, HttpFailure};
use entrada_core::{Protocol, Secret, Side};

/// Lines that are read before the answer counts as missing.
const LINES_MAX: usize = 1_000;

/// What was said.
#[derive(Debug)]
pub struct Transcript {
    /// In which protocol.
    pub protocol: Protocol,
    /// By whom, in order.
    pub lines: Vec<(Side, String)>,
    /// How it ended.
    pub outcome: SessionOutcome,
    /// Whether the server listed its mechanisms without one for tokens.
    pub unoffered: bool,
}

/// How a probe ended.
#[derive(Debug)]
pub enum SessionOutcome {
    /// The token was accepted, and the mailbox opened.
    Taken,
    /// The server refused the token.
    Refused,
    /// The server refused before the token was sent, or its answer is invalid: the token was not judged.
    Unexpected,
    /// The session broke: the network, TLS, or a server that closed the connection.
    Broken(HttpError),
}

/// Why a session ends early.
pub(super) enum Stop {
    /// The server refused.
    No,
    /// The answer is invalid.
    Unexpected,
    /// The server closed the connection.
    Closed(HttpError),
    /// The network failed.
    Broken(HttpError),
}

impl From<HttpError> for Stop {
    fn from(error: HttpError) -> Self {
        Self::Broken(error)
    }
}

/// The meaning of a server's line for the preceding command.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Heard {
    /// There is more to come, or it is about something else.
    Beside,
    /// The server waits for a line from the client.
    GoOn,
    Yes,
    No,
}

/// One that is going on.
pub(super) struct MailSession {
    protocol: Protocol,
    host: String,
    wire: Option<Box<dyn Connection>>,
    lines: Vec<(Side, String)>,
    tags: usize,
    unoffered: bool,
    /// How many lines there were when the sign-in began.
    begun: Option<usize>,
}

impl MailSession {
    pub(super) fn new(protocol: Protocol) -> Self {
        Self {
            protocol,
            host: String::new(),
            wire: None,
            lines: Vec::new(),
            tags: 0,
            unoffered: false,
            begun: None,
        }
    }

    /// Connects, and reads the greeting.
    pub(super) fn dial(&mut self, dial: &dyn Dial, plan: &MailPlan) -> Result<(), Stop> {
        self.host = plan.server.to_string();
        let (host, port) = (&plan.server.host, plan.server.port);
        self.wire = Some(dial.dial(host, port, plan.security == Security::Implicit)?);
        self.hear_yes()
    }

    /// Sends `command` and returns the lines of the answer.
    pub(super) fn ask(&mut self, command: &str) -> Result<Vec<String>, Stop> {
        let before = self.lines.len();
        self.say(command)?;
        self.hear_yes()?;
        let said = self.lines.get(before..).unwrap_or_default();
        Ok(said
            .iter()
            .filter(|(side, _)| *side == Side::Server)
            .map(|(_, line)| line.clone())
            .collect())
    }

    /// Says `command`, with a tag where the protocol has tags.
    pub(super) fn say(&mut self, command: &str) -> Result<(), Stop> {
        let continues = command.is_empty() || command == "AQ==";
        let line = if self.protocol == Protocol::Imap && !continues {
            self.tags += 1;
            format!("{} {command}", self.tag())
        } else {
            command.to_owned()
        };
        self.wire()?.write(&line)?;
        self.lines.push((Side::Client, line));
        Ok(())
    }

    /// Sends `secret`; the transcript gets `shown` instead.
    pub(super) fn say_secret(&mut self, secret: &Secret, shown: &str) -> Result<(), Stop> {
        self.wire()?.write(secret.expose())?;
        self.lines.push((Side::Client, shown.to_owned()));
        Ok(())
    }

    /// Whether the server waits for another line; a refusal ends the session.
    pub(super) fn goes_on(&mut self) -> Result<bool, Stop> {
        self.hear().map(|heard| heard == Heard::GoOn)
    }

    /// Switches to TLS; the handshake is not in the transcript.
    pub(super) fn secure(&mut self) -> Result<(), Stop> {
        Ok(self.wire()?.secure()?)
    }

    /// Sends the closing command; its result is ignored.
    pub(super) fn leave(&mut self, command: &str) {
        let _ = self.say(command).and_then(|()| self.hear().map(drop));
    }

    /// The mechanism to use: the first supported one that the server names, or Exchange's.
    pub(super) fn offered(&mut self) -> SaslMechanism {
        let offers = |mechanism: &SaslMechanism| {
            self.server().any(|line| {
                let upper = line.to_ascii_uppercase();
                upper.split([' ', '=', '-', '[', ']']).any(|word| word == mechanism.name())
            })
        };
        let all = [SaslMechanism::Xoauth2, SaslMechanism::Oauthbearer];
        let found = all.into_iter().find(offers);
        let tells = self.server().any(|line| {
            let upper = line.to_ascii_uppercase();
            ["AUTH", "SASL"].iter().any(|word| upper.contains(word))
        });
        self.unoffered = found.is_none() && tells;
        found.unwrap_or(SaslMechanism::Xoauth2)
    }

    /// Marks the start of the sign-in: from now on a refusal is about the token.
    pub(super) fn begin(&mut self) {
        self.begun = Some(self.lines.len());
    }

    /// Whether the sign-in has begun.
    pub(super) fn has_begun(&self) -> bool {
        self.begun.is_some()
    }

    /// Whether the server has refused since the sign-in began, or at any time if it has not begun.
    pub(super) fn was_refused(&self) -> bool {
        let since = self.lines.get(self.begun.unwrap_or_default()..).unwrap_or_default();
        let own = since.iter().filter(|(side, _)| *side == Side::Server);
        own.map(|(_, line)| line).any(|line| {
            self.meaning(line) == Heard::No || line.to_ascii_uppercase().starts_with("* BYE")
        })
    }

    pub(super) fn end(self, outcome: SessionOutcome) -> Transcript {
        let Self { protocol, lines, unoffered, .. } = self;
        Transcript { protocol, lines, outcome, unoffered }
    }

    fn server(&self) -> impl Iterator<Item = &str> {
        let own = self.lines.iter().filter(|(side, _)| *side == Side::Server);
        own.map(|(_, line)| line.as_str())
    }

    fn hear_yes(&mut self) -> Result<(), Stop> {
        if self.hear()? == Heard::Yes { Ok(()) } else { Err(Stop::Unexpected) }
    }

    /// Reads until the server has answered.
    fn hear(&mut self) -> Result<Heard, Stop> {
        for _ in 0..LINES_MAX {
            let Some(line) = self.wire()?.read()? else { break };
            let heard = self.meaning(&line);
            let is_greeting = self.lines.iter().all(|(side, _)| *side == Side::Server);
            let continues = self.protocol == Protocol::Smtp && is_continued_reply(&line);
            self.lines.push((Side::Server, line));
            match heard {
                Heard::No => return Err(Stop::No),
                // Nothing but the greeting comes before the first command.
                Heard::Beside if is_greeting && !continues => return Err(Stop::Unexpected),
                Heard::Beside => (),
                heard => return Ok(heard),
            }
        }
        Err(Stop::Closed(self.closed()))
    }

    /// The lines up to one with a single dot (RFC 1939 §3).
    pub(super) fn up_to_the_dot(&mut self) -> Result<(), Stop> {
        for _ in 0..LINES_MAX {
            let Some(line) = self.wire()?.read()? else { break };
            let is_end = line == ".";
            self.lines.push((Side::Server, line));
            if is_end {
                return Ok(());
            }
        }
        Err(Stop::Closed(self.closed()))
    }

    fn meaning(&self, line: &str) -> Heard {
        match self.protocol {
            Protocol::Imap => {
                let mut words = line.split(' ');
                let first = words.next().unwrap_or_default().to_ascii_lowercase();
                let second = words.next().unwrap_or_default().to_ascii_uppercase();
                match &*first {
                    "+" => Heard::GoOn,
                    // The greeting; later, such a line is not the answer to a command.
                    "*" if self.tags == 0 && second == "OK" => Heard::Yes,
                    "*" if self.tags == 0 && second == "BYE" => Heard::No,
                    tag if 0 < self.tags && tag == self.tag() => match &*second {
                        "OK" => Heard::Yes,
                        _ => Heard::No,
                    },
                    _ => Heard::Beside,
                }
            }
            Protocol::Pop => {
                match &*line.split(' ').next().unwrap_or_default().to_ascii_uppercase() {
                    "+OK" => Heard::Yes,
                    "+" => Heard::GoOn,
                    "-ERR" => Heard::No,
                    _ => Heard::Beside,
                }
            }
            Protocol::Smtp => match (line.get(..3), line.as_bytes().get(3)) {
                (_, Some(b'-')) => Heard::Beside,
                (Some("334"), _) => Heard::GoOn,
                (Some(code), _) if code.starts_with(['4', '5']) => Heard::No,
                (Some(code), _) if code.starts_with(['2', '3']) => Heard::Yes,
                _ => Heard::Beside,
            },
        }
    }

    fn tag(&self) -> String {
        format!("a{}", self.tags)
    }

    fn wire(&mut self) -> Result<&mut (dyn Connection + 'static), Stop> {
        let closed = self.closed();
        self.wire.as_deref_mut().ok_or(Stop::Broken(closed))
    }

    fn closed(&self) -> HttpError {
        HttpError { host: self.host.clone(), failure: HttpFailure::Broken, source: None }
    }
}

/// Whether another line of the same SMTP reply follows (RFC 5321 §4.2.1).
fn is_continued_reply(line: &str) -> bool {
    let (code, rest) = line.split_at_checked(3).unwrap_or_default();
    code.bytes().all(|byte| byte.is_ascii_digit()) && rest.starts_with('-')
}
