//! The last sign-in of a conversation with a mail server: its mechanism and its outcome.

use super::mail::MailLog;
use super::mail_outcome::says_no;
use crate::read::refuses;
use entrada_core::{Protocol, Side};

/// Number of lines at the end of a conversation that are searched for a lost connection or a failure.
const LAST_LINES: usize = 3;

/// Words of programs for a lost connection or a failure, in lower case.
const LOST: [&str; 17] = [
    "broken pipe",
    "closed by foreign",
    "closed by remote",
    "closed by the remote",
    "connection aborted",
    "connection closed",
    "connection lost",
    "connection reset",
    "disconnected",
    "error:",
    "exception:",
    "forcibly closed",
    "reset by peer",
    "timed out",
    "traceback",
    "unexpected eof",
    "unexpectedly closed",
];

/// The outcome of the last sign-in of the last connection. The number is the index of the line that accepted it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SignIn {
    /// By token, and the server accepted it.
    ByToken(usize),
    /// By a password, a certificate or similar, and the server accepted it.
    ByOther,
    /// The server accepted it, and no line names the mechanism: `AUTHENTICATE` or `AUTH`, which Exchange Online accepts only
    /// with tokens.
    Unnamed(usize),
    /// The server refused it, or gave no answer.
    NotTaken,
    /// There was no sign-in.
    Missing,
}

/// A command that signs in.
struct Attempt<'a> {
    /// Its tag; only IMAP has tags.
    tag: &'a str,
    by_token: bool,
}

/// Reads one conversation, line by line.
struct Reader<'a> {
    protocol: Protocol,
    /// The sign-in without an answer yet.
    attempt: Option<Attempt<'a>>,
    found: SignIn,
    /// Whether the client has sent a line in this conversation.
    has_client: bool,
    /// Number of commands and strings without an answer yet.
    waiting: usize,
    /// Whether the last command starts TLS, after which SMTP servers greet again.
    begins_tls: bool,
}

impl MailLog {
    /// The last sign-in of the last connection.
    pub(super) fn sign_in(&self) -> SignIn {
        let mut reader = Reader {
            protocol: self.protocol,
            attempt: None,
            found: SignIn::Missing,
            has_client: false,
            waiting: 0,
            begins_tls: false,
        };
        for (at, (side, line)) in self.lines.iter().enumerate() {
            match side {
                _ if reader.reads_result(at, line) => (),
                Side::Client => reader.client(line),
                Side::Server => reader.server(at, line),
            }
        }
        reader.found
    }

    /// Whether the server ended the connection, or it was lost, after the sign-in at line `at` and before the client logged
    /// out. A server may end a connection that is idle for a long time; that is normal.
    pub(super) fn is_cut_after(&self, at: usize) -> bool {
        let mut last = String::new();
        for (number, (side, line)) in self.lines.iter().enumerate().skip(at + 1) {
            let upper = line.to_ascii_uppercase();
            if upper.starts_with("* BYE") && last != "IDLE" {
                return true;
            }
            if *side == Side::Server {
                continue;
            }
            let near_end = self.lines.len() <= number + LAST_LINES;
            if near_end && is_lost(line) {
                return true;
            }
            let name = command(self.protocol, &upper);
            if ["LOGOUT", "QUIT"].contains(&name) {
                return false;
            }
            name.clone_into(&mut last);
        }
        false
    }
}

impl<'a> Reader<'a> {
    /// Reads a line in which JavaMail logs a command and its answer; false for other lines.
    fn reads_result(&mut self, at: usize, line: &str) -> bool {
        let Some((command, answer)) = line.split_once(" command result: ") else { return false };
        self.found = match answer.split_whitespace().nth(1) {
            Some("OK") if names_a_token(command) => SignIn::ByToken(at),
            Some("OK") => SignIn::ByOther,
            _ => SignIn::NotTaken,
        };
        true
    }

    fn client(&mut self, line: &'a str) {
        self.has_client = true;
        self.waiting += 1;
        let upper = line.to_ascii_uppercase();
        let name = command(self.protocol, &upper);
        self.begins_tls = name == "STARTTLS";
        // The client gives up: the next answer is about this command.
        if ["LOGOUT", "QUIT"].contains(&name) {
            self.attempt = None;
        }
        let skipped = usize::from(self.protocol == Protocol::Imap);
        let mut rest = line.split_whitespace();
        let tag = if skipped == 1 { rest.next().unwrap_or_default() } else { "" };
        let argument = rest.nth(1);
        let by_token = match name {
            // `AUTH` alone lists the mechanisms (RFC 5034 §4).
            "AUTHENTICATE" | "AUTH" if argument.is_some() => argument.is_some_and(names_a_token),
            "LOGIN" if self.protocol == Protocol::Imap => false,
            "PASS" | "APOP" if self.protocol == Protocol::Pop => false,
            _ => return,
        };
        self.attempt = Some(Attempt { tag, by_token });
        self.found = SignIn::NotTaken;
    }

    fn server(&mut self, at: usize, line: &str) {
        if self.greets(line) {
            (self.attempt, self.found) = (None, SignIn::Missing);
            return;
        }
        let mut words = line.split_whitespace();
        let (first, second) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let is_ok = second.eq_ignore_ascii_case("OK");
        let taken = match self.protocol {
            Protocol::Imap => is_ok,
            // The answer to `QUIT`, whatever became of the command before it.
            Protocol::Pop if line.to_ascii_lowercase().contains("signing off") => false,
            Protocol::Pop => first.eq_ignore_ascii_case("+OK"),
            Protocol::Smtp => first.starts_with("235"),
        };
        let ends = taken || says_no(self.protocol, line);
        // An untagged line ends no command of IMAP.
        let may_end = taken && first != "*";
        if self.protocol != Protocol::Imap {
            let answered = ends || ["+", "334"].contains(&first);
            self.waiting = self.waiting.saturating_sub(usize::from(answered));
        } else if ends && first != "*" {
            self.waiting = 0;
        }
        match &self.attempt {
            Some(attempt) => {
                let own = self.protocol != Protocol::Imap || first == attempt.tag;
                if ends && own {
                    self.found = match attempt.by_token {
                        true if taken => SignIn::ByToken(at),
                        false if taken => SignIn::ByOther,
                        _ => SignIn::NotTaken,
                    };
                    self.attempt = None;
                }
            }
            // Only the server's line is known, so its words decide.
            None if self.found == SignIn::Missing && may_end && !refuses(line) => {
                let lower = line.to_ascii_lowercase();
                let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
                if self.protocol == Protocol::Smtp || has(&["authenticat"]) {
                    self.found = SignIn::Unnamed(at);
                } else if has(&["login completed", "logged in", "logged on"]) {
                    self.found = SignIn::ByOther;
                }
            }
            None => (),
        }
    }

    /// Whether `line` is the greeting of a new connection.
    fn greets(&self, line: &str) -> bool {
        let upper = line.to_ascii_uppercase();
        self.has_client
            && match self.protocol {
                Protocol::Imap => {
                    let rest = upper.strip_prefix("* OK ").or(upper.strip_prefix("* PREAUTH"));
                    self.waiting == 0
                        && rest.is_some_and(|rest| {
                            !rest.starts_with('[') || rest.starts_with("[CAPABILITY")
                        })
                }
                Protocol::Pop => self.waiting == 0 && upper.starts_with("+OK"),
                Protocol::Smtp => upper.starts_with("220") && !self.begins_tls,
            }
    }
}

/// The command in `line`, which is in upper case.
fn command(protocol: Protocol, line: &str) -> &str {
    line.split_whitespace().nth(usize::from(protocol == Protocol::Imap)).unwrap_or_default()
}

/// Whether `text` names a mechanism that sends a token.
fn names_a_token(text: &str) -> bool {
    let upper = text.to_ascii_uppercase();
    upper.contains("XOAUTH2") || upper.contains("OAUTHBEARER")
}

/// Whether `line` reports a lost connection or a failed program.
pub(super) fn is_lost(line: &str) -> bool {
    let lower = line.to_ascii_lowercase();
    LOST.iter().any(|words| lower.contains(words))
}
