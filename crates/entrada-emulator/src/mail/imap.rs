//! IMAP (RFC 9051), with the commands of common programs.

use super::imap_fetch::{self, numbers};
use super::mailbox::MESSAGES;
use super::{MailConnection, MailReply, MailStep};
use crate::Emulator;
use entrada_core::NumericDate;

const CAPABILITY: &str = "IMAP4 IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2 SASL-IR UIDPLUS ID UNSELECT CHILDREN IDLE NAMESPACE LITERAL+";
/// The largest literal that is read.
const LITERAL_MAX: usize = 1 << 20;

/// The state of one connection.
#[derive(Debug, Default)]
pub(super) struct Session {
    selected: bool,
    /// The tag of an `IDLE` that goes on.
    idle: Option<String>,
    /// The command so far, and how many bytes of its literal are missing.
    literal: Option<(String, usize)>,
}

impl MailConnection {
    pub(super) fn imap_line(
        &mut self,
        line: &str,
        emulator: &Emulator,
        now: NumericDate,
    ) -> MailReply {
        if let Some(tag) = self.imap.idle.take() {
            return MailReply::say(format!("{tag} OK IDLE completed."));
        }
        let line = match self.imap.literal.take() {
            None => line.to_owned(),
            Some((command, missing)) if line.len() < missing => {
                // The line end is part of the literal.
                self.imap.literal = Some((command, missing.saturating_sub(line.len() + 2)));
                return MailReply::default();
            }
            Some((command, missing)) => {
                let (literal, rest) = line.split_at_checked(missing).unwrap_or(("", line));
                // What was appended is not kept.
                let literal = if literal.len() < 100 { literal } else { "" };
                format!("{command}\"{literal}\"{rest}")
            }
        };
        if let Some((command, size, waits)) = literal_of(&line) {
            if LITERAL_MAX < size {
                return MailReply::say("* BYE The literal is too large.").then(MailStep::Close);
            }
            self.imap.literal = Some((command.to_owned(), size));
            return if waits {
                MailReply::say("+ Ready for additional command text.")
            } else {
                MailReply::default()
            };
        }
        let mut words = line.splitn(3, ' ');
        let (tag, name) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let arguments = words.next().unwrap_or_default();
        let plain = |c: char| c.is_ascii_graphic() && !"(){%*\"\\+".contains(c);
        if tag.is_empty() || !tag.chars().all(plain) {
            return MailReply::say("* BAD Command Error. 10");
        }
        self.imap_command(tag, &name.to_ascii_uppercase(), arguments, emulator, now)
    }

    fn imap_command(
        &mut self,
        tag: &str,
        name: &str,
        arguments: &str,
        emulator: &Emulator,
        now: NumericDate,
    ) -> MailReply {
        let done = |lines: &str| MailReply::say(format!("{lines}{tag} OK {name} completed."));
        match name {
            "CAPABILITY" => {
                let tls = if self.offers_tls { " STARTTLS" } else { "" };
                return done(&format!("* CAPABILITY {CAPABILITY}{tls}\r\n"));
            }
            "NOOP" | "CHECK" => return done(""),
            "ID" => return done("* ID (\"name\" \"Microsoft.Exchange.Imap4.Imap4Server\")\r\n"),
            "LOGOUT" => {
                let bye = "* BYE Microsoft Exchange Server IMAP4 server signing off.\r\n";
                return done(bye).then(MailStep::Close);
            }
            "STARTTLS" if self.offers_tls => {
                return MailReply::say(format!("{tag} OK Begin TLS negotiation now."))
                    .then(MailStep::StartTls);
            }
            "AUTHENTICATE" if self.user.is_none() => {
                let (mechanism, initial) = match arguments.split_once(' ') {
                    Some((mechanism, initial)) => (mechanism, Some(initial)),
                    None => (arguments, None),
                };
                return self.begin_sasl(tag, mechanism, initial, emulator, now);
            }
            "LOGIN" if self.user.is_none() => return self.password_refused(tag),
            _ => (),
        }
        let Some(user) = self.user else {
            return MailReply::say(format!("{tag} BAD Command received in Invalid state."));
        };
        if !user.mailbox {
            return MailReply::say(format!("{tag} BAD User is authenticated but not connected."));
        }
        match name {
            "NAMESPACE" => done("* NAMESPACE ((\"\" \"/\")) NIL NIL\r\n"),
            "LIST" | "LSUB" if arguments.ends_with("\"\"") => {
                done(&format!("* {name} (\\Noselect) \"/\" \"\"\r\n"))
            }
            "LIST" | "LSUB" => {
                let folders = ["Drafts", "INBOX", "\"Sent Items\""]
                    .map(|folder| format!("* {name} (\\HasNoChildren) \"/\" {folder}\r\n"));
                done(&folders.concat())
            }
            "STATUS" => {
                let folder = arguments.split(" (").next().unwrap_or_default();
                let count = count_of(folder);
                done(&format!(
                    "* STATUS {folder} (MESSAGES {count} RECENT 0 UIDNEXT {} UIDVALIDITY 14 UNSEEN 1)\r\n",
                    count + 1
                ))
            }
            "SELECT" | "EXAMINE" => {
                let count = count_of(arguments);
                self.imap.selected = count != 0;
                let access = if name == "SELECT" { "READ-WRITE" } else { "READ-ONLY" };
                MailReply::say(format!(
                    "* {count} EXISTS\r\n* 0 RECENT\r\n* FLAGS (\\Seen \\Answered \\Flagged \\Deleted \\Draft $MDNSent)\r\n\
                     * OK [PERMANENTFLAGS (\\Seen \\Answered \\Flagged \\Deleted \\Draft $MDNSent)] Permanent flags\r\n\
                     * OK [UIDVALIDITY 14] UIDVALIDITY value\r\n\
                     * OK [UIDNEXT {}] The next unique identifier value\r\n\
                     {tag} OK [{access}] {name} completed.",
                    count + 1
                ))
            }
            "CLOSE" | "UNSELECT" => {
                self.imap.selected = false;
                done("")
            }
            "IDLE" => {
                self.imap.idle = Some(tag.to_owned());
                MailReply::say("+ IDLE accepted, awaiting DONE command.")
            }
            "APPEND" | "CREATE" | "SUBSCRIBE" | "UNSUBSCRIBE" | "EXPUNGE" => done(""),
            "SEARCH" => done(&self.search()),
            "FETCH" => done(&self.fetch(arguments, false)),
            "STORE" => done(&self.store(arguments, false)),
            "UID" => {
                let (command, rest) = arguments.split_once(' ').unwrap_or((arguments, ""));
                match command.to_ascii_uppercase().as_str() {
                    "SEARCH" => done(&self.search()),
                    "FETCH" => done(&self.fetch(rest, true)),
                    "STORE" => done(&self.store(rest, true)),
                    "EXPUNGE" => done(""),
                    _ => MailReply::say(format!("{tag} BAD Command Argument Error. 11")),
                }
            }
            _ => MailReply::say(format!("{tag} BAD Command Error. 12")),
        }
    }

    fn count(&self) -> usize {
        if self.imap.selected { MESSAGES.len() } else { 0 }
    }

    /// Every message, whatever is searched for.
    fn search(&self) -> String {
        let all: Vec<String> = (1..=self.count()).map(|number| number.to_string()).collect();
        format!("* SEARCH {}\r\n", all.join(" "))
    }

    fn fetch(&self, arguments: &str, by_uid: bool) -> String {
        let (set, items) = arguments.split_once(' ').unwrap_or((arguments, ""));
        let Some(user) = self.user else { return String::new() };
        numbers(set, self.count())
            .filter_map(|number| imap_fetch::answer(user, number, items, by_uid))
            .collect()
    }

    /// The flags of messages as they are: they do not change.
    fn store(&self, arguments: &str, by_uid: bool) -> String {
        if arguments.to_ascii_uppercase().contains(".SILENT") {
            return String::new();
        }
        let set = arguments.split(' ').next().unwrap_or_default();
        let uid = |number: usize| if by_uid { format!(" UID {number}") } else { String::new() };
        numbers(set, self.count())
            .map(|number| format!("* {number} FETCH (FLAGS (\\Seen){})\r\n", uid(number)))
            .collect()
    }
}

/// How many messages a folder has: those of the mailbox are in the inbox.
fn count_of(folder: &str) -> usize {
    if folder.trim().trim_matches('"').eq_ignore_ascii_case("inbox") { MESSAGES.len() } else { 0 }
}

/// The command in front of a literal, the literal's size, and whether the client waits for leave to send it (RFC 7888).
fn literal_of(line: &str) -> Option<(&str, usize, bool)> {
    let (command, size) = line.strip_suffix('}')?.rsplit_once('{')?;
    let (size, waits) = match size.strip_suffix('+') {
        Some(size) => (size, false),
        None => (size, true),
    };
    Some((command, size.parse().ok()?, waits))
}
