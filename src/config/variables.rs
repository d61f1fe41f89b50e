//! Settings in the environment: `ENTRADA_…`, one for each key.

use super::file::nearest;
use super::{Layer, SettingsError, keys};
use crate::sys::Env;

/// Variables of ours that are no settings.
const OTHER_VARIABLES: [&str; 3] = ["ENTRADA_CONFIG", "ENTRADA_PROFILE", "ENTRADA_STORE_KEY"];

/// The variable that sets `key`: `min-ttl` is `ENTRADA_MIN_TTL`.
pub fn variable(key: &str) -> String {
    format!("ENTRADA_{}", key.to_ascii_uppercase().replace('-', "_"))
}

/// Whether there is any variable of ours: mostly there is none, and then the list of names need not be made.
fn is_any_set(env: &Env) -> bool {
    env.names().any(|name| name.starts_with("ENTRADA_"))
}

/// Variables that start like ours and mean nothing, each with the one that was probably meant.
pub fn strange(env: &Env) -> Vec<(String, Option<String>)> {
    if !is_any_set(env) {
        return Vec::new();
    }
    let known: Vec<String> = keys()
        .iter()
        .map(|key| variable(key))
        .chain(OTHER_VARIABLES.iter().map(|name| (*name).to_owned()))
        .collect();
    env.names()
        .filter(|name| name.starts_with("ENTRADA_") && !known.iter().any(|own| own == name))
        .map(|name| {
            let near = nearest(name, known.iter().map(String::as_str));
            (name.to_owned(), near.map(str::to_owned))
        })
        .collect()
}

/// The layer that the `ENTRADA_…` variables make.
pub(super) fn layer(env: &Env) -> Result<Layer, SettingsError> {
    if !is_any_set(env) {
        return Ok(Layer::default());
    }
    let given: toml::Table = keys()
        .iter()
        .filter_map(|key| Some((key.clone(), value_for(key, env.get(&variable(key))?))))
        .collect();
    given.clone().try_into().map_err(|error: toml::de::Error| {
        // Which one it was, the error of the whole does not say.
        let alone = |(key, value): &(String, toml::Value)| {
            toml::Table::from_iter([(key.clone(), value.clone())]).try_into::<Layer>().is_err()
        };
        let culprit = given.into_iter().find(alone).map(|(key, _)| variable(&key));
        SettingsError::Variable {
            variable: culprit.unwrap_or_default(),
            reason: error.message().to_owned(),
        }
    })
}

/// A variable's text as the type that its key has in the file.
fn value_for(key: &str, text: &str) -> toml::Value {
    if key == "scope" || key == "job" {
        let words =
            text.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty());
        return toml::Value::Array(words.map(Into::into).collect());
    }
    if key == "param" {
        // As in the address that they go into.
        return toml::Value::Array(text.split('&').map(Into::into).collect());
    }
    let boolean = ["offline", "strict", "no-browser", "no-interactive", "qr", "copy-code", "quiet"]
        .contains(&key);
    match text.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" if boolean => true.into(),
        "0" | "false" | "no" | "off" if boolean => false.into(),
        _ => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_is_its_key_in_capitals() {
        assert_eq!(variable("min-ttl"), "ENTRADA_MIN_TTL");
    }

    #[test]
    fn a_variable_that_means_nothing_is_found_with_its_neighbour() {
        let names = ["ENTRADA_TENNANT", "ENTRADA_TENANT", "ENTRADA_STORE_KEY", "HOME"];
        let env: Env = names.iter().map(|name| ((*name).to_owned(), "x".into())).collect();
        let near = Some("ENTRADA_TENANT".to_owned());
        assert_eq!(strange(&env), [("ENTRADA_TENNANT".to_owned(), near)]);
    }
}
