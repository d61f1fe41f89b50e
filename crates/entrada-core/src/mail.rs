//! Mail protocols, and who says what in them.

use super::Job;

/// The protocol spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// RFC 9051.
    Imap,
    /// RFC 5321, submission.
    Smtp,
    /// RFC 1939.
    Pop,
}

impl Protocol {
    /// The protocol called `name`.
    pub fn parse(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "imap" | "imaps" => Some(Self::Imap),
            "smtp" | "smtps" | "submission" => Some(Self::Smtp),
            "pop" | "pop3" | "pop3s" => Some(Self::Pop),
            _ => None,
        }
    }

    /// The job that it serves.
    pub fn job(self) -> Job {
        match self {
            Self::Imap => Job::Imap,
            Self::Smtp => Job::Smtp,
            Self::Pop => Job::Pop,
        }
    }
}

/// Who said a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The mail program.
    Client,
    /// The mail server.
    Server,
}
