//! The environment of the program.

use std::ffi::OsString;

use super::layout::{BROWSER, Layout};
use super::{HomeFolder, Variables, trust};

/// Variables that lead to the user's desktop, keyring or proxies.
const UNSET: [&str; 13] = [
    "DBUS_SESSION_BUS_ADDRESS",
    "GNOME_KEYRING_CONTROL",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "XDG_CACHE_HOME",
    "XDG_STATE_HOME",
    "KRB5CCNAME",
];
/// Folders of the user that follow from HOME.
const OF_HOME: [&str; 2] = ["XDG_CONFIG_HOME", "XDG_DATA_HOME"];

/// What is set, and with `None` unset, for the program.
pub(super) fn variables(
    layout: &Layout,
    home: HomeFolder,
    proxy: Option<u16>,
    outer: Variables<'_>,
) -> Vec<(OsString, Option<OsString>)> {
    let mut all: Vec<(OsString, Option<OsString>)> = Vec::new();
    let mut set = |name: &str, value: Option<OsString>| all.push((name.into(), value));
    for name in UNSET {
        set(name, None);
    }
    let text = |name: &str| layout.at(name).display().to_string();
    for (name, value) in trust::variables(&text("ca.pem"), &text("trust.jks")) {
        set(name, value.map(OsString::from));
    }
    if home == HomeFolder::Fresh {
        for name in OF_HOME {
            set(name, None);
        }
        set("HOME", Some(layout.at("home").into()));
    }
    set("XDG_RUNTIME_DIR", Some(layout.at("run").into()));
    set("TMPDIR", Some(layout.at("tmp").into()));
    set("BROWSER", Some(layout.at("bin").join(BROWSER).into()));
    for (name, first, usual) in [
        ("PATH", "bin", "/usr/local/bin:/usr/bin:/bin"),
        ("XDG_DATA_DIRS", "share", "/usr/local/share:/usr/share"),
        ("XDG_CONFIG_DIRS", "xdg", "/etc/xdg"),
    ] {
        let mut value = OsString::from(layout.at(first));
        value.push(":");
        value.push(outer(name).unwrap_or_else(|| usual.into()));
        set(name, Some(value));
    }
    // Some programs believe in a browser only where there is a display.
    if outer("DISPLAY").is_none() && outer("WAYLAND_DISPLAY").is_none() {
        set("DISPLAY", Some(":99".into()));
    }
    if let Some(port) = proxy {
        for name in
            ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"]
        {
            set(name, Some(format!("http://127.0.0.1:{port}").into()));
        }
        for name in ["NO_PROXY", "no_proxy"] {
            set(name, Some("localhost,127.0.0.1,::1".into()));
        }
    }
    set("ENTRADA_SANDBOX", Some("1".into()));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(
        clippy::option_option,
        reason = "a variable that is removed is not one that is left alone"
    )]
    fn value(all: &[(OsString, Option<OsString>)], name: &str) -> Option<Option<String>> {
        let last = all.iter().rev().find(|(own, _)| own == name)?;
        Some(last.1.as_ref().map(|value| value.to_string_lossy().into_owned()))
    }

    #[test]
    fn the_program_sees_the_authority_and_not_the_desktop() {
        let outer = |name: &str| (name == "PATH").then(|| OsString::from("/usr/bin"));
        let all = variables(&Layout::new("/x"), HomeFolder::Fresh, None, &outer);
        assert_eq!(value(&all, "DBUS_SESSION_BUS_ADDRESS"), Some(None));
        assert_eq!(value(&all, "SSL_CERT_DIR"), Some(None));
        assert_eq!(value(&all, "HTTPS_PROXY"), Some(None));
        assert_eq!(value(&all, "SSL_CERT_FILE"), Some(Some("/x/ca.pem".into())));
        assert_eq!(value(&all, "HOME"), Some(Some("/x/home".into())));
        assert_eq!(value(&all, "PATH"), Some(Some("/x/bin:/usr/bin".into())));
    }

    #[test]
    fn a_kept_home_and_a_proxy_are_as_asked_for() {
        let all =
            variables(&Layout::new("/x"), HomeFolder::Keep, Some(8_080), &|_| Some("own".into()));
        assert_eq!((value(&all, "HOME"), value(&all, "XDG_CONFIG_HOME")), (None, None));
        assert_eq!(value(&all, "https_proxy"), Some(Some("http://127.0.0.1:8080".into())));
        assert_eq!(value(&all, "DISPLAY"), None);
    }
}
