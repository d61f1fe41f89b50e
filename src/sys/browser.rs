//! The user's browser, by the `open` crate.

use std::io;

use url::Url;

use super::{Browser, Env};
use crate::model::check_transport;

/// The desktop's own browser.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealBrowser;

impl Browser for RealBrowser {
    fn is_likely(&self, env: &Env) -> bool {
        let remote = env.get("SSH_CONNECTION").is_some() || env.get("SSH_TTY").is_some();
        if cfg!(any(windows, target_os = "macos")) {
            return !remote;
        }
        let desktop = env.get("WAYLAND_DISPLAY").is_some() || env.get("DISPLAY").is_some();
        let wsl = env.get("WSL_DISTRO_NAME").is_some();
        wsl || (desktop && !remote)
    }

    fn open(&self, url: &Url) -> io::Result<()> {
        if !is_openable(url) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not an address to open"));
        }
        open::that_detached(url.as_str())
    }
}

/// Whether `url` may be opened: https, or a page of this machine; nothing that names a user or runs a program.
pub fn is_openable(url: &Url) -> bool {
    check_transport(url).is_ok() && url.username().is_empty() && url.password().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_are_opened() {
        for (url, expected) in [
            ("https://microsoft.com/devicelogin", true),
            ("http://localhost:8400/devicelogin", true),
            ("http://example.com/", false),
            ("https://user@example.com/", false),
            ("file:///etc/passwd", false),
            ("javascript:alert(1)", false),
            ("ms-settings:x", false),
        ] {
            assert_eq!(is_openable(&Url::parse(url).unwrap()), expected, "{url}");
        }
    }
}
