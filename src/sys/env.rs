//! The environment, read once.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// A snapshot of the environment variables. Values that are not Unicode count as absent, except in [`Env::path`].
#[derive(Clone, Default)]
pub struct Env(BTreeMap<String, std::ffi::OsString>);

impl Env {
    /// The process's own.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub fn real() -> Self {
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
            .collect()
    }

    /// The text of `name`; empty counts as absent.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.to_str().filter(|value| !value.is_empty())
    }

    /// The path in `name`; empty and relative ones count as absent (XDG Base Directory §3).
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        let path = PathBuf::from(self.0.get(name)?);
        path.is_absolute().then_some(path)
    }

    /// Whatever is in `name`, empty too.
    pub fn os(&self, name: &str) -> Option<&std::ffi::OsStr> {
        self.0.get(name).map(std::ffi::OsString::as_os_str)
    }

    /// The names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

/// The names only: values hold keys, and passwords of proxies.
impl std::fmt::Debug for Env {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl FromIterator<(String, std::ffi::OsString)> for Env {
    fn from_iter<I: IntoIterator<Item = (String, std::ffi::OsString)>>(variables: I) -> Self {
        Self(variables.into_iter().collect())
    }
}
