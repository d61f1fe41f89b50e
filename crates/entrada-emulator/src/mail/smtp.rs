//! Mail submission (RFC 5321, RFC 4954). What is sent is accepted and not kept.

use super::{HOST, MailConnection, MailReply, MailStep};
use crate::Emulator;
use entrada_core::NumericDate;

/// The state of one connection.
#[derive(Debug, Default)]
pub(super) struct Session {
    sender: bool,
    recipients: usize,
    /// Whether the lines of a message follow.
    data: bool,
}

impl MailConnection {
    pub(super) fn smtp_line(
        &mut self,
        line: &str,
        emulator: &Emulator,
        now: NumericDate,
    ) -> MailReply {
        if self.smtp.data {
            if line != "." {
                return MailReply::default();
            }
            self.smtp = Session::default();
            return MailReply::say(format!(
                "250 2.0.0 OK <emulator@{HOST}> Queued mail for delivery"
            ));
        }
        let (name, arguments) = line.split_once(' ').unwrap_or((line, ""));
        let upper = arguments.to_ascii_uppercase();
        match name.to_ascii_uppercase().as_str() {
            "EHLO" => {
                let tls = if self.offers_tls { "250-STARTTLS\r\n" } else { "" };
                MailReply::say(format!(
                    "250-{HOST} Hello\r\n250-SIZE 157286400\r\n250-PIPELINING\r\n250-DSN\r\n\
                     250-ENHANCEDSTATUSCODES\r\n{tls}250-AUTH LOGIN XOAUTH2\r\n250-8BITMIME\r\n250 SMTPUTF8"
                ))
            }
            "HELO" => MailReply::say(format!("250 {HOST} Hello")),
            "STARTTLS" if self.offers_tls => {
                MailReply::say("220 2.0.0 SMTP server ready").then(MailStep::StartTls)
            }
            "AUTH" if self.user.is_none() => {
                let (mechanism, initial) = match arguments.split_once(' ') {
                    Some((mechanism, initial)) => (mechanism, Some(initial)),
                    None => (arguments, None),
                };
                self.begin_sasl("", mechanism, initial, emulator, now)
            }
            "NOOP" => MailReply::say("250 2.0.0 OK"),
            "RSET" => {
                self.smtp = Session::default();
                MailReply::say("250 2.0.0 Resetting")
            }
            "QUIT" => MailReply::say("221 2.0.0 Service closing transmission channel")
                .then(MailStep::Close),
            "MAIL" if upper.starts_with("FROM:") => {
                let Some(user) = self.user.filter(|user| user.mailbox) else {
                    return MailReply::say(format!(
                        "530 5.7.57 Client not authenticated to send mail. [{HOST}]"
                    ));
                };
                let sender = arguments.get(5..).unwrap_or_default().trim();
                let sender = sender.trim_start_matches('<').split('>').next().unwrap_or_default();
                if !sender.eq_ignore_ascii_case(user.username) {
                    return MailReply::say(
                        "550 5.7.60 SMTP; Client does not have permissions to send as this sender",
                    );
                }
                self.smtp.sender = true;
                MailReply::say("250 2.1.0 Sender OK")
            }
            "RCPT" if upper.starts_with("TO:") && self.smtp.sender => {
                self.smtp.recipients += 1;
                MailReply::say("250 2.1.5 Recipient OK")
            }
            "DATA" if self.smtp.recipients != 0 => {
                self.smtp.data = true;
                MailReply::say("354 Start mail input; end with <CRLF>.<CRLF>")
            }
            "MAIL" | "RCPT" | "DATA" => MailReply::say("503 5.5.1 Bad sequence of commands"),
            _ => MailReply::say("500 5.3.3 Unrecognized command"),
        }
    }
}
