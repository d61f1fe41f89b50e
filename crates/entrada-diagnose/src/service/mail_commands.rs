//! The commands after the sign-in at a mail server: which of them the server refused, and whether the refusal matters.

use std::collections::VecDeque;

use super::mail::MailLog;
use super::mail_outcome::{is_tag, says_no};
use entrada_core::{Protocol, Side};

/// Commands of IMAP and POP that a server may refuse without harm: if another command succeeds, the mailbox is accessible.
const OPTIONAL: [&str; 16] = [
    "CAPA",
    "CAPABILITY",
    "COMPRESS",
    "ENABLE",
    "GETMETADATA",
    "GETQUOTA",
    "GETQUOTAROOT",
    "ID",
    "IDLE",
    "LANG",
    "NAMESPACE",
    "NOOP",
    "NOTIFY",
    "UNSELECT",
    "UTF8",
    "XLIST",
];

/// Commands that name a folder, a sender or a recipient: the success of one does not cancel the refusal of another.
const NAMING: [&str; 5] = ["EXAMINE", "MAIL", "RCPT", "SELECT", "STATUS"];

/// Commands that need no mailbox: their success proves nothing.
const IDLE: [&str; 7] = ["CAPA", "CAPABILITY", "ID", "LOGOUT", "NOOP", "QUIT", "RSET"];

/// Words for a folder that does not exist, in lower case. The inbox always exists (RFC 9051 §5.1).
const NO_FOLDER: [&str; 4] = ["doesn't exist", "does not exist", "[nonexistent]", "[trycreate]"];

/// Words for a message or a new folder that the server does not accept.
const NOT_TAKEN: [&str; 7] = [
    "[alreadyexists]",
    "[overquota]",
    "already exists",
    "maximum message size",
    "message size exceeds",
    "no such message",
    "out of range",
];

/// Words for a message whose contents are refused.
const CONTENTS: [&str; 5] = ["spam", "content", "virus", "malware", "attachment"];

/// A refusal after the sign-in that no later success cancels.
pub(super) struct RefusedCommand<'a> {
    /// The command in upper case, without `UID`; `.` is the message itself. `None` if it is unknown.
    pub(super) command: Option<String>,
    /// The argument of the command.
    pub(super) argument: &'a str,
    /// The server's line.
    pub(super) line: &'a str,
}

/// A command without an answer yet.
struct Command<'a> {
    /// Its tag; only IMAP has tags.
    tag: &'a str,
    name: String,
    argument: &'a str,
}

impl<'a> Command<'a> {
    fn read(protocol: Protocol, line: &'a str) -> Option<Self> {
        let word = |text: &'a str| text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let (tag, rest) = if protocol == Protocol::Imap { word(line) } else { ("", line) };
        let (name, argument) = word(rest.trim_start());
        let (name, argument) = if name.eq_ignore_ascii_case("UID") {
            word(argument.trim_start())
        } else {
            (name, argument)
        };
        (!name.is_empty()).then(|| Self { tag, name: name.to_ascii_uppercase(), argument })
    }
}

/// How the server ended a command.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ended {
    Done,
    /// The server waits for more data.
    GoesOn,
    Refused,
}

impl MailLog {
    /// The refusal after the sign-in that no later success cancels: the last one of the most important kind.
    pub(super) fn refused_command(&self) -> Option<RefusedCommand<'_>> {
        let mut all = self.refused_after(self.signed_in_at()?);
        let at = all.iter().rposition(|refused| !self.is_named_wrong(refused));
        at.map(|at| all.swap_remove(at)).or_else(|| all.pop())
    }

    fn refused_after(&self, signed_in: usize) -> Vec<RefusedCommand<'_>> {
        let mut refused: Vec<RefusedCommand<'_>> = Vec::new();
        let mut waiting: VecDeque<Command<'_>> = VecDeque::new();
        let (mut sends_message, mut sends_more) = (false, false);
        for (side, line) in self.lines.iter().skip(signed_in + 1) {
            if *side == Side::Client {
                // A message can contain any line.
                let command = Command::read(self.protocol, line);
                let command = command.filter(|command| !sends_message || command.name == ".");
                waiting.extend(command.filter(|_| !std::mem::take(&mut sends_more)));
                continue;
            }
            let Some(ended) = self.ended(line) else { continue };
            let mut command = self.answered(line, &mut waiting);
            if ended == Ended::GoesOn {
                sends_message = line.starts_with("354");
                sends_more = !sends_message;
                // The answer to a sign-in follows later.
                waiting.extend(command.filter(|_| sends_more));
                continue;
            }
            if std::mem::take(&mut sends_message) {
                command = Some(Command { tag: "", name: ".".to_owned(), argument: "" });
            }
            let is_data = command.as_ref().is_some_and(|command| command.name == "DATA");
            match (ended, command) {
                // A command out of sequence is a consequence of the earlier refusal.
                (Ended::Refused, _)
                    if self.protocol == Protocol::Smtp
                        && !refused.is_empty()
                        && (line.starts_with("503") || is_data) => {}
                (Ended::Refused, command) => refused.push(RefusedCommand {
                    argument: command.as_ref().map_or("", |command| command.argument),
                    command: command.map(|command| command.name),
                    line,
                }),
                (_, Some(done)) => {
                    let is_sent = [".", "BDAT"].contains(&done.name.as_str());
                    let shows = !IDLE.contains(&done.name.as_str());
                    refused.retain(|earlier| {
                        let Some(command) = &earlier.command else { return true };
                        let same_thing = !NAMING.contains(&command.as_str())
                            || bare(earlier.argument).eq_ignore_ascii_case(bare(done.argument));
                        let made_up = (*command == done.name && same_thing)
                            || (shows && OPTIONAL.contains(&command.as_str()));
                        !made_up && !is_sent
                    });
                }
                (_, None) => (),
            }
        }
        let unanswered = waiting.iter().any(|command| {
            is_tag(command.tag) && !["IDLE", "LOGOUT"].contains(&command.name.as_str())
        });
        // The connection was closed before the answer, or the answer is incomplete.
        let lost = self.lines.last().filter(|(side, line)| {
            let closed = unanswered && line.to_ascii_uppercase().starts_with("* BYE");
            let cut = line.get(3..4) == Some("-") && says_no(self.protocol, line);
            *side == Side::Server && (closed || cut)
        });
        let lost = lost.map(|(_, line)| RefusedCommand { command: None, argument: "", line });
        refused.extend(lost);
        refused
    }

    /// How `line` ends a command; `None` if it does not end one.
    fn ended(&self, line: &str) -> Option<Ended> {
        let mut words = line.split_whitespace();
        let (first, second) = (words.next()?, words.next().unwrap_or_default());
        match self.protocol {
            Protocol::Imap => match second.to_ascii_uppercase().as_str() {
                "OK" if is_tag(first) => Some(Ended::Done),
                "NO" if is_tag(first) => Some(Ended::Refused),
                // `* NO` is a warning (RFC 9051 §7.1.2).
                "BAD" if is_tag(first) || first == "*" => Some(Ended::Refused),
                _ => None,
            },
            Protocol::Pop if first == "+" => Some(Ended::GoesOn),
            Protocol::Pop if first.eq_ignore_ascii_case("+OK") => Some(Ended::Done),
            Protocol::Pop => first.eq_ignore_ascii_case("-ERR").then_some(Ended::Refused),
            Protocol::Smtp => {
                let code =
                    first.get(..3).filter(|code| code.bytes().all(|byte| byte.is_ascii_digit()))?;
                match (code.as_bytes().first()?, first.as_bytes().get(3)) {
                    // More lines follow.
                    (_, Some(b'-')) => None,
                    (b'2', _) => Some(Ended::Done),
                    (b'3', _) => Some(Ended::GoesOn),
                    (b'4' | b'5', _) => Some(Ended::Refused),
                    _ => None,
                }
            }
        }
    }

    /// The command that `line` answers: by its tag, else the first one without an answer.
    fn answered<'t>(&self, line: &str, waiting: &mut VecDeque<Command<'t>>) -> Option<Command<'t>> {
        if self.protocol != Protocol::Imap {
            return waiting.pop_front();
        }
        let tag = line.split_whitespace().next()?;
        let at = waiting.iter().position(|command| command.tag == tag);
        // An untagged refusal belongs to the last command.
        match at {
            Some(at) => waiting.remove(at),
            None if tag == "*" => waiting.pop_back(),
            None => None,
        }
    }

    /// Whether the refusal is about the named object, not about the user.
    pub(super) fn is_named_wrong(&self, refused: &RefusedCommand<'_>) -> bool {
        let lower = refused.line.to_ascii_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
        let command = refused.command.as_deref().unwrap_or_default();
        if self.protocol != Protocol::Smtp {
            let inbox =
                lower.contains("inbox") || bare(refused.argument).eq_ignore_ascii_case("inbox");
            return has(&NOT_TAKEN) || (has(&NO_FOLDER) && !inbox);
        }
        let mut words = lower.split([' ', '-']);
        let number = words.next().unwrap_or_default();
        let mut parts = words.next().unwrap_or_default().split('.').skip(1);
        // RFC 3463 §3: address, mailbox, size, contents; 1.7 and 1.8 are about the sender.
        match (parts.next(), parts.next()) {
            _ if command == "MAIL" => false,
            (Some("1"), Some(detail)) => !["7", "8"].contains(&detail),
            (Some("2" | "6"), Some(_)) | (Some("3"), Some("4")) => true,
            (Some("7"), Some(_)) => command == "." && has(&CONTENTS),
            (_, None) => number == "552",
            _ => false,
        }
    }
}

/// An argument without quotes around it.
fn bare(argument: &str) -> &str {
    argument.trim().trim_matches('"')
}
