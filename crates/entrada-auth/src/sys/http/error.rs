//! Why a request got no answer, said in one place.

use std::error::Error as StdError;
use std::fmt;

use super::certificate::CertificateTrouble;
use super::{CONNECT_TIMEOUT, TOTAL_TIMEOUT};
use crate::sys::Interrupted;

/// The request got no answer.
#[derive(Debug)]
pub struct HttpError {
    /// Whom we asked: host and port, never the query.
    pub host: String,
    /// What kind of failure it was.
    pub failure: HttpFailure,
    /// What the transport said, where the kind does not say it all.
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
    /// There was no connection in time: the network's, and TLS on it.
    #[error("there was no connection within {} s", CONNECT_TIMEOUT.as_secs())]
    ConnectTimeout,
    /// The certificate was not accepted.
    #[error("{0}")]
    Certificate(Box<CertificateTrouble>),
    /// What answers there is something else, such as plain http.
    #[error("what answers there does not speak TLS")]
    NotTls,
    /// The connection was closed before TLS stood.
    #[error("the connection was closed in the TLS handshake")]
    Cut,
    /// The two sides have no TLS in common, or the server wants something that we do not have.
    #[error("the TLS handshake failed")]
    Handshake,
    /// The proxy, and what it led to.
    #[error("{0}")]
    Proxy(Box<ProxyTrouble>),
    /// The whole took too long.
    #[error("it took longer than {} s", TOTAL_TIMEOUT.as_secs())]
    Timeout,
    /// The time that the whole sign-in may take is over.
    #[error("it took longer than the sign-in may take")]
    Deadline {
        /// What the sign-in may take.
        timeout: std::time::Duration,
    },
    /// More than the cap of 4 MiB came.
    #[error("the answer is larger than 4 MiB")]
    TooLarge,
    /// More came of a conversation than is read: of one line, or of all of it.
    #[error("{0}")]
    TalkTooLarge(&'static str),
    /// The connection broke, or what came is not HTTP.
    #[error("the connection broke")]
    Broken,
    /// Nothing was sent: what the request needs is not there.
    #[error("{0}")]
    Setup(Box<SetupTrouble>),
    /// The program was asked to end.
    #[error("interrupted")]
    Interrupted(Interrupted),
}

/// What went wrong with the proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyTrouble {
    /// Its host and port, without user name and password.
    pub proxy: String,
    /// What it did.
    pub fault: ProxyFault,
}

/// What a proxy did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyFault {
    /// No name, no route, or nobody who listens.
    Unreachable,
    /// It is set as `https://` and speaks no TLS.
    NotTls,
    /// 407 to the CONNECT.
    Login {
        /// Whether a user name was given.
        given: bool,
    },
    /// Another status than 200 to the CONNECT, or what is no HTTP.
    Refused,
    /// It closed the connection without an answer to the CONNECT.
    Closed,
    /// No connection in time.
    Silent,
    /// It said 200, and what came then was not TLS.
    NotTlsBehind,
    /// It said 200, and the connection was closed before TLS stood.
    CutBehind,
}

/// What a request needs and does not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetupTrouble {
    /// Extra certificates that cannot be read.
    #[error("cannot use the certificates in `{file}`: {source}")]
    Bundle {
        /// Which file.
        file: String,
        /// What is wrong with them.
        source: BundleError,
    },
    /// `SSL_CERT_FILE` or `SSL_CERT_DIR` leads nowhere.
    #[error("no certificate could be read from what the variable {variable} names: {why}")]
    RootsVariable {
        /// Which one.
        variable: &'static str,
        /// What is so.
        why: String,
    },
    /// The system trusts nobody.
    #[error("no trusted certificates were found on this system")]
    NoRoots,
    /// A proxy variable that is no address of a proxy. Its value may hold a password, and is not kept.
    #[error("the variable {variable} is not the address of a proxy: {why}")]
    ProxyVariable {
        /// Which one.
        variable: &'static str,
        /// What is so.
        why: &'static str,
    },
    /// The client itself.
    #[error("the network client could not be set up")]
    Client,
}

/// A file of certificates that is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// Nothing in it begins with `-----BEGIN CERTIFICATE-----`.
    #[error("there is no PEM certificate in it")]
    Empty,
    /// Something begins so and is broken.
    #[error("its certificate number {0} is damaged")]
    Damaged(usize),
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.failure {
            // Sentences of their own, the first because somebody did answer.
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

impl fmt::Display for ProxyTrouble {
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

impl From<SetupTrouble> for HttpFailure {
    fn from(trouble: SetupTrouble) -> Self {
        Self::Setup(Box::new(trouble))
    }
}
