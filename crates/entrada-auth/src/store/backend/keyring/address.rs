//! Addresses of a D-Bus session: `transport:key=value,…`, or several of them separated by `;`. The first one that
//! accepts a connection is used (D-Bus Specification, "Server Addresses").

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::PathBuf;

use crate::store::hex;
use entrada_core::clean;

/// A local socket on which a bus listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Socket {
    /// A socket with a path in the file system.
    Path(PathBuf),
    /// A socket with a name in Linux's abstract namespace (unix(7), "Abstract sockets").
    Abstract(Vec<u8>),
}

/// One address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    /// The address as given, without control characters.
    pub(super) text: String,
    /// The socket that it names, or the reason why entrada cannot use it.
    pub(super) socket: Result<Socket, Unusable>,
}

/// The reason why entrada cannot use an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unusable {
    /// The address cannot be parsed.
    Unreadable(&'static str),
    /// The address is valid, but not that of a local socket to connect to.
    Kind(String),
}

impl std::fmt::Display for Unusable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unreadable(why) => write!(f, "cannot be read: {why}"),
            Self::Kind(kind) => write!(
                f,
                "is of the kind `{kind}`, which is not supported: only `unix:path=` and `unix:abstract=` are"
            ),
        }
    }
}

/// The address of the bus in the user's runtime directory. It is the default if the environment names no other.
pub fn bus_in(runtime_dir: &str) -> String {
    let mut address = "unix:path=".to_owned();
    for byte in runtime_dir.bytes().chain(*b"/bus") {
        if byte.is_ascii_alphanumeric() || b"-_/.\\*".contains(&byte) {
            address.push(char::from(byte));
        } else {
            address.push('%');
            address.push_str(&hex(&[byte]));
        }
    }
    address
}

/// The addresses in `text`, in the order in which they are tried; at least one.
pub(super) fn parse(text: &str) -> Vec<Address> {
    let address = |text: &str| Address { text: clean(text).into_owned(), socket: socket_of(text) };
    let all: Vec<_> = text.split(';').filter(|one| !one.is_empty()).map(address).collect();
    if all.is_empty() { vec![address(text)] } else { all }
}

fn socket_of(text: &str) -> Result<Socket, Unusable> {
    let unreadable = |why| Err(Unusable::Unreadable(why));
    let Some((transport, options)) = text.split_once(':') else {
        return unreadable("it does not start with a transport such as `unix:`");
    };
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if transport.is_empty() || !transport.chars().all(is_name) {
        return unreadable("the transport before the colon is not a valid name");
    }
    if transport != "unix" {
        return Err(Unusable::Kind(format!("{transport}:")));
    }
    let mut found = None;
    for option in options.split(',').filter(|option| !option.is_empty()) {
        let Some((key, value)) = option.split_once('=') else {
            return unreadable("an option has no `=`");
        };
        let Some(value) = unescaped(value) else {
            return unreadable("`%` is not followed by two hexadecimal digits");
        };
        let socket = match key {
            "path" => Socket::Path(OsString::from_vec(value).into()),
            "abstract" => Socket::Abstract(value),
            // These are addresses to listen on and not to connect to.
            "dir" | "tmpdir" | "runtime" => return Err(Unusable::Kind(format!("unix:{key}="))),
            // Other options, such as `guid`, are ignored.
            _ => continue,
        };
        if found.replace(socket).is_some() {
            return unreadable("it names two sockets");
        }
    }
    found.ok_or(Unusable::Unreadable("it names no socket (`path=` or `abstract=`)"))
}

/// Decodes each `%xx` in `value` to its byte.
fn unescaped(value: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                u8::try_from(digit()? * 16 + digit()?).ok()?
            }
            other => other,
        });
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sockets(text: &str) -> Vec<Result<Socket, Unusable>> {
        parse(text).into_iter().map(|address| address.socket).collect()
    }

    #[test]
    fn escapes_are_read_once_and_shown_as_they_were_given() {
        let path = |path: &str| Ok(Socket::Path(path.into()));
        for (text, expected) in [
            ("unix:path=/run/user/1000/bus", path("/run/user/1000/bus")),
            ("unix:path=/run/a%20b/bus,guid=00", path("/run/a b/bus")),
            ("unix:guid=00,path=/run/a%2525b%3Bc", path("/run/a%25b;c")),
            ("unix:path=/run/%c3%a9", path("/run/é")),
            ("unix:abstract=/tmp/dbus%2dX", Ok(Socket::Abstract(b"/tmp/dbus-X".to_vec()))),
        ] {
            assert_eq!(sockets(text), [expected], "{text}");
            assert_eq!(parse(text)[0].text, text);
        }
        assert_eq!(bus_in("/run/user/1000"), "unix:path=/run/user/1000/bus");
        for dir in ["/run/a b;c,d=%", "/run/é"] {
            assert_eq!(sockets(&bus_in(dir)), [path(&format!("{dir}/bus"))], "{dir}");
        }
    }

    #[test]
    fn several_addresses_keep_their_order() {
        let found = sockets("tcp:host=a,port=1;unix:abstract=b;;unix:path=/c;");
        let expected = [
            Err(Unusable::Kind("tcp:".to_owned())),
            Ok(Socket::Abstract(b"b".to_vec())),
            Ok(Socket::Path("/c".into())),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn unsupported_and_unreadable_addresses_give_different_errors() {
        for (text, kind) in [
            ("autolaunch:", "autolaunch:"),
            ("tcp:host=localhost,port=1", "tcp:"),
            ("nonce-tcp:host=localhost,port=1,noncefile=/x", "nonce-tcp:"),
            ("launchd:env=DBUS_LAUNCHD_SESSION_BUS_SOCKET", "launchd:"),
            ("unixexec:path=/bin/true", "unixexec:"),
            ("unix:tmpdir=/tmp", "unix:tmpdir="),
            ("unix:runtime=yes", "unix:runtime="),
        ] {
            assert_eq!(sockets(text), [Err(Unusable::Kind(kind.to_owned()))], "{text}");
        }
        for text in [
            "garbage",
            "",
            ";",
            ":path=/x",
            "a b:path=/x",
            "unix:",
            "unix:guid=00",
            "unix:path",
            "unix:path=/a,path=/b",
            "unix:path=/a,abstract=b",
            "unix:path=/a%2",
            "unix:path=/a%zz",
            "unix:path=/a%+1",
        ] {
            let found = sockets(text);
            assert!(matches!(found[..], [Err(Unusable::Unreadable(_))]), "{text}: {found:?}");
        }
    }
}
