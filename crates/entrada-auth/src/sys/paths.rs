//! Where entrada's files are: the XDG Base Directory Specification, and `%APPDATA%` and `%LOCALAPPDATA%` on Windows.

use std::path::PathBuf;

use super::Env;

/// The file in which the administrator limits sign-ins. The path is fixed: a variable in it would let users choose another
/// file.
pub const POLICY_FILE: &str =
    if cfg!(windows) { r"C:\ProgramData\entrada\config.toml" } else { "/etc/entrada/config.toml" };

/// Directories of this user.
#[derive(Clone, Debug)]
pub struct Paths {
    /// `config.toml` is here.
    pub config: PathBuf,
    /// Encrypted grants of the `file` store.
    pub data: PathBuf,
    /// The index of accounts, locks, grants that wait for their store.
    pub state: PathBuf,
}

/// No place for files.
#[derive(Debug, thiserror::Error)]
#[error("{NO_HOME}")]
pub struct NoHome;

#[cfg(not(windows))]
const NO_HOME: &str = "HOME is not set to an absolute path, so there is no place for files; set HOME, or XDG_CONFIG_HOME, \
    XDG_DATA_HOME and XDG_STATE_HOME";
#[cfg(windows)]
const NO_HOME: &str = "APPDATA is not set to an absolute path, so there is no place for files; set APPDATA and LOCALAPPDATA";

impl Paths {
    /// The directories that `env` points to.
    ///
    /// # Errors
    ///
    /// [`NoHome`] if no variable names a directory for files.
    pub fn of(env: &Env) -> Result<Self, NoHome> {
        if cfg!(windows) {
            let base = env.path("APPDATA").ok_or(NoHome)?.join("entrada");
            let local =
                env.path("LOCALAPPDATA").map_or_else(|| base.clone(), |dir| dir.join("entrada"));
            return Ok(Self { config: base, data: local.join("data"), state: local.join("state") });
        }
        let home = env.path("HOME");
        let place = |variable: &str, below_home: &str| {
            let base = env.path(variable).or_else(|| Some(home.as_ref()?.join(below_home)));
            base.map(|base| base.join("entrada")).ok_or(NoHome)
        };
        Ok(Self {
            config: place("XDG_CONFIG_HOME", ".config")?,
            data: place("XDG_DATA_HOME", ".local/share")?,
            state: place("XDG_STATE_HOME", ".local/state")?,
        })
    }
}
