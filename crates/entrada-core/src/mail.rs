//! Mail protocols and the two sides of a connection.

use super::Job;

/// A mail protocol.
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
    /// The protocol named `name`.
    pub fn parse(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "imap" | "imaps" => Some(Self::Imap),
            "smtp" | "smtps" | "submission" => Some(Self::Smtp),
            "pop" | "pop3" | "pop3s" => Some(Self::Pop),
            _ => None,
        }
    }

    /// The job of a token for this protocol.
    pub fn job(self) -> Job {
        match self {
            Self::Imap => Job::Imap,
            Self::Smtp => Job::Smtp,
            Self::Pop => Job::Pop,
        }
    }
}

/// The sender of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The mail program.
    Client,
    /// The mail server.
    Server,
}
