//! The environment variables, read once.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use entrada_core::parse_bool;
use strum::VariantArray as _;

/// Prefix of entrada's own variables.
pub const VARIABLE_PREFIX: &str = "ENTRADA_";

/// A variable of another program that is read as text, by entrada or by the D-Bus library. A value that is not UTF-8 must
/// not count as absent, or a configured proxy would not be used: see [`Env::not_text`], which checks every variant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum TextVariable {
    /// The proxy for all schemes.
    AllProxy,
    /// The same in lower case.
    #[strum(serialize = "all_proxy")]
    AllProxyLower,
    /// The commands that open a page.
    Browser,
    /// Set by continuous integration.
    Ci,
    /// The address of the D-Bus session bus.
    DbusSessionBusAddress,
    /// The proxy for https.
    HttpsProxy,
    /// The same in lower case.
    #[strum(serialize = "https_proxy")]
    HttpsProxyLower,
    /// The request of `kubectl` to a credential plugin.
    KubernetesExecInfo,
    /// The hosts that are reached without a proxy.
    NoProxy,
    /// The same in lower case.
    #[strum(serialize = "no_proxy")]
    NoProxyLower,
    /// The addresses of an SSH connection.
    SshConnection,
    /// The name of the user.
    User,
    /// The directory of the session's sockets.
    XdgRuntimeDir,
}

impl TextVariable {
    /// The name of the variable.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// A snapshot of the environment variables. On Windows, where `Path` and `PATH` are one variable, every name is in upper
/// case.
#[derive(Clone, Default)]
pub struct Env(BTreeMap<String, OsString>);

impl Env {
    /// The environment of this process.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub fn real() -> Self {
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
            .collect()
    }

    /// The text of `variable`. Empty counts as absent.
    pub fn get(&self, variable: TextVariable) -> Option<&str> {
        self.text(variable.name())
    }

    /// The text of entrada's own variable `ENTRADA_{name}`. Empty counts as absent.
    pub fn own(&self, name: &str) -> Option<&str> {
        self.text(&format!("{VARIABLE_PREFIX}{name}"))
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.os(name)?.to_str().filter(|value| !value.is_empty())
    }

    /// A variable that is read as text and is not UTF-8. The program must not continue as if it were absent.
    pub fn not_text(&self) -> Option<&str> {
        let mut variables = self.0.iter();
        variables
            .find(|(name, value)| is_text(name) && value.to_str().is_none())
            .map(|(name, _)| &**name)
    }

    /// Whether `name` has a value of any kind. Empty counts as absent.
    pub fn is_set(&self, name: &str) -> bool {
        self.os(name).is_some_and(|value| !value.is_empty())
    }

    /// Whether the program runs under continuous integration: `CI` is set and its value does not mean no.
    pub fn is_ci(&self) -> bool {
        self.get(TextVariable::Ci).is_some_and(|value| parse_bool(value) != Some(false))
    }

    /// The path in `name`; empty and relative ones count as absent (XDG Base Directory §3).
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        let path = PathBuf::from(self.os(name)?);
        path.is_absolute().then_some(path)
    }

    /// The value of `name`, also if it is empty.
    pub fn os(&self, name: &str) -> Option<&OsStr> {
        self.0.get(&*unified(name)).map(OsString::as_os_str)
    }

    /// The names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

/// Shows only the names: values contain keys and passwords of proxies.
impl std::fmt::Debug for Env {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl FromIterator<(String, OsString)> for Env {
    fn from_iter<I: IntoIterator<Item = (String, OsString)>>(variables: I) -> Self {
        let variables = variables.into_iter();
        Self(variables.map(|(name, value)| (unified(&name).into_owned(), value)).collect())
    }
}

/// The form of `name` that names the same variable in every spelling that the platform treats as equal.
fn unified(name: &str) -> Cow<'_, str> {
    if cfg!(windows) && name.chars().any(char::is_lowercase) {
        name.to_uppercase().into()
    } else {
        name.into()
    }
}

fn is_text(name: &str) -> bool {
    name.starts_with(VARIABLE_PREFIX)
        || TextVariable::VARIANTS.iter().any(|variable| unified(variable.name()) == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn every_variable_that_is_read_as_text_is_checked_for_text() {
        use std::os::unix::ffi::OsStringExt as _;
        let broken =
            |name: &str| Env::from_iter([(name.to_owned(), OsString::from_vec(vec![0xff]))]);
        for variable in TextVariable::VARIANTS {
            let env = broken(variable.name());
            assert_eq!((env.get(*variable), env.not_text()), (None, Some(variable.name())));
        }
        let env = broken("ENTRADA_CONFIG");
        assert_eq!((env.own("CONFIG"), env.not_text()), (None, Some("ENTRADA_CONFIG")));
        assert_eq!(broken("LS_COLORS").not_text(), None);
        assert_eq!(TextVariable::DbusSessionBusAddress.name(), "DBUS_SESSION_BUS_ADDRESS");
        assert_eq!(TextVariable::NoProxyLower.name(), "no_proxy");
    }

    #[cfg(windows)]
    #[test]
    fn a_name_is_found_in_every_spelling() {
        let env = Env::from_iter([
            ("Path".to_owned(), "C:\\bin".into()),
            ("https_proxy".to_owned(), "http://proxy.example".into()),
            ("Entrada_Tenant".to_owned(), "contoso.example".into()),
        ]);
        assert_eq!(env.path("PATH"), Some("C:\\bin".into()));
        for variable in [TextVariable::HttpsProxy, TextVariable::HttpsProxyLower] {
            assert_eq!(env.get(variable), Some("http://proxy.example"));
        }
        assert_eq!(env.own("TENANT"), Some("contoso.example"));
    }

    #[cfg(unix)]
    #[test]
    fn names_that_differ_in_case_are_two_variables() {
        let env = Env::from_iter([("Path".to_owned(), "/bin".into())]);
        assert!(env.is_set("Path") && !env.is_set("PATH"));
    }

    #[test]
    fn ci_counts_unless_it_is_empty_or_says_no() {
        let is_ci = |value: &str| Env::from_iter([("CI".to_owned(), value.into())]).is_ci();
        for yes in ["1", "true", "True", "yes", "on", "woodpecker", "2"] {
            assert!(is_ci(yes), "{yes}");
        }
        for no in ["", "0", "false", "FALSE", "no", "off"] {
            assert!(!is_ci(no), "{no}");
        }
        assert!(!Env::default().is_ci());
    }
}
