//! Where in the configuration file a setting stands whose value cannot be used.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::toml_fault::TomlFault;
use super::{Origin, SettingsError};

/// The text of the configuration file, for messages that name a place in it.
#[derive(Clone, Debug)]
pub(super) struct FileText {
    path: PathBuf,
    text: Arc<str>,
}

impl FileText {
    pub(super) fn new(path: &Path, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.into() }
    }

    /// `error` with the place of the value of `key` that has `part` in it; as it is where the file does not have that value.
    pub(super) fn placed(
        &self,
        (origin, profile): (Origin, Option<&str>),
        key: &str,
        part: &str,
        error: SettingsError,
    ) -> SettingsError {
        let table: Vec<&str> = match (origin, profile) {
            (Origin::Defaults, _) => vec!["defaults"],
            (Origin::Profile, Some(name)) => vec!["profiles", name],
            _ => return error,
        };
        let Some(spans) = value_spans(&self.text, &table, key, part) else { return error };
        let message = format!("[{}]: {error}", table.join("."));
        let fault = TomlFault::of_value(&self.text, spans, key, message);
        SettingsError::InFile { path: self.path.clone(), fault, error: Box::new(error) }
    }
}

/// The place of the value of `key` in `table`, or in a list of the element that has `part` in it; and that of the whole value.
fn value_spans(
    text: &str,
    table: &[&str],
    key: &str,
    part: &str,
) -> Option<(Range<usize>, Range<usize>)> {
    let file = DeTable::parse(text).ok()?;
    let mut here = file.get_ref();
    for name in table {
        here = here.get(*name)?.get_ref().as_table()?;
    }
    let has_part = |value: &Spanned<DeValue<'_>>| {
        let text = value.get_ref().as_str().unwrap_or_default();
        text.to_ascii_lowercase().contains(&part.to_ascii_lowercase())
    };
    let value = here.get(key)?;
    let element = value.get_ref().as_array().and_then(|all| all.iter().find(|one| has_part(one)));
    Some((element.unwrap_or(value).span(), value.span()))
}
