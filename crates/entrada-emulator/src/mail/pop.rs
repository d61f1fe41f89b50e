//! POP3 (RFC 1939, RFC 5034).

use super::mailbox::{MESSAGES, message};
use super::{MailConnection, MailReply, MailStep};
use crate::Emulator;
use crate::account::EmulatedAccount;
use entrada_core::NumericDate;

/// The state of one connection.
#[derive(Debug, Default)]
pub(super) struct Session {
    /// The numbers that `DELE` marked. They return with the next connection.
    deleted: Vec<usize>,
    /// Whether a user name was sent.
    named: bool,
}

impl MailConnection {
    pub(super) fn pop_line(
        &mut self,
        line: &str,
        emulator: &Emulator,
        now: NumericDate,
    ) -> MailReply {
        let mut words = line.split(' ').filter(|word| !word.is_empty());
        let name = words.next().unwrap_or_default().to_ascii_uppercase();
        let arguments: Vec<&str> = words.collect();
        let ok = |text: &str| MailReply::say(format!("+OK {text}").trim_end().to_owned());
        match (name.as_str(), arguments.as_slice()) {
            ("CAPA", _) => {
                let tls = if self.offers_tls { "STLS\r\n" } else { "" };
                MailReply::say(format!(
                    "+OK\r\nTOP\r\nUIDL\r\nSASL PLAIN XOAUTH2\r\n{tls}USER\r\n."
                ))
            }
            ("QUIT", _) => {
                ok("Microsoft Exchange Server POP3 server signing off.").then(MailStep::Close)
            }
            ("STLS", _) if self.offers_tls => ok("Begin TLS negotiation.").then(MailStep::StartTls),
            ("AUTH", [mechanism, rest @ ..]) if self.user.is_none() => {
                self.begin_sasl("", mechanism, rest.first().copied(), emulator, now)
            }
            ("USER", [_]) if self.user.is_none() => {
                self.pop.named = true;
                ok("")
            }
            ("PASS", _) if self.pop.named && self.user.is_none() => self.password_refused(""),
            (command, arguments) => match self.user {
                Some(user) if user.mailbox => self.pop_mail(user, command, arguments),
                _ => MailReply::say("-ERR Command is not valid in this state."),
            },
        }
    }

    fn pop_mail(
        &mut self,
        user: &'static EmulatedAccount,
        command: &str,
        arguments: &[&str],
    ) -> MailReply {
        // Message 1 is the oldest.
        let text = |number: usize| message(user, MESSAGES.len().checked_sub(number)?);
        let all: Vec<(usize, String)> = (1..=MESSAGES.len())
            .filter(|number| !self.pop.deleted.contains(number))
            .filter_map(|number| Some((number, text(number)?)))
            .collect();
        let named = arguments.first().and_then(|number| number.parse().ok());
        let found = named.and_then(|named: usize| all.iter().find(|(number, _)| *number == named));
        let size: usize = all.iter().map(|(_, text)| text.len()).sum();
        let list = |line: &dyn Fn(usize, &str) -> String| {
            let lines: String =
                all.iter().map(|(number, text)| line(*number, text) + "\r\n").collect();
            MailReply::say(format!("+OK\r\n{lines}."))
        };
        let of_list = |number: usize, text: &str| format!("{number} {}", text.len());
        let of_uidl = |number: usize, _: &str| format!("{number} emulator{number}");
        match (command, arguments, found) {
            ("STAT", [], _) => MailReply::say(format!("+OK {} {size}", all.len())),
            ("LIST", [], _) => list(&of_list),
            ("UIDL", [], _) => list(&of_uidl),
            ("LIST", [_], Some((number, text))) => {
                MailReply::say(format!("+OK {}", of_list(*number, text)))
            }
            ("UIDL", [_], Some((number, text))) => {
                MailReply::say(format!("+OK {}", of_uidl(*number, text)))
            }
            ("RETR", [_], Some((_, text))) => MailReply::say(format!("+OK\r\n{text}.")),
            ("TOP", [_, lines], Some((_, text))) => {
                let (header, body) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
                let lines = lines.parse().unwrap_or_default();
                let body: String = body.split_inclusive("\r\n").take(lines).collect();
                MailReply::say(format!("+OK\r\n{header}\r\n\r\n{body}."))
            }
            ("DELE", [_], Some((number, _))) => {
                self.pop.deleted.push(*number);
                MailReply::say("+OK")
            }
            ("RSET", [], _) => {
                self.pop.deleted.clear();
                MailReply::say("+OK")
            }
            ("NOOP", ..) => MailReply::say("+OK"),
            ("LIST" | "UIDL" | "RETR" | "TOP" | "DELE", ..) => {
                MailReply::say("-ERR The specified message is out of range.")
            }
            _ => MailReply::say("-ERR Protocol error. 14"),
        }
    }
}
