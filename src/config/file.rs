//! `config.toml`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::job::JobTable;
use super::layer::{Layer, keys};
use entrada_auth::sys::{FileTrust, InputFileError, SMALL_FILE_MAX, check_path, read_input_file};

/// The parsed file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct ConfigFile {
    /// The profile used when a command names none.
    pub default_profile: Option<String>,
    /// The settings that every profile inherits.
    pub defaults: Layer,
    /// Named sets of settings.
    pub profiles: BTreeMap<String, Layer>,
    /// Jobs of the user's own.
    pub jobs: BTreeMap<String, JobTable>,
}

/// The file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It was asked for and is not there, or is not a file to read settings from.
    #[error("cannot read {path}: {source}", path = .path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: InputFileError,
    },
    /// Another user could change it and send tokens elsewhere.
    #[error(
        "the configuration is not used, because another user could send your tokens elsewhere: {0}"
    )]
    Untrusted(InputFileError),
    /// Its content is invalid.
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
        Self::read_from(path, &Self::read_text(path, asked_for)?)
    }

    /// What `text`, which is that of the file `path`, says.
    pub fn read_from(path: &Path, text: &str) -> Result<Self, ConfigError> {
        Self::parse(text).map_err(|reason| ConfigError::Parse { path: path.into(), reason })
    }

    /// Every string in `text`, each with the keys that lead to it: `profiles.work.tenant`. Keys are listed as strings of their own.
    /// Empty if it is not TOML.
    pub fn strings(text: &str) -> Vec<(String, String)> {
        let mut found = Vec::new();
        if let Ok(table) = text.parse::<toml::Table>() {
            named_strings("", &toml::Value::Table(table), &mut found);
        }
        found
    }

    /// The text of the file `path`, which no other user can write.
    pub fn read_text(path: &Path, asked_for: bool) -> Result<String, ConfigError> {
        // By convention, this means no file.
        if path == Path::new("/dev/null") {
            return Ok(String::new());
        }
        let bytes = match read_input_file(path, SMALL_FILE_MAX, FileTrust::Unaltered) {
            Ok(bytes) => bytes,
            Err(error) if error.is_not_found() && !asked_for => return Ok(String::new()),
            Err(source) => return Err(ConfigError::of(path, source)),
        };
        String::from_utf8(bytes.to_vec()).map_err(|_| ConfigError::Parse {
            path: path.into(),
            reason: "it is not UTF-8 text".to_owned(),
        })
    }

    /// Refuses a place for the file that another user could change.
    pub fn check_place(path: &Path) -> Result<(), ConfigError> {
        check_path(path).map_err(|source| ConfigError::of(path, source))
    }

    /// Reads the text of a file; the error names the line, and the nearest key for an unknown one. It quotes no value, which may
    /// be a secret.
    pub fn parse(text: &str) -> Result<Self, String> {
        let table: toml::Table =
            text.parse().map_err(|error| reason(text, &toml::Table::new(), &error))?;
        if let Some(unknown) = unknown_key(&table) {
            return Err(unknown);
        }
        let file: Self = toml::from_str(text).map_err(|error| reason(text, &table, &error))?;
        for (name, job) in &file.jobs {
            job.check(name)?;
        }
        Ok(file)
    }
}

impl ConfigError {
    fn of(path: &Path, source: InputFileError) -> Self {
        match source {
            InputFileError::Owner { .. } | InputFileError::Writable(_) => Self::Untrusted(source),
            _ => Self::Read { path: path.into(), source },
        }
    }
}

/// Characters up to which a value is hidden only in quotes: without quotes it may be a part of a word.
const SHORT: usize = 3;

/// What is wrong with `text`, whose values are in `table`, and where.
fn reason(text: &str, table: &toml::Table, error: &toml::de::Error) -> String {
    let (said, expected) = error
        .message()
        .split_at(error.message().find(", expected").unwrap_or(error.message().len()));
    let mut said = said.to_owned();
    for value in strings(&toml::Value::Table(table.clone())) {
        // Libraries quote a value as it is or with escapes.
        for form in [value.escape_debug().to_string(), value] {
            if SHORT < form.len() {
                said = said.replace(&form, "…");
            }
            said =
                said.replace(&format!("`{form}`"), "`…`").replace(&format!("\"{form}\""), "\"…\"");
        }
    }
    let message = said + expected;
    let message = message.lines().next().unwrap_or_default();
    let message = entrada_core::clean(message);
    let Some(before) = error.span().and_then(|span| text.get(..span.start)) else {
        return message.into_owned();
    };
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!("line {line}, column {column}: {message}")
}

fn named_strings(place: &str, value: &toml::Value, found: &mut Vec<(String, String)>) {
    match value {
        toml::Value::String(text) => found.push((place.to_owned(), text.clone())),
        toml::Value::Array(all) => all.iter().for_each(|one| named_strings(place, one, found)),
        toml::Value::Table(all) => {
            for (key, value) in all {
                let dot = if place.is_empty() { "" } else { "." };
                let inner = format!("{place}{dot}{key}");
                found.push((place.to_owned(), key.clone()));
                named_strings(&inner, value, found);
            }
        }
        _ => (),
    }
}

/// Every string in `value`, longest first.
fn strings(value: &toml::Value) -> Vec<String> {
    let mut found: Vec<String> = match value {
        toml::Value::String(text) => vec![text.clone()],
        toml::Value::Array(all) => all.iter().flat_map(strings).collect(),
        toml::Value::Table(all) => all.values().flat_map(strings).collect(),
        _ => Vec::new(),
    };
    found.sort_by_key(|text| std::cmp::Reverse(text.len()));
    found
}

fn unknown_key(table: &toml::Table) -> Option<String> {
    const TOP: [&str; 4] = ["default-profile", "defaults", "profiles", "jobs"];
    let keys = keys();
    let of_layer = |place: &str, layer: &toml::Value| {
        let known: Vec<&str> = keys.iter().map(String::as_str).collect();
        layer.as_table()?.keys().find_map(|key| unknown(place, key, &known))
    };
    let top = table.keys().find_map(|key| {
        // A setting at the top level is a common mistake, with its own message.
        if keys.contains(key) {
            return Some(format!(
                "`{key}` is at the top level; settings belong under `[defaults]` or `[profiles.NAME]`"
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
    Some(format!("{place} has an unknown key `{}`{near}", entrada_core::clean(key)))
}

/// The name among `known` that `word` was probably meant to be.
pub fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|name| (strsim::jaro_winkler(word, name), name))
        .filter(|(likeness, _)| 0.75 < *likeness)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
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
                "`tenant` is at the top level; settings belong under `[defaults]` or `[profiles.NAME]`",
            ),
        ] {
            assert_eq!(ConfigFile::parse(text).unwrap_err(), message);
        }
    }

    #[test]
    fn a_wrong_value_names_its_line_and_what_is_expected() {
        let error = ConfigFile::parse("[defaults]\nstore = 'cellar'").unwrap_err();
        assert!(error.starts_with("line 2, column 9: unknown variant `…`, expected"), "{error}");
    }

    #[test]
    fn no_error_quotes_what_may_be_a_secret() {
        for text in [
            "[defaults]\nquiet = 'hunter2'",
            "[defaults]\nstore = \"hunter2\"",
            "[defaults]\nmin-ttl = 'hunter2'",
            "[defaults]\nparam = ['hunter2']",
            "[defaults]\njob = ['imap', 'hunter2/\\x']",
            "[defaults]\ntenant = hunter2",
            "[defaults]\npassword = 'hunter2'",
            "refresh_token = hunter2",
            "password hunter2",
            "x = 'hunter2",
            "[profiles.w]\ntenant = ['hunter2', 'other hunter2']",
            "[profiles]\nw = 'hunter2'",
            "[defaults]\ntenant = 'a'\ntenant = 'hunter2'",
            "[defaults]\nflow = \"\"\"hunter2\nx\"\"\"",
            "[defaults]\nredirect-uri = 'http://hunter2.example'",
            "[defaults]\ncloud = \"hunter\\u0032\"",
            "[defaults]\nquiet = 'hu'",
        ] {
            let error = ConfigFile::parse(text).unwrap_err();
            assert!(!error.contains("hunter") && !error.contains("\"hu\""), "{text}: {error}");
        }
    }
}
