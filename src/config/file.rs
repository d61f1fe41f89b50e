//! `config.toml`.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::de::{DeTable, DeValue};

use super::in_file::FileText;
use super::job::JobTable;
use super::layer::{Layer, keys};
use super::nearest;
use super::toml_fault::{TOP, TomlFault};
use entrada_auth::sys::{FileTrust, InputFileError, SMALL_FILE_MAX, check_path, read_input_file};

/// Lines that are left out of a file with faults.
const FAULTY_LINES_MAX: usize = 20;

/// Keys up to which a message lists them all.
const FEW: usize = 8;

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
    /// The folder of the file. Relative paths in it begin there.
    #[serde(skip)]
    pub folder: Option<PathBuf>,
    /// Where it was looked for.
    #[serde(skip)]
    pub path: Option<PathBuf>,
    /// Its text, if it was read from a file.
    #[serde(skip)]
    pub(super) text: Option<FileText>,
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
    #[error("{path}: {fault}", path = .path.display())]
    Parse {
        /// Which file.
        path: PathBuf,
        /// What is wrong, and where.
        fault: TomlFault,
    },
}

impl ConfigFile {
    /// Reads `path`. A file that is not there is empty, unless it was `asked_for` by name.
    pub fn read(path: &Path, asked_for: bool) -> Result<Self, ConfigError> {
        Self::read_from(path, &Self::read_text(path, asked_for)?)
    }

    /// What `text`, which is that of the file `path`, says.
    pub fn read_from(path: &Path, text: &str) -> Result<Self, ConfigError> {
        let file = Self::parse(text);
        let file = file.map_err(|fault| ConfigError::Parse { path: path.into(), fault })?;
        let folder = std::path::absolute(path).ok();
        let folder = folder.as_deref().and_then(Path::parent).map(Path::to_owned);
        let text = Some(FileText::new(path, text));
        Ok(Self { folder, path: Some(path.to_owned()), text, ..file })
    }

    /// The jobs of the user's own, and no setting.
    pub fn only_jobs(&self) -> Self {
        Self { jobs: self.jobs.clone(), ..Self::default() }
    }

    /// What can be used of `text`, which is at fault: every value that is right by itself, in lines that are TOML.
    pub fn usable_part(text: &str) -> Self {
        let table = table_without_faulty_lines(text);
        let part = |key: &str| table.get(key).and_then(toml::Value::as_table);
        let layer = |own: &toml::Table| {
            let values = own.iter().filter_map(|(key, value)| {
                let one = toml::Table::from_iter([(key.clone(), value.clone())]);
                one.clone().try_into::<Layer>().is_ok().then_some(one)
            });
            let values: toml::Table = values.flatten().collect();
            values.try_into::<Layer>().unwrap_or_default()
        };
        let named = part("profiles").into_iter().flatten();
        let profiles = named.filter_map(|(name, own)| Some((name.clone(), layer(own.as_table()?))));
        let own_jobs = part("jobs").into_iter().flatten().filter_map(|(name, job)| {
            let job: JobTable = job.clone().try_into().ok()?;
            job.check(name).is_ok().then(|| (name.clone(), job))
        });
        let default = table.get("default-profile").and_then(toml::Value::as_str);
        Self {
            default_profile: default.map(str::to_owned),
            defaults: part("defaults").map(layer).unwrap_or_default(),
            profiles: profiles.collect(),
            jobs: own_jobs.collect(),
            ..Self::default()
        }
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
            fault: TomlFault::whole("it is not UTF-8 text"),
        })
    }

    /// Refuses a place for the file that another user could change.
    pub fn check_place(path: &Path) -> Result<(), ConfigError> {
        check_path(path).map_err(|source| ConfigError::of(path, source))
    }

    /// Reads the text of a file. The error names the line, and the nearest key for an unknown one. It quotes no value, which may
    /// be a secret.
    ///
    /// # Errors
    ///
    /// [`TomlFault`] if the text is not TOML, or says something that no setting can mean.
    pub fn parse(text: &str) -> Result<Self, TomlFault> {
        let table: toml::Table =
            text.parse().map_err(|error| TomlFault::of(text, &toml::Table::new(), &error))?;
        let refuse = |error| TomlFault::of(text, &table, &error);
        let spanned = DeTable::parse(text).map_err(refuse)?;
        if let Some((span, unknown)) = unknown_key(spanned.get_ref()) {
            return Err(TomlFault::at(text, Some(span), unknown));
        }
        let file: Self = toml::from_str(text).map_err(refuse)?;
        for (name, job) in &file.jobs {
            job.check(name).map_err(|reason| {
                let jobs = table_in(spanned.get_ref(), "jobs");
                let key = jobs.and_then(|jobs| jobs.get_key_value(&**name)).map(|(key, _)| key);
                TomlFault::at(text, key.map(toml::Spanned::span), reason)
            })?;
        }
        let profiles = table_in(spanned.get_ref(), "profiles").into_iter().flatten();
        let names = profiles.map(|(name, _)| name);
        if let Some(name) = names.into_iter().find(|name| name.get_ref().starts_with('-')) {
            let reason = format!(
                "`{}` cannot be the name of a profile: commands take it for an option",
                name.get_ref()
            );
            return Err(TomlFault::at(text, Some(name.span()), reason));
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

/// The table in `text` without the lines at which it is no TOML.
fn table_without_faulty_lines(text: &str) -> toml::Table {
    let mut lines: Vec<&str> = text.lines().collect();
    for _ in 0..FAULTY_LINES_MAX {
        let left = lines.join("\n");
        let error = match left.parse::<toml::Table>() {
            Ok(table) => return table,
            Err(error) => error,
        };
        let before = error.span().and_then(|span| left.get(..span.start)).unwrap_or_default();
        let at = before.matches('\n').count();
        if at < lines.len() {
            lines.remove(at);
        }
    }
    toml::Table::new()
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

/// The table that `key` of `table` holds.
fn table_in<'t, 'i>(table: &'t DeTable<'i>, key: &str) -> Option<&'t DeTable<'i>> {
    table.get(key)?.get_ref().as_table()
}

/// The first key that no setting has: its place, and what to say of it.
fn unknown_key(file: &DeTable<'_>) -> Option<(Range<usize>, String)> {
    let keys = keys();
    let known: Vec<&str> = keys.iter().map(String::as_str).collect();
    let first = |place: &str, table: &DeTable<'_>, known: &[&str]| {
        table.keys().find_map(|key| Some((key.span(), unknown(place, key.get_ref(), known)?)))
    };
    let top = file.keys().find_map(|key| {
        let name = key.get_ref();
        // A setting at the top level is a common mistake, with its own message.
        let message = if keys.iter().any(|own| own == name) {
            format!("`{name}` is at the top level; settings belong under `[defaults]` or `[profiles.NAME]`")
        } else {
            unknown("the file", name, &TOP)?
        };
        Some((key.span(), message))
    });
    let within = |key: &str, known: &[&str]| {
        table_in(file, key)?.iter().find_map(|(name, value)| {
            let DeValue::Table(inner) = value.get_ref() else { return None };
            first(&format!("[{key}.{}]", name.get_ref()), inner, known)
        })
    };
    top.or_else(|| first("[defaults]", table_in(file, "defaults")?, &known))
        .or_else(|| within("profiles", &known))
        .or_else(|| within("jobs", &JobTable::KEYS))
}

fn unknown(place: &str, key: &str, known: &[&str]) -> Option<String> {
    if known.contains(&key) {
        return None;
    }
    let more = match nearest(key, known.iter().copied()) {
        _ if ["secret", "password"].iter().any(|word| key.contains(word)) => {
            "no setting holds a secret: entrada signs in users, who type a password on the sign-in page".to_owned()
        }
        Some(near) => format!("did you mean `{near}`?"),
        None if known.len() < FEW => format!("there are `{}`", known.join("`, `")),
        None => "`entrada help settings` lists them all".to_owned(),
    };
    Some(format!("{place} has an unknown key `{}`; {more}", entrada_core::clean(key)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_is_refused_with_the_nearest_name() {
        for (text, message) in [
            (
                "[defaults]\ntennant = 'x'",
                "line 2, column 1: [defaults] has an unknown key `tennant`; did you mean `tenant`?",
            ),
            (
                "[profiles.w]\njob = 'imap'\n[profiles.\"--config=x\"]",
                "line 3, column 11: `--config=x` cannot be the name of a profile: commands take it for an option",
            ),
            (
                "[profiles.w]\nclientid = 'x'",
                "line 2, column 1: [profiles.w] has an unknown key `clientid`; did you mean `client-id`?",
            ),
            (
                "[profile.w]",
                "line 1, column 2: the file has an unknown key `profile`; did you mean `profiles`?",
            ),
            (
                "xyzzy = 1",
                "line 1, column 1: the file has an unknown key `xyzzy`; there are `default-profile`, `defaults`, `profiles`, `jobs`",
            ),
            (
                "[defaults]\nxyzzy = 1",
                "line 2, column 1: [defaults] has an unknown key `xyzzy`; `entrada help settings` lists them all",
            ),
            (
                "[defaults]\nclient-secret = 'x'",
                "line 2, column 1: [defaults] has an unknown key `client-secret`; no setting holds a secret: entrada signs in users, \
                 who type a password on the sign-in page",
            ),
            (
                "tenant = 'x'",
                "line 1, column 1: `tenant` is at the top level; settings belong under `[defaults]` or `[profiles.NAME]`",
            ),
        ] {
            assert_eq!(ConfigFile::parse(text).unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn a_wrong_value_names_its_line_and_what_is_expected() {
        let error = ConfigFile::parse("[defaults]\nstore = 'cellar'").unwrap_err().to_string();
        let expected = "line 2, column 9: expected one of `keyring`, `file`, `keyutils`, `memory`";
        assert_eq!(error, expected);
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
            "[defaults]\nclaims = \"\"\"\nhunter2=\nhunter2 \u{7}\"\"\"",
            "[defaults]\njob = [\n  'imap',\n  'hunter2/x' ]",
        ] {
            let error = ConfigFile::parse(text).unwrap_err();
            let error = format!("{error:?}");
            assert!(!error.contains("hunter") && !error.contains("\"hu\""), "{text}: {error}");
        }
    }
}
