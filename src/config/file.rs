//! `config.toml`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::job::JobTable;
use super::layer::{Layer, keys};

/// The parsed file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct ConfigFile {
    /// The profile used when a command names none.
    pub default_profile: Option<String>,
    /// What every profile starts from.
    pub defaults: Layer,
    /// Named sets of settings.
    pub profiles: BTreeMap<String, Layer>,
    /// Jobs of the user's own.
    pub jobs: BTreeMap<String, JobTable>,
}

/// The file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It was asked for and is not there, or cannot be read.
    #[error("cannot read {path}: {reason}", path = .path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// Others could change it and send tokens elsewhere.
    #[error("{path} can be written by others; run `chmod go-w {path}`", path = .0.display())]
    Writable(PathBuf),
    /// It is not what it should be.
    #[error("{path}: {reason}", path = .path.display())]
    Parse {
        /// Which file.
        path: PathBuf,
        /// What is wrong, and where.
        reason: String,
    },
}

impl ConfigFile {
    /// Reads `path`. A file that is not there is empty, unless it was `asked_for` by name.
    pub fn read(path: &Path, asked_for: bool) -> Result<Self, ConfigError> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !asked_for => {
                return Ok(Self::default());
            }
            Err(error) => {
                return Err(ConfigError::Read { path: path.into(), reason: error.to_string() });
            }
        };
        check_mode(path)?;
        Self::parse(&text).map_err(|reason| ConfigError::Parse { path: path.into(), reason })
    }

    /// Reads the text of a file; the error names the line, and the nearest key for an unknown one.
    pub fn parse(text: &str) -> Result<Self, String> {
        let table: toml::Table =
            text.parse().map_err(|error: toml::de::Error| error.to_string())?;
        if let Some(unknown) = unknown_key(&table) {
            return Err(unknown);
        }
        let file: Self =
            toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())?;
        for (name, job) in &file.jobs {
            job.check(name)?;
        }
        Ok(file)
    }
}

fn unknown_key(table: &toml::Table) -> Option<String> {
    const TOP: [&str; 4] = ["default-profile", "defaults", "profiles", "jobs"];
    let keys = keys();
    let of_layer = |place: &str, layer: &toml::Value| {
        let known: Vec<&str> = keys.iter().map(String::as_str).collect();
        layer.as_table()?.keys().find_map(|key| unknown(place, key, &known))
    };
    let top = table.keys().find_map(|key| {
        // A setting at the top is a slip that deserves a better word than "unknown".
        if keys.contains(key) {
            return Some(format!(
                "`{key}` stands at the top; settings belong under `[defaults]` or `[profiles.NAME]`"
            ));
        }
        unknown("the file", key, &TOP)
    });
    let profiles = table.get("profiles").and_then(toml::Value::as_table);
    let jobs = table.get("jobs").and_then(toml::Value::as_table);
    top.or_else(|| of_layer("[defaults]", table.get("defaults")?))
        .or_else(|| {
            profiles?
                .iter()
                .find_map(|(name, layer)| of_layer(&format!("[profiles.{name}]"), layer))
        })
        .or_else(|| {
            jobs?.iter().find_map(|(name, job)| {
                let mut keys = job.as_table()?.keys();
                keys.find_map(|key| unknown(&format!("[jobs.{name}]"), key, &JobTable::KEYS))
            })
        })
}

fn unknown(place: &str, key: &str, known: &[&str]) -> Option<String> {
    if known.contains(&key) {
        return None;
    }
    let near = nearest(key, known.iter().copied())
        .map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    Some(format!("{place} has an unknown key `{}`{near}", crate::model::clean(key)))
}

/// The name among `known` that `word` was probably meant to be.
pub fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|name| (strsim::jaro_winkler(word, name), name))
        .filter(|(likeness, _)| 0.75 < *likeness)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

#[cfg(unix)]
fn check_mode(path: &Path) -> Result<(), ConfigError> {
    use std::os::unix::fs::PermissionsExt as _;
    const WRITABLE_BY_OTHERS: u32 = 0o022;
    let regular = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file);
    let mode = regular.map_or(0, |metadata| metadata.permissions().mode());
    if mode & WRITABLE_BY_OTHERS == 0 { Ok(()) } else { Err(ConfigError::Writable(path.into())) }
}

#[cfg(not(unix))]
fn check_mode(_: &Path) -> Result<(), ConfigError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_is_refused_with_the_nearest_name() {
        for (text, message) in [
            (
                "[defaults]\ntennant = 'x'",
                "[defaults] has an unknown key `tennant`; did you mean `tenant`?",
            ),
            (
                "[profiles.w]\nclientid = 'x'",
                "[profiles.w] has an unknown key `clientid`; did you mean `client-id`?",
            ),
            ("[profile.w]", "the file has an unknown key `profile`; did you mean `profiles`?"),
            ("xyzzy = 1", "the file has an unknown key `xyzzy`"),
            (
                "tenant = 'x'",
                "`tenant` stands at the top; settings belong under `[defaults]` or `[profiles.NAME]`",
            ),
        ] {
            assert_eq!(ConfigFile::parse(text).unwrap_err(), message);
        }
    }

    #[test]
    fn a_wrong_value_names_its_line() {
        let error = ConfigFile::parse("[defaults]\nstore = 'cellar'").unwrap_err();
        assert!(error.contains("line 2") && error.contains("cellar"), "{error}");
    }
}
