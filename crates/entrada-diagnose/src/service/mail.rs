//! What a mail server and its client said to each other.

use super::mail_log::{in_prose, side_of};
use super::sasl::{self, Initial};
use entrada_core::entra::clouds::Cloud;
use entrada_core::{Protocol, Side};

/// Bytes of a sign-in string that are looked at: a token, and what is around it.
const STRING_MAX: usize = 512 << 10;

/// Whether a server that speaks `protocol` could have said `line`.
pub(super) fn is_server_line(protocol: Protocol, line: &str) -> bool {
    let mut words = line.split_whitespace();
    let (first, second) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    match protocol {
        Protocol::Imap => {
            let tag = first.len() <= 16
                // Programs count; a word before `NO` is prose.
                && (first.len() <= 2 || first.bytes().any(|byte| byte.is_ascii_digit()))
                && first.chars().all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c));
            let status = matches!(second, "OK" | "NO" | "BAD" | "BYE" | "PREAUTH");
            (status && (tag || first == "*")) || (first == "*" && second == "CAPABILITY")
        }
        Protocol::Smtp => {
            let code = first.get(..3).is_some_and(|code| {
                code.starts_with(['2', '3', '4', '5']) && code.chars().all(|c| c.is_ascii_digit())
            });
            code && (first.len() == 3 || first[3..].starts_with('-'))
                && (first.len() > 3 || is_enhanced(second) || !second.is_empty())
        }
        Protocol::Pop => matches!(first, "-ERR" | "+OK"),
    }
}

/// How the client signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mechanism {
    /// With a token: XOAUTH2.
    Token,
    /// With a token: OAUTHBEARER (RFC 7628), which Exchange Online does not offer everywhere.
    Bearer,
    /// With a password.
    Password,
}

/// A conversation, or the one line of it that was kept.
#[derive(Clone, Debug)]
pub struct MailLog {
    /// Which protocol.
    pub protocol: Protocol,
    /// Who said what, in order.
    pub lines: Vec<(Side, String)>,
    /// How the client signed in, where it shows.
    pub mechanism: Option<Mechanism>,
    /// What the client showed.
    pub initial: Option<Initial>,
    /// Whose mailbox, where that was told beside the lines.
    pub user: Option<String>,
}

impl MailLog {
    /// Lines that are looked at: a sign-in has some twenty.
    pub const LINES_MAX: usize = 2_000;

    /// Reads `text`; `None` where it is no talk of a mail protocol.
    pub fn parse(text: &str) -> Option<Self> {
        let lines: Vec<(Option<Side>, String)> = text
            .lines()
            .take(Self::LINES_MAX)
            .map(side_of)
            .filter(|(_, line)| !line.is_empty())
            .collect();
        let said: Vec<&str> = lines.iter().map(|(_, line)| line.as_str()).collect();
        // Marked lines are a talk whatever else the log has to say.
        let marked = lines.iter().filter(|(side, _)| side.is_some()).count();
        let protocol = protocol_of(&said, marked)?;
        let lines = lines
            .into_iter()
            // Between marked lines, words of the program that wrote the log are no part of the talk.
            .filter(|(side, line)| {
                side.is_some()
                    || marked < 2
                    || is_server_line(protocol, line)
                    || !line.contains(char::is_whitespace)
            })
            .map(|(side, line)| (side.unwrap_or_else(|| guess(protocol, &line)), line))
            .collect();
        Some(Self::new(protocol, lines, None))
    }

    /// The server's line that `text` is about: an exception, a system log, a bug report.
    pub fn in_prose(text: &str) -> Option<Self> {
        let (protocol, line) = in_prose(text)?;
        Some(Self::new(protocol, vec![(Side::Server, line)], None))
    }

    /// A talk whose protocol and sides are known.
    pub fn new(protocol: Protocol, mut lines: Vec<(Side, String)>, user: Option<String>) -> Self {
        lines.truncate(Self::LINES_MAX);
        let mut talk = Self { protocol, lines, mechanism: None, initial: None, user };
        talk.read_client();
        talk
    }

    /// A line as evidence files have it: `C: …`, `S: …`; without a mark it is the server's.
    pub fn line(text: &str) -> (Side, String) {
        let (side, line) = side_of(text);
        (side.unwrap_or(Side::Server), line)
    }

    fn read_client(&mut self) {
        let mut parts: Vec<String> = Vec::new();
        let mut expecting = false;
        for (side, line) in &self.lines {
            let upper = line.to_ascii_uppercase();
            if *side == Side::Server {
                expecting &= upper.starts_with('+') || upper.starts_with("334");
                continue;
            }
            let words: Vec<&str> = line.split_whitespace().collect();
            let tagged = usize::from(self.protocol == Protocol::Imap);
            let command = words.get(tagged).map(|word| word.to_ascii_uppercase());
            match command.as_deref() {
                Some("AUTHENTICATE" | "AUTH") => {
                    let mechanism = words.get(tagged + 1).map(|word| word.to_ascii_uppercase());
                    self.mechanism = match mechanism.as_deref() {
                        Some("XOAUTH2") => Some(Mechanism::Token),
                        Some("OAUTHBEARER") => Some(Mechanism::Bearer),
                        Some("PLAIN" | "LOGIN" | "CRAM-MD5" | "NTLM") => Some(Mechanism::Password),
                        _ => self.mechanism,
                    };
                    expecting =
                        matches!(self.mechanism, Some(Mechanism::Token | Mechanism::Bearer));
                    parts = words.iter().skip(tagged + 2).map(|word| (*word).to_owned()).collect();
                }
                Some("LOGIN") if self.protocol == Protocol::Imap => {
                    self.mechanism = Some(Mechanism::Password);
                }
                Some("PASS") if self.protocol == Protocol::Pop => {
                    self.mechanism = Some(Mechanism::Password);
                }
                _ if expecting => parts.push(line.trim().to_owned()),
                // A line of the string that was broken off the one before.
                _ => (),
            }
        }
        let string = parts.join("\n");
        self.initial = Some(string)
            .filter(|string| string.len() <= STRING_MAX)
            .and_then(|string| sasl::read_argument(&string));
    }

    /// What the server said, in order.
    pub fn server(&self) -> impl DoubleEndedIterator<Item = &str> {
        let own = self.lines.iter().filter(|(side, _)| *side == Side::Server);
        own.map(|(_, line)| line.as_str())
    }

    /// The line with which the server refused: the last one that says no.
    pub fn refusal(&self) -> Option<&str> {
        // A server that says good-bye to who takes leave refuses nothing.
        let leaves = self.lines.iter().any(|(side, line)| {
            *side == Side::Client && line.to_ascii_uppercase().ends_with("LOGOUT")
        });
        let good_bye = |line: &&str| {
            let upper = line.to_ascii_uppercase();
            upper.starts_with("* BYE") && (leaves || upper.contains("SIGNING OFF"))
        };
        let refused = self.server().filter(|line| says_no(self.protocol, line));
        let refused: Vec<&str> = refused.filter(|line| !good_bye(line)).collect();
        // The line that closes the connection says less than the one before.
        let closes = |line: &&&str| line.to_ascii_uppercase().starts_with("* BYE");
        refused.iter().rev().find(|line| !closes(line)).or(refused.last()).copied()
    }

    /// Whether the refusal is that of a message, which follows a sign-in: by SMTP's number (RFC 5321 §4.2.3; RFC 4954 §4
    /// has others for sign-ins), where its text does not speak of security (`5.7.x`, RFC 3463).
    pub fn is_about_the_message(&self) -> bool {
        let Some(line) = self.refusal().filter(|_| self.protocol == Protocol::Smtp) else {
            return false;
        };
        let mut words = line.split([' ', '-']);
        let number = words.next().and_then(|word| word.parse::<u16>().ok());
        let security = words.next().is_some_and(|word| word.starts_with("5.7."));
        number.is_some_and(|number| (550..=554).contains(&number)) && !security
    }

    /// Whether the refusal has a number of Exchange's for messages, senders and connections: its list of non-delivery
    /// reports has no sign-in among these.
    pub fn is_about_something_else(&self) -> bool {
        let Some(line) = self.refusal().filter(|_| self.protocol == Protocol::Smtp) else {
            return false;
        };
        let mut words = line.split([' ', '-']);
        let number = words.next().unwrap_or_default();
        let mut parts = words.next().unwrap_or_default().split('.').skip(1);
        let (subject, detail) = (parts.next(), parts.next().and_then(|detail| detail.parse().ok()));
        match (subject, detail) {
            // Who may send to whom, from where, and how much; TLS that is too old, certificates.
            (Some("7"), Some(12 | 23 | 25 | 64 | 66 | 124 | 133..=136 | 320..=329 | 500..=799)) => {
                true
            }
            // A command out of turn; too many recipients.
            (Some("5"), Some(2)) => number == "503",
            (Some("5"), Some(3)) => number == "452",
            _ => {
                let lower = line.to_ascii_lowercase();
                lower.contains("timeout waiting for client") || lower.contains("starttls")
            }
        }
    }

    /// Whether the client signed in with a password: nothing is shown of a token then.
    pub fn is_by_password(&self) -> bool {
        let client = || self.lines.iter().filter(|(side, _)| *side == Side::Client);
        let names = |line: &str, commands: &[&str]| {
            let at = usize::from(self.protocol == Protocol::Imap);
            let command = line.split_whitespace().nth(at).unwrap_or_default();
            commands.iter().any(|name| command.eq_ignore_ascii_case(name))
        };
        client().any(|(_, line)| self.sign_in_of(line).is_some() && names(line, &["LOGIN", "PASS"]))
            && !client().any(|(_, line)| names(line, &["AUTHENTICATE", "AUTH"]))
    }

    /// The tag of a client's command that signs in; without one, an empty word.
    fn sign_in_of<'a>(&self, line: &'a str) -> Option<&'a str> {
        let mut words = line.split_whitespace();
        let tag = if self.protocol == Protocol::Imap { words.next()? } else { "" };
        let command = words.next()?.to_ascii_uppercase();
        // `AUTH` alone asks for what there is (RFC 5034 §4).
        let signs_in = match command.as_str() {
            "AUTHENTICATE" | "AUTH" | "PASS" => words.next().is_some(),
            "LOGIN" => self.protocol == Protocol::Imap,
            _ => false,
        };
        signs_in.then_some(tag)
    }

    /// Whether the server says yes to the command that signs in.
    fn was_taken(&self) -> bool {
        let mut tag = None;
        self.lines.iter().any(|(side, line)| {
            if *side == Side::Client {
                tag = self.sign_in_of(line).or(tag);
                return false;
            }
            let mut words = line.split_whitespace();
            let (first, second) = (words.next(), words.next());
            tag.is_some_and(|tag| match self.protocol {
                Protocol::Imap => {
                    first == Some(tag) && second.is_some_and(|word| word.eq_ignore_ascii_case("OK"))
                }
                Protocol::Pop => first == Some("+OK"),
                Protocol::Smtp => first.is_some_and(|code| code.starts_with("235")),
            })
        })
    }

    /// Whether the server took the token, whatever came later.
    pub fn signed_in(&self) -> bool {
        self.was_taken() || self.says_that_it_signed_in()
    }

    /// The same by the words of one line, where the client's are not known.
    fn says_that_it_signed_in(&self) -> bool {
        // A log may have words of its own before the server's.
        let logged = self.protocol == Protocol::Imap
            && self.lines.iter().any(|(_, line)| line.contains(" OK AUTHENTICATE completed"));
        logged
            || self.server().any(|line| {
                let lower = line.to_ascii_lowercase();
                match self.protocol {
                    Protocol::Imap => {
                        let mut words = lower.split_whitespace().skip(1);
                        words.next() == Some("ok")
                            && ["authenticat", "login completed", "logged in"]
                                .iter()
                                .any(|words| lower.contains(words))
                    }
                    Protocol::Smtp => lower.starts_with("235"),
                    Protocol::Pop => {
                        lower.starts_with("+ok")
                            && (lower.contains("authenticated") || lower.contains("logged in"))
                    }
                }
            })
    }

    /// The cloud whose server greeted, by the names of its machines.
    pub fn cloud(&self) -> Option<Cloud> {
        let text = self.text();
        let has = |names: &[&str]| names.iter().any(|name| text.contains(name));
        if has(&["office365.us", "apps.mil"]) {
            Some(Cloud::UsGov)
        } else if has(&["partner.outlook.cn"]) {
            Some(Cloud::China)
        } else {
            has(&["outlook.office365.com", ".prod.outlook.com"]).then_some(Cloud::Public)
        }
    }

    /// Everything the server said, in lower case.
    pub fn text(&self) -> String {
        self.server().collect::<Vec<_>>().join("\n").to_ascii_lowercase()
    }

    /// Whose mailbox was meant.
    pub fn mailbox(&self) -> Option<&str> {
        let sent = self.initial.as_ref().and_then(|initial| initial.user.as_deref());
        sent.or(self.user.as_deref())
    }

    /// Why the server did not take the token, in its own JSON.
    pub fn error_json(&self) -> Option<serde_json::Value> {
        self.server().find_map(|line| {
            let text = line.strip_prefix("+ ").or_else(|| line.strip_prefix("334 "))?;
            sasl::error_json(text)
        })
    }
}

/// The protocol that most of `lines` could be of.
fn protocol_of(lines: &[&str], marked: usize) -> Option<Protocol> {
    let all = [Protocol::Imap, Protocol::Smtp, Protocol::Pop];
    let score =
        |protocol: &Protocol| lines.iter().filter(|line| is_server_line(*protocol, line)).count();
    let best = all.into_iter().max_by_key(score).filter(|protocol| 0 < score(protocol))?;
    // Prose may have a line that looks like one.
    let few = lines.len() <= 2 || lines.len() <= score(&best) * 4 || 2 <= marked;
    few.then_some(best)
}

fn guess(protocol: Protocol, line: &str) -> Side {
    // "Go on" in IMAP and POP, alone or with the server's reason in base64.
    let goes_on = protocol != Protocol::Smtp && (line == "+" || line.starts_with("+ "));
    if goes_on || is_server_line(protocol, line) { Side::Server } else { Side::Client }
}

/// RFC 3463: `5.7.3`.
fn is_enhanced(word: &str) -> bool {
    let parts: Vec<&str> = word.split('.').collect();
    parts.len() == 3
        && parts.iter().all(|part| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit()))
}

fn says_no(protocol: Protocol, line: &str) -> bool {
    let mut words = line.split_whitespace();
    let (first, second) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    match protocol {
        Protocol::Imap => matches!(second, "NO" | "BAD" | "BYE"),
        Protocol::Smtp => {
            first.starts_with(['4', '5'])
                && first.get(..3).is_some_and(|code| code.chars().all(|c| c.is_ascii_digit()))
        }
        Protocol::Pop => first == "-ERR",
    }
}

#[cfg(test)]
mod tests;
