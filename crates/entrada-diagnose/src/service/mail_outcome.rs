//! What became of a talk with a mail server: whether the token was taken, and what was refused then.

use super::mail::MailLog;
use super::mail_commands::RefusedCommand;
use super::mail_sign_in::SignIn;
use entrada_core::{Protocol, Side};

impl MailLog {
    /// The line with which the server refused: the last one that says no. After a sign-in, one that nothing makes up for, or
    /// the one with which it closed the connection.
    pub fn refusal(&self) -> Option<&str> {
        // What is refused to somebody with a password says nothing of the token.
        if self.is_by_other() {
            return None;
        }
        let signed_in = self.signed_in_at();
        if let Some(refused) = self.refused_command() {
            return Some(refused.line);
        }
        let from = signed_in.map_or(0, |at| at + 1);
        // A server that says good-bye to who takes leave refuses nothing.
        let leaves = self.lines.iter().any(|(side, line)| {
            *side == Side::Client && line.to_ascii_uppercase().ends_with("LOGOUT")
        });
        let closes = |line: &&str| line.to_ascii_uppercase().starts_with("* BYE");
        let good_bye = |line: &&str| {
            closes(line) && (leaves || line.to_ascii_uppercase().contains("SIGNING OFF"))
        };
        let server = self.lines.iter().skip(from).filter(|(side, _)| *side == Side::Server);
        let refused =
            server.map(|(_, line)| line.as_str()).filter(|line| says_no(self.protocol, line));
        let refused: Vec<&str> = refused.filter(|line| !good_bye(line)).collect();
        if signed_in.is_some() {
            return refused.into_iter().rev().find(closes);
        }
        // The line that closes the connection says less than the one before.
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

    /// Whether the server took the token, whatever came later.
    pub fn signed_in(&self) -> bool {
        self.signed_in_at().is_some()
    }

    /// The line with which the server took the token, or took what no line of the client's names.
    pub(super) fn signed_in_at(&self) -> Option<usize> {
        match self.sign_in() {
            SignIn::ByToken(at) | SignIn::Unnamed(at) => Some(at),
            SignIn::ByOther | SignIn::NotTaken | SignIn::Missing => None,
        }
    }

    /// Whether the client signed in by something that is no token, and the server took it.
    fn is_by_other(&self) -> bool {
        self.sign_in() == SignIn::ByOther
    }

    /// Whether the token was taken, nothing was refused after that but what the client named (a folder or recipient that is
    /// not there, a message that is too large), and the server did not end the connection. With a `token` at hand, a refusal
    /// alone is enough that comes after sign-ins only.
    pub fn let_in(&self, token: bool) -> bool {
        match self.sign_in() {
            SignIn::ByToken(at) | SignIn::Unnamed(at) => {
                !self.is_cut_after(at)
                    && self.refused_command().is_none_or(|refused| self.is_named_wrong(&refused))
            }
            SignIn::Missing => {
                let alone =
                    self.refusal().map(|line| RefusedCommand { command: None, argument: "", line });
                token
                    && self.is_about_the_message()
                    && alone.is_some_and(|refused| self.is_named_wrong(&refused))
            }
            SignIn::ByOther | SignIn::NotTaken => false,
        }
    }
}

/// Whether `word` is a tag as programs write them, which count; a word before `NO` is prose.
pub(super) fn is_tag(word: &str) -> bool {
    word.len() <= 16
        && (word.len() <= 2 || word.bytes().any(|byte| byte.is_ascii_digit()))
        && word.chars().all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c))
}

pub(super) fn says_no(protocol: Protocol, line: &str) -> bool {
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
