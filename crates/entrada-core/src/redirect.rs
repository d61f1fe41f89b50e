//! Redirect URIs: where the authority sends the browser after the sign-in.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// A redirect URI (RFC 6749 §3.1.2), configured as a URL, a port, or a list of ports.
///
/// `http://localhost` accepts any free port: Entra compares only the path of a registered `http://localhost`, not its port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Text", into = "String")]
pub enum RedirectUri {
    /// A listener on this machine (RFC 8252 §7.3).
    Loopback {
        /// The host in the URL: `localhost`, `127.0.0.1` or `[::1]`.
        host: String,
        /// The ports to try, in order. Empty: any free port.
        ports: Vec<u16>,
        /// The path: empty, or with a leading slash.
        path: String,
    },
    /// A page on another host that shows the response, which the user pastes.
    Elsewhere(Url),
}

/// The text is not a redirect URI.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a redirect URI: expected a port, ports separated by commas, `http://localhost[:PORT][/PATH]`, or an https \
     address without query and fragment"
)]
pub struct RedirectUriError(String);

impl Default for RedirectUri {
    fn default() -> Self {
        Self::Loopback { host: "localhost".to_owned(), ports: Vec::new(), path: String::new() }
    }
}

impl RedirectUri {
    /// The URL to send, for a listener on `port`. The authorization request and the token request must have the same URL,
    /// byte for byte (RFC 6749 §4.1.3).
    pub fn at(&self, port: u16) -> String {
        match self {
            Self::Loopback { host, path, .. } => format!("http://{host}:{port}{path}"),
            Self::Elsewhere(url) => url.to_string(),
        }
    }
}

impl FromStr for RedirectUri {
    type Err = RedirectUriError;

    fn from_str(text: &str) -> Result<Self, RedirectUriError> {
        let error = || RedirectUriError(super::clean(text).chars().take(200).collect());
        let text = text.trim();
        if text.starts_with(|c: char| c.is_ascii_digit()) {
            let ports: Result<Vec<u16>, _> =
                text.split(',').map(|port| port.trim().parse()).collect();
            let ports = ports.map_err(|_| error())?;
            return Ok(Self::Loopback {
                host: "localhost".to_owned(),
                ports: ports.into_iter().filter(|port| *port != 0).collect(),
                path: String::new(),
            });
        }
        let url = Url::parse(text).map_err(|_| error())?;
        let extras = !url.username().is_empty()
            || url.password().is_some()
            || url.query().is_some()
            || url.fragment().is_some();
        if extras || url.cannot_be_a_base() {
            return Err(error());
        }
        let loopback = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(ip)) => ip.octets() == [127, 0, 0, 1],
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            None => false,
        };
        match url.scheme() {
            "http" if loopback => Ok(Self::Loopback {
                host: url.host_str().unwrap_or("localhost").to_owned(),
                ports: url.port().filter(|port| *port != 0).into_iter().collect(),
                // `http://localhost` and `http://localhost/` are different registrations.
                path: if text.ends_with('/') || url.path() != "/" {
                    url.path().to_owned()
                } else {
                    String::new()
                },
            }),
            "https" => Ok(Self::Elsewhere(url)),
            _ => Err(error()),
        }
    }
}

impl fmt::Display for RedirectUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Elsewhere(url) => write!(f, "{url}"),
            Self::Loopback { host, ports, path } => match ports.as_slice() {
                [] => write!(f, "http://{host}{path}"),
                [port] => write!(f, "http://{host}:{port}{path}"),
                ports => {
                    let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
                    f.write_str(&ports.join(","))
                }
            },
        }
    }
}

/// A configuration file may hold a port as a number.
#[derive(Deserialize)]
#[serde(untagged)]
enum Text {
    Port(u16),
    Words(String),
}

impl TryFrom<Text> for RedirectUri {
    type Error = RedirectUriError;
    fn try_from(text: Text) -> Result<Self, RedirectUriError> {
        match text {
            Text::Port(port) => port.to_string().parse(),
            Text::Words(words) => words.parse(),
        }
    }
}

impl From<RedirectUri> for String {
    fn from(uri: RedirectUri) -> Self {
        uri.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_and_addresses_give_the_listener() {
        for (text, ports, sent) in [
            ("http://localhost", vec![], "http://localhost:9"),
            ("http://localhost/", vec![], "http://localhost:9/"),
            ("http://localhost:8400", vec![8400], "http://localhost:9"),
            ("http://localhost:8400/cb", vec![8400], "http://localhost:9/cb"),
            ("http://127.0.0.1/cb", vec![], "http://127.0.0.1:9/cb"),
            ("http://[::1]", vec![], "http://[::1]:9"),
            ("8400", vec![8400], "http://localhost:9"),
            ("8400, 8401", vec![8400, 8401], "http://localhost:9"),
            ("0", vec![], "http://localhost:9"),
        ] {
            let uri: RedirectUri = text.parse().unwrap();
            let RedirectUri::Loopback { ports: found, .. } = &uri else { panic!("{text}") };
            assert_eq!((found, uri.at(9).as_str()), (&ports, sent), "{text}");
            assert_eq!(uri.to_string().parse(), Ok(uri), "{text}");
        }
    }

    #[test]
    fn a_page_on_another_host_is_https_and_is_sent_unchanged() {
        let native = "https://login.microsoftonline.com/common/oauth2/nativeclient";
        assert_eq!(native.parse::<RedirectUri>().unwrap().at(9), native);
        for text in [
            "",
            "localhost",
            "http://example.com",
            "http://10.0.0.1",
            "ftp://localhost",
            "70000",
            "8400,x",
            "http://localhost?x",
            "http://localhost#x",
            "http://u@localhost",
            "https://u:p@x",
            "https://x?y",
            "javascript:alert(1)",
            "http://localhost.evil.example",
        ] {
            assert!(text.parse::<RedirectUri>().is_err(), "{text}");
        }
    }
}
