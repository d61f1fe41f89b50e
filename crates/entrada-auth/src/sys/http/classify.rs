//! Maps transport errors to [`HttpFailure`].

use std::error::Error as StdError;
use std::io;

use rustls::{CertificateError, Error as TlsError};

use super::certificate::CertificateFailure;
use super::error::{HttpFailure, ProxyFault};
use super::proxy::Proxy;

/// Prefix of `hyper-util`'s proxy errors. Their type is not public; tests with real sockets check that the prefix
/// stays the same.
const TUNNEL: &str = "tunnel error: ";

/// The failure that `error` stands for, in a request that went through `proxy`.
pub(super) fn failure_of(error: &reqwest::Error, proxy: Option<&Proxy>) -> HttpFailure {
    let tunnel =
        causes(error).find_map(|cause| Some(cause.to_string().strip_prefix(TUNNEL)?.to_owned()));
    let to_proxy = tunnel.as_deref() == Some("failed to create underlying connection");
    let with_proxy = |fault, otherwise| match proxy {
        Some(proxy) => HttpFailure::Proxy(Box::new(proxy.failure(fault))),
        None => otherwise,
    };
    if !error.is_connect() {
        return if error.is_timeout() { HttpFailure::Timeout } else { HttpFailure::Broken };
    }
    match handshake(error) {
        Some(HttpFailure::Certificate(failure)) => {
            let failure = CertificateFailure { of_proxy: to_proxy, ..*failure };
            return HttpFailure::Certificate(Box::new(failure));
        }
        Some(HttpFailure::NotTls) if to_proxy => {
            return with_proxy(ProxyFault::NotTls, HttpFailure::NotTls);
        }
        Some(HttpFailure::NotTls) => {
            return with_proxy(ProxyFault::NotTlsBehind, HttpFailure::NotTls);
        }
        Some(other) => return other,
        None => (),
    }
    if error.is_timeout() {
        return with_proxy(ProxyFault::Silent, HttpFailure::ConnectTimeout);
    }
    let given = proxy.is_some_and(Proxy::has_login);
    match tunnel.as_deref() {
        Some("failed to create underlying connection") => {
            return with_proxy(ProxyFault::Unreachable, HttpFailure::Connect);
        }
        Some("proxy authorization required") => {
            return with_proxy(ProxyFault::Login { given }, HttpFailure::Connect);
        }
        Some("unexpected end of file" | "io error establishing tunnel") => {
            return with_proxy(ProxyFault::Closed, HttpFailure::Connect);
        }
        Some(_) => return with_proxy(ProxyFault::Refused, HttpFailure::Connect),
        None => (),
    }
    // All other errors of an open connection before TLS is established.
    let ended = |cause: &(dyn StdError + 'static)| {
        use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
        let kind = cause.downcast_ref::<io::Error>().map(io::Error::kind);
        matches!(kind, Some(BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof))
    };
    if causes(error).any(ended) {
        return with_proxy(ProxyFault::CutBehind, HttpFailure::Cut);
    }
    HttpFailure::Connect
}

/// The TLS failure in `error`; `None` if it is not a TLS error.
pub(in crate::sys) fn handshake(error: &(dyn StdError + 'static)) -> Option<HttpFailure> {
    let error = causes(error).find_map(|cause| cause.downcast_ref::<TlsError>())?;
    Some(match error {
        TlsError::InvalidCertificate(CertificateError::Other(described)) => {
            let failure = described.0.downcast_ref::<CertificateFailure>().cloned();
            let certificate = |failure| HttpFailure::Certificate(Box::new(failure));
            failure.map_or(HttpFailure::Handshake, certificate)
        }
        TlsError::InvalidMessage(_) => HttpFailure::NotTls,
        _ => HttpFailure::Handshake,
    })
}

/// `error` and all its causes.
fn causes<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |cause| next(*cause))
}

/// The cause of `error`. The error inside an `io::Error` counts as its cause too, although `source` skips it.
fn next<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(carried) => Some(carried),
        None => error.source(),
    }
}
