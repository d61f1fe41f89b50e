//! The host that an HTTP request names in `Host` and in an absolute target (RFC 9110 §7.2, RFC 9112 §3.2).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use http::uri::Authority;
use http::{Request, header};

/// The host and port that a request names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedHost {
    /// A host name in lower case, or an IP address without brackets.
    name: String,
    port: Option<u16>,
}

/// The request does not name exactly one host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// RFC 9112 §3.2: every request must have a `Host` header.
    #[error("the request has no Host header")]
    Missing,
    /// RFC 9112 §3.2: a request must not have two.
    #[error("the request has more than one Host header")]
    Repeated,
    /// The value is not `host` or `host:port`.
    #[error("the request's host cannot be read")]
    Malformed,
    /// The target and the header name different hosts.
    #[error("the request's target and its Host header name different hosts")]
    Different,
}

impl NamedHost {
    /// Reads the host of `request`.
    ///
    /// # Errors
    ///
    /// [`HostError`] if the request names no host, several, or none that a host can have.
    pub fn of<B>(request: &Request<B>) -> Result<Self, HostError> {
        let mut headers = request.headers().get_all(header::HOST).iter();
        let header = match (headers.next(), headers.next()) {
            (Some(header), None) => Self::parse(header.as_bytes())?,
            (None, _) => return Err(HostError::Missing),
            (Some(_), Some(_)) => return Err(HostError::Repeated),
        };
        match request.uri().authority() {
            Some(target) if Self::parse(target.as_str().as_bytes())? != header => {
                Err(HostError::Different)
            }
            _ => Ok(header),
        }
    }

    /// Reads `host` or `host:port`.
    ///
    /// ```
    /// use entrada_core::NamedHost;
    ///
    /// let host = NamedHost::parse(b"localhost:8400")?;
    /// assert_eq!((host.name(), host.port_or(80)), ("localhost", 8400));
    /// assert!(host.is_loopback());
    /// # Ok::<(), entrada_core::HostError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`HostError`] if `text` is not a host and a port.
    pub fn parse(text: &[u8]) -> Result<Self, HostError> {
        let authority = Authority::try_from(text).map_err(|_| HostError::Malformed)?;
        let host = authority.host();
        let rest = authority.as_str().strip_prefix(host).ok_or(HostError::Malformed)?;
        let port = match rest.strip_prefix(':') {
            None if rest.is_empty() => None,
            Some("") => None,
            Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
                Some(port.parse().map_err(|_| HostError::Malformed)?)
            }
            // A user name before the host is not allowed here.
            _ => return Err(HostError::Malformed),
        };
        let name = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
            Some(address) => {
                address.parse::<Ipv6Addr>().map_err(|_| HostError::Malformed)?.to_string()
            }
            None if host.is_empty() => return Err(HostError::Malformed),
            None => host.to_ascii_lowercase(),
        };
        Ok(Self { name, port })
    }

    /// The name, or the IP address without brackets.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The port in the text, or `default`.
    pub fn port_or(&self, default: u16) -> u16 {
        self.port.unwrap_or(default)
    }

    /// Whether it is a name of the loopback addresses of this machine.
    pub fn is_loopback(&self) -> bool {
        self.name == "localhost"
            || self.name.parse().is_ok_and(|address: IpAddr| {
                address == Ipv4Addr::LOCALHOST || address == Ipv6Addr::LOCALHOST
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(target: &str, hosts: &[&str]) -> Result<String, HostError> {
        let mut request = Request::builder().uri(target);
        for host in hosts {
            request = request.header("host", *host);
        }
        let found = NamedHost::of(&request.body(()).unwrap())?;
        Ok(format!("{} {}", found.name(), found.port_or(0)))
    }

    #[test]
    fn a_request_names_exactly_one_host_or_is_refused() {
        for (target, hosts, expected) in [
            ("/", &["localhost"][..], "localhost 0"),
            ("/", &["LocalHost:8400"], "localhost 8400"),
            ("/", &["localhost:"], "localhost 0"),
            ("/", &["127.0.0.1:1"], "127.0.0.1 1"),
            ("/", &["[::1]:8400"], "::1 8400"),
            ("/", &["[0:0:0:0:0:0:0:1]"], "::1 0"),
            ("http://LOCALHOST:8400/x", &["localhost:8400"], "localhost 8400"),
            ("/", &["evil.example:80"], "evil.example 80"),
        ] {
            assert_eq!(of(target, hosts).as_deref(), Ok(expected), "{target} {hosts:?}");
        }
        for (target, hosts, expected) in [
            ("/", &[][..], HostError::Missing),
            ("http://localhost/", &[], HostError::Missing),
            ("/", &["localhost", "localhost"], HostError::Repeated),
            ("/", &["localhost", "evil.example"], HostError::Repeated),
            ("/", &[""], HostError::Malformed),
            ("/", &[":8400"], HostError::Malformed),
            ("/", &["localhost:x"], HostError::Malformed),
            ("/", &["localhost:+80"], HostError::Malformed),
            ("/", &["localhost:80:80"], HostError::Malformed),
            ("/", &["localhost:99999"], HostError::Malformed),
            ("/", &["localhost/"], HostError::Malformed),
            ("/", &["localhost, evil.example"], HostError::Malformed),
            ("/", &["evil.example@localhost"], HostError::Malformed),
            ("/", &["localhost:80@evil.example"], HostError::Malformed),
            ("/", &["::1"], HostError::Malformed),
            ("/", &["[::1"], HostError::Malformed),
            ("/", &["[::1]80"], HostError::Malformed),
            ("/", &["[localhost]"], HostError::Malformed),
            ("http://evil.example/", &["localhost"], HostError::Different),
            ("http://localhost/", &["evil.example"], HostError::Different),
            ("http://localhost:1/", &["localhost:2"], HostError::Different),
            ("http://evil@localhost/", &["localhost"], HostError::Malformed),
        ] {
            assert_eq!(of(target, hosts), Err(expected), "{target} {hosts:?}");
        }
    }

    #[test]
    fn only_real_loopback_hosts_count_as_loopback() {
        for (host, expected) in [
            ("localhost", true),
            ("127.0.0.1", true),
            ("[::1]:1", true),
            ("127.0.0.2", false),
            ("0.0.0.0", false),
            ("[::]", false),
            ("[::ffff:127.0.0.1]", false),
            ("localhost.", false),
            ("localhost.evil.example", false),
            ("127.0.0.1.evil.example", false),
            ("2130706433", false),
        ] {
            let host_named = NamedHost::parse(host.as_bytes()).unwrap();
            assert_eq!(host_named.is_loopback(), expected, "{host}");
        }
    }
}
