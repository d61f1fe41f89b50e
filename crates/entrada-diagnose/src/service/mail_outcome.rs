//! The outcome of a conversation with a mail server: whether the server accepted the token, and what it refused after that.

use super::mail::MailLog;
use super::mail_commands::RefusedCommand;
use super::mail_sign_in::SignIn;
use entrada_core::{Protocol, Side};

impl MailLog {
    /// The server's refusal: the last line that refuses a command. After a sign-in, a refusal that no later success cancels, or
    /// the line that closes the connection.
    pub fn refusal(&self) -> Option<&str> {
        // A refusal after a sign-in by password is not about the token.
        if self.is_by_other() {
            return None;
        }
        let signed_in = self.signed_in_at();
        if let Some(refused) = self.refused_command() {
            return Some(refused.line);
        }
        let from = signed_in.map_or(0, |at| at + 1);
        // A `BYE` in answer to `LOGOUT` is not a refusal.
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
        // The line before the closing line is more specific.
        refused.iter().rev().find(|line| !closes(line)).or(refused.last()).copied()
    }

    /// Whether the server refused a message, which follows a sign-in: by the SMTP code (RFC 5321 §4.2.3; RFC 4954 §4
    /// defines other codes for sign-ins), unless the enhanced code is about security (`5.7.x`, RFC 3463).
    pub fn is_about_the_message(&self) -> bool {
        let Some(line) = self.refusal().filter(|_| self.protocol == Protocol::Smtp) else {
            return false;
        };
        let mut words = line.split([' ', '-']);
        let number = words.next().and_then(|word| word.parse::<u16>().ok());
        let security = words.next().is_some_and(|word| word.starts_with("5.7."));
        number.is_some_and(|number| (550..=554).contains(&number)) && !security
    }

    /// Whether the refusal has an Exchange code for messages, senders or connections: in its list of non-delivery
    /// reports, these codes are not about sign-ins.
    pub fn is_about_something_else(&self) -> bool {
        let Some(line) = self.refusal().filter(|_| self.protocol == Protocol::Smtp) else {
            return false;
        };
        let mut words = line.split([' ', '-']);
        let number = words.next().unwrap_or_default();
        let mut parts = words.next().unwrap_or_default().split('.').skip(1);
        let (subject, detail) = (parts.next(), parts.next().and_then(|detail| detail.parse().ok()));
        match (subject, detail) {
            // Rules for senders and recipients, origins and limits; an old TLS version, certificates.
            (Some("7"), Some(12 | 23 | 25 | 64 | 66 | 124 | 133..=136 | 320..=329 | 500..=799)) => {
                true
            }
            // A command out of sequence; too many recipients.
            (Some("5"), Some(2)) => number == "503",
            (Some("5"), Some(3)) => number == "452",
            _ => {
                let lower = line.to_ascii_lowercase();
                lower.contains("timeout waiting for client") || lower.contains("starttls")
            }
        }
    }

    /// Whether the server accepted the token, regardless of later events.
    pub fn signed_in(&self) -> bool {
        self.signed_in_at().is_some()
    }

    /// The line with which the server accepted the token, or a sign-in whose mechanism is not in the log.
    pub(super) fn signed_in_at(&self) -> Option<usize> {
        match self.sign_in() {
            SignIn::ByToken(at) | SignIn::Unnamed(at) => Some(at),
            SignIn::ByOther | SignIn::NotTaken | SignIn::Missing => None,
        }
    }

    /// Whether the client signed in without a token, and the server accepted that.
    fn is_by_other(&self) -> bool {
        self.sign_in() == SignIn::ByOther
    }

    /// Whether the server accepted the token, refused only wrong names or sizes after that (a folder or recipient that does
    /// not exist, a message that is too large), and did not end the connection. If a `token` is given, a lone refusal of a
    /// kind that occurs only after sign-ins is enough.
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

/// Whether `word` is a tag as programs write it, usually with a number. Another word before `NO` is prose.
pub(super) fn is_tag(word: &str) -> bool {
    word.len() <= 16
        && (word.len() <= 2 || word.bytes().any(|byte| byte.is_ascii_digit()))
        && word.chars().all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c))
}

/// Whether `word`, which is as short as a tag, is an English word: "We NO longer accept this".
pub(super) fn is_english(word: &str) -> bool {
    const WORDS: [&str; 24] = [
        "am", "an", "as", "at", "be", "by", "do", "go", "he", "i", "if", "in", "is", "it", "me",
        "my", "of", "on", "or", "so", "to", "up", "us", "we",
    ];
    WORDS.iter().any(|own| own.eq_ignore_ascii_case(word))
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
