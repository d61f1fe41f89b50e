//! The reasons why a request got no answer.

use std::error::Error as StdError;
use std::fmt;

use super::certificate::CertificateFailure;
use super::{CONNECT_TIMEOUT, TOTAL_TIMEOUT};
use crate::sys::Interrupted;

/// The request got no answer.
#[derive(Debug)]
pub struct HttpError {
    /// The server's host and port, without the query.
    pub host: String,
    /// The kind of failure.
    pub failure: HttpFailure,
    /// The transport's error, if it adds something to the kind.
    pub source: Option<Box<dyn StdError + Send + Sync>>,
}

/// Kinds of failure, by what the user can do about them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpFailure {
    /// Plain http to another machine.
    #[error("the address is not https")]
    Insecure,
    /// Name resolution or connection.
    #[error("could not connect")]
    Connect,
    /// The connection, including TLS, was not established in time.
    #[error("there was no connection within {} s", CONNECT_TIMEOUT.as_secs())]
    ConnectTimeout,
    /// The certificate was rejected.
    #[error("{0}")]
    Certificate(Box<CertificateFailure>),
    /// The server does not speak TLS, but for example plain http.
    #[error("the server does not speak TLS")]
    NotTls,
    /// The connection was closed before TLS was established.
    #[error("the connection was closed in the TLS handshake")]
    Cut,
    /// The two sides have no TLS version or cipher in common, or the server requires something that entrada does not
    /// have.
    #[error("the TLS handshake failed")]
    Handshake,
    /// The proxy, or the connection through it, failed.
    #[error("{0}")]
    Proxy(Box<ProxyFailure>),
    /// The request took too long in total.
    #[error("it took longer than {} s", TOTAL_TIMEOUT.as_secs())]
    Timeout,
    /// The time limit of the whole sign-in is over.
    #[error("it took longer than the sign-in may take")]
    Deadline {
        /// The time limit of the sign-in.
        timeout: std::time::Duration,
    },
    /// The answer exceeds the limit of 4 MiB.
    #[error("the answer is larger than 4 MiB")]
    TooLarge,
    /// A line, or the whole conversation, exceeds its limit.
    #[error("{0}")]
    ConversationTooLarge(&'static str),
    /// The connection broke, or the answer is not HTTP.
    #[error("the connection broke")]
    Broken,
    /// No request was sent, because something that it needs is missing.
    #[error("{0}")]
    Setup(Box<SetupFailure>),
    /// A signal asked the program to end.
    #[error("interrupted")]
    Interrupted(Interrupted),
}

/// A failure of the proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyFailure {
    /// The proxy's host and port, without user name and password.
    pub proxy: String,
    /// The kind of failure.
    pub fault: ProxyFault,
}

/// Kinds of proxy failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyFault {
    /// The name does not resolve, there is no route, or no process listens.
    Unreachable,
    /// The proxy is set as `https://` and does not speak TLS.
    NotTls,
    /// The proxy answered the CONNECT with 407.
    Login {
        /// Whether a user name was sent.
        given: bool,
    },
    /// The proxy answered the CONNECT with another status than 200, or not with HTTP.
    Refused,
    /// The proxy closed the connection without an answer to the CONNECT.
    Closed,
    /// The connection was not established in time.
    Silent,
    /// The proxy answered 200, and the data after that was not TLS.
    NotTlsBehind,
    /// The proxy answered 200, and the connection was closed before TLS was established.
    CutBehind,
}

/// Something that a request needs and that is missing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetupFailure {
    /// Extra certificates that cannot be read.
    #[error("cannot use the certificates in `{file}`: {source}")]
    Bundle {
        /// The file.
        file: String,
        /// The reason.
        source: BundleError,
    },
    /// `SSL_CERT_FILE` or `SSL_CERT_DIR` names no certificates.
    #[error("no certificate could be read from what the variable {variable} names: {why}")]
    RootsVariable {
        /// The variable.
        variable: &'static str,
        /// The reason.
        why: String,
    },
    /// The system has no trusted certificates.
    #[error("no trusted certificates were found on this system")]
    NoRoots,
    /// A proxy variable that is not a proxy address. Its value may contain a password, and is not kept.
    #[error("the variable {variable} is not the address of a proxy: {why}")]
    ProxyVariable {
        /// The variable.
        variable: &'static str,
        /// The reason.
        why: &'static str,
    },
    /// The HTTP client could not be built.
    #[error("the network client could not be set up")]
    Client,
}

/// A certificate file without valid certificates.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// The file contains no `-----BEGIN CERTIFICATE-----`.
    #[error("there is no PEM certificate in it")]
    Empty,
    /// A certificate in the file is damaged.
    #[error("its certificate number {0} is damaged")]
    Damaged(usize),
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.failure {
            // Complete sentences without "no answer": in the first case the server did answer.
            HttpFailure::Certificate(_) | HttpFailure::Setup(_) => self.failure.fmt(f),
            failure => write!(f, "no answer from {}: {failure}", self.host),
        }
    }
}

impl StdError for HttpError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

impl fmt::Display for ProxyFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let proxy = &self.proxy;
        match self.fault {
            ProxyFault::Unreachable => write!(f, "could not connect to the proxy {proxy}"),
            ProxyFault::NotTls => write!(f, "the proxy {proxy} does not speak TLS"),
            ProxyFault::Login { given: false } => {
                write!(f, "the proxy {proxy} asks for a user name and a password")
            }
            ProxyFault::Login { given: true } => {
                write!(f, "the proxy {proxy} does not take the user name and password it was given")
            }
            ProxyFault::Refused => write!(f, "the proxy {proxy} did not let us through"),
            ProxyFault::Closed => write!(f, "the proxy {proxy} closed the connection unasked"),
            ProxyFault::Silent => write!(
                f,
                "the proxy {proxy} gave no connection within {} s",
                CONNECT_TIMEOUT.as_secs()
            ),
            ProxyFault::NotTlsBehind => {
                write!(f, "what answers through the proxy {proxy} does not speak TLS")
            }
            ProxyFault::CutBehind => {
                write!(
                    f,
                    "the connection through the proxy {proxy} was closed in the TLS handshake"
                )
            }
        }
    }
}

impl From<SetupFailure> for HttpFailure {
    fn from(failure: SetupFailure) -> Self {
        Self::Setup(Box::new(failure))
    }
}
