//! A conversation between a mail server and its client.

use super::mail_context::{SentSecret, sent_secret, speaks_of_shared, untagged, with_whole_codes};
use super::mail_log::{in_prose, quoted, side_of};
use super::mail_outcome::{is_english, is_tag};
use super::mail_sign_in::is_lost;
use super::sasl::{self, Initial};
use entrada_core::entra::clouds::Cloud;
use entrada_core::{Protocol, Side};

/// Maximum length of a sign-in string in bytes: a token and the text around it.
const STRING_MAX: usize = 512 << 10;

/// Whether `line` could come from a server that speaks `protocol`.
pub(super) fn is_server_line(protocol: Protocol, line: &str) -> bool {
    let mut words = line.split_whitespace();
    let (first, second) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    match protocol {
        Protocol::Imap => {
            let status = matches!(second, "OK" | "NO" | "BAD" | "BYE" | "PREAUTH");
            (status && ((is_tag(first) && !is_english(first)) || first == "*"))
                || (first == "*" && second == "CAPABILITY")
        }
        Protocol::Smtp => {
            let code = first.get(..3).is_some_and(|code| {
                code.starts_with(['2', '3', '4', '5']) && code.chars().all(|c| c.is_ascii_digit())
            });
            let rest = first.get(3..).unwrap_or_default();
            let is_whole =
                code && (rest.starts_with('-') || (rest.is_empty() && !second.is_empty()));
            let enhanced = rest.strip_prefix('-').unwrap_or(second);
            is_whole
                && (first.starts_with(['2', '3']) || is_enhanced(enhanced) || is_smtp_refusal(line))
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
    /// With a password, or something else that is not a token.
    Password,
}

/// A conversation, or a single line of it.
#[derive(Clone, Debug)]
pub struct MailLog {
    /// The protocol.
    pub protocol: Protocol,
    /// The lines in order, each with its side.
    pub lines: Vec<(Side, String)>,
    /// How the client signed in, if known.
    pub mechanism: Option<Mechanism>,
    /// The client's initial response.
    pub initial: Option<Initial>,
    /// The name of the mailbox, if it was given separately.
    pub user: Option<String>,
    /// The host that was asked, if it is known apart from the lines.
    pub host: Option<String>,
    /// The line of a text that quotes the server's line in other words.
    pub(super) quoted: Option<String>,
    /// What the text around the server's line shows that the client sent.
    pub(super) sent: Option<SentSecret>,
    /// Whether the text around the server's line speaks of a shared mailbox.
    pub(super) is_of_shared: bool,
}

impl MailLog {
    /// Maximum number of lines that are read: a sign-in has about twenty.
    pub const LINES_MAX: usize = 2_000;

    /// Reads `text`; `None` if it is not a mail conversation.
    pub fn parse(text: &str) -> Option<Self> {
        let mut lines: Vec<(Option<Side>, String)> = text
            .lines()
            .take(Self::LINES_MAX)
            .map(side_of)
            .filter(|(_, line)| !line.is_empty())
            .collect();
        // A mark of one side before the lines of both is the quoting of a mail.
        if !lines.iter().any(|(side, _)| *side == Some(Side::Server)) {
            for (side, _) in &mut lines {
                *side = None;
            }
        }
        let said: Vec<&str> = lines.iter().map(|(_, line)| line.as_str()).collect();
        // Marked lines are a conversation, whatever else the log contains.
        let marked = lines.iter().filter(|(side, _)| side.is_some()).count();
        let protocol = protocol_of(&said, marked)?;
        let lines = lines
            .into_iter()
            // Between marked lines, the logging program's own lines are not part of the conversation.
            .filter(|(side, line)| {
                side.is_some()
                    || marked < 2
                    || is_server_line(protocol, line)
                    || !line.contains(char::is_whitespace)
                    || is_lost(line)
            })
            .map(|(side, line)| (side.unwrap_or_else(|| guess(protocol, &line)), line))
            .collect();
        let mut talk = Self::new(protocol, with_right_sides(protocol, lines), None);
        talk.sent = sent_secret(text);
        talk.is_of_shared = speaks_of_shared(text);
        // A line may have several commands and answers, as some programs log them.
        talk.mechanism = talk.mechanism.or_else(|| named_mechanism(text));
        Some(talk)
    }

    /// The server's line that `text` quotes: an exception, a system log, a bug report.
    pub fn in_prose(text: &str) -> Option<Self> {
        let whole = with_whole_codes(text);
        let text = whole.as_str();
        let (protocol, line, quoted) = match in_prose(text) {
            Some((protocol, line)) => (protocol, line, quoted(text)),
            None => untagged(text)
                .map(|(protocol, said, line)| (protocol, said, Some(line.trim().to_owned())))?,
        };
        let mut talk = Self::new(protocol, vec![(Side::Server, line)], None);
        talk.mechanism = named_mechanism(text);
        talk.quoted = quoted;
        talk.sent = sent_secret(text);
        talk.is_of_shared = speaks_of_shared(text);
        Some(talk)
    }

    /// A conversation with a known protocol and known sides.
    pub fn new(protocol: Protocol, mut lines: Vec<(Side, String)>, user: Option<String>) -> Self {
        lines.truncate(Self::LINES_MAX);
        let mut talk = Self {
            protocol,
            lines,
            mechanism: None,
            initial: None,
            user,
            host: None,
            quoted: None,
            sent: None,
            is_of_shared: false,
        };
        talk.read_client();
        talk
    }

    /// A line in the form of evidence files: `C: …`, `S: …`. Without a mark it is the server's.
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
                        Some(_) => Some(Mechanism::Password),
                        None => self.mechanism,
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
                // The continuation of a wrapped string.
                _ => (),
            }
        }
        let string = parts.join("\n");
        self.initial = Some(string)
            .filter(|string| string.len() <= STRING_MAX)
            .and_then(|string| sasl::read_argument(&string));
    }

    /// The server's lines, in order.
    pub fn server(&self) -> impl DoubleEndedIterator<Item = &str> {
        let own = self.lines.iter().filter(|(side, _)| *side == Side::Server);
        own.map(|(_, line)| line.as_str())
    }

    /// The cloud of the server, from the host names in its lines.
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

    /// All server lines, in lower case.
    pub fn text(&self) -> String {
        self.server().collect::<Vec<_>>().join("\n").to_ascii_lowercase()
    }

    /// The name of the mailbox.
    pub fn mailbox(&self) -> Option<&str> {
        let sent = self.initial.as_ref().and_then(|initial| initial.user.as_deref());
        sent.or(self.user.as_deref())
    }

    /// The server's JSON with the reason for refusing the token.
    pub fn error_json(&self) -> Option<serde_json::Value> {
        self.server().find_map(|line| {
            let text = line.strip_prefix("+ ").or_else(|| line.strip_prefix("334 "))?;
            sasl::error_json(text)
        })
    }
}

/// Swaps the sides if the marks mean the opposite: some programs mark what they send as `<`.
fn with_right_sides(protocol: Protocol, lines: Vec<(Side, String)>) -> Vec<(Side, String)> {
    let of_server = |side: Side| {
        let own = lines.iter().filter(|(own, line)| *own == side && is_server_line(protocol, line));
        own.count()
    };
    if of_server(Side::Client) <= of_server(Side::Server) {
        return lines;
    }
    let other = |side| if side == Side::Client { Side::Server } else { Side::Client };
    lines.into_iter().map(|(side, line)| (other(side), line)).collect()
}

/// The mechanism that a program names beside the server's line: `AUTHENTICATE PLAIN <authdata>`, `command: 'AUTH LOGIN'`.
fn named_mechanism(text: &str) -> Option<Mechanism> {
    let upper = text.to_ascii_uppercase();
    let has = |words: &[&str]| words.iter().any(|word| upper.contains(word));
    if has_login_command(&upper) {
        return Some(Mechanism::Password);
    }
    if has(&["XOAUTH2", "OAUTHBEARER"]) {
        return None;
    }
    let password = [
        "AUTHENTICATE PLAIN",
        "AUTHENTICATE LOGIN",
        "AUTHENTICATOR LOGIN",
        "AUTHENTICATOR PLAIN",
        "AUTH PLAIN",
        "AUTH LOGIN",
    ];
    (has(&password) || upper.contains("SASL MECHANISM PLAIN")).then_some(Mechanism::Password)
}

/// Whether `text`, in upper case, has IMAP's command `LOGIN` with its tag (RFC 9051 §6.2.3): `A0002 LOGIN "anna" *`. People write the word as well,
/// and their words have no digits.
fn has_login_command(text: &str) -> bool {
    text.match_indices(" LOGIN \"").any(|(at, _)| {
        let tag =
            text[..at].rsplit(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        tag.len() <= TAG_MAX && tag.bytes().any(|byte| byte.is_ascii_digit())
    })
}

/// Maximum length of a tag that programs make, in characters.
const TAG_MAX: usize = 16;

/// The protocol that fits most of `lines`.
fn protocol_of(lines: &[&str], marked: usize) -> Option<Protocol> {
    let all = [Protocol::Imap, Protocol::Smtp, Protocol::Pop];
    let score =
        |protocol: &Protocol| lines.iter().filter(|line| is_server_line(*protocol, line)).count();
    let best = all.into_iter().max_by_key(score).filter(|protocol| 0 < score(protocol))?;
    // A line of prose may look like a server line.
    let few = lines.len() <= 2 || lines.len() <= score(&best) * 4 || 2 <= marked;
    few.then_some(best)
}

fn guess(protocol: Protocol, line: &str) -> Side {
    // The continuation request of IMAP and POP, alone or with the server's reason in base64.
    let goes_on = protocol != Protocol::Smtp && (line == "+" || line.starts_with("+ "));
    if goes_on || is_server_line(protocol, line) { Side::Server } else { Side::Client }
}

/// Whether `line`, which begins with a number but has no enhanced code, is one of a mail server: its number is one of SMTP
/// (RFC 5321 §4.2.3, RFC 4954 §6), and it speaks of mail. `450 users are affected` does not.
fn is_smtp_refusal(line: &str) -> bool {
    const NUMBERS: [&str; 30] = [
        "421", "430", "432", "450", "451", "452", "454", "455", "500", "501", "502", "503", "504",
        "521", "523", "525", "530", "534", "535", "538", "541", "550", "551", "552", "553", "554",
        "555", "556", "557", "571",
    ];
    const WORDS: [&str; 36] = [
        "access denied",
        "address",
        "argument",
        "auth",
        "blocked",
        "closing",
        "command",
        "connection",
        "content",
        "credentials",
        "data",
        "esmtp",
        "greylist",
        "grey-list",
        "helo",
        "host",
        "login",
        "mail",
        "message",
        "must issue",
        "not accepted",
        "password",
        "policy",
        "quota",
        "recipient",
        "reject",
        "relay",
        "rcpt",
        "sender",
        "sequence",
        "service",
        "smtp",
        "spam",
        "starttls",
        "syntax",
        "unavailable",
    ];
    let lower = line.to_ascii_lowercase();
    let number = lower.get(..3).unwrap_or_default();
    let rest = lower.get(4..).unwrap_or_default().trim_start();
    NUMBERS.contains(&number)
        && !rest.starts_with(['{', '[', '<'])
        && WORDS.iter().any(|word| rest.contains(word))
}

/// RFC 3463: `5.7.3`.
fn is_enhanced(word: &str) -> bool {
    let parts: Vec<&str> = word.split('.').collect();
    parts.len() == 3
        && parts.iter().all(|part| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests;
