//! Settings in the environment: `ENTRADA_…`, one for each key.

use super::layer::is_boolean;
use super::nearest;
use super::{Layer, SettingsError, keys};
use entrada_auth::sys::{Env, VARIABLE_PREFIX};
use entrada_core::parse_bool;

/// Variables of entrada that are not settings, and whether they hold a secret.
const OTHER_VARIABLES: [(&str, bool); 4] = [
    ("ENTRADA_CONFIG", false),
    ("ENTRADA_PROFILE", false),
    // `entrada sandbox` sets it for the program that it runs.
    ("ENTRADA_SANDBOX", false),
    ("ENTRADA_STORE_KEY", true),
];

/// The variable that sets `key`: `min-ttl` is `ENTRADA_MIN_TTL`.
pub fn variable(key: &str) -> String {
    format!("{VARIABLE_PREFIX}{}", name_of(key))
}

/// The name of the variable without its prefix.
fn name_of(key: &str) -> String {
    key.to_ascii_uppercase().replace('-', "_")
}

/// Whether there is any `ENTRADA_` variable. Mostly there is none, and the list of names is not needed.
fn is_any_set(env: &Env) -> bool {
    own(env).next().is_some()
}

/// The variables that begin with `ENTRADA_`.
fn own(env: &Env) -> impl Iterator<Item = &str> {
    env.names().filter(|name| name.starts_with(VARIABLE_PREFIX))
}

/// Variables of ours that a program which we run must not get: secrets, and whatever is not known to be none, such as a
/// misspelt name of one.
pub fn secret(env: &Env) -> Vec<String> {
    if !is_any_set(env) {
        return Vec::new();
    }
    let settings = keys().iter().map(|key| variable(key));
    let harmless = OTHER_VARIABLES.iter().filter(|(_, is_secret)| !is_secret);
    let known: Vec<String> = settings.chain(harmless.map(|(name, _)| (*name).to_owned())).collect();
    own(env).filter(|name| !known.iter().any(|own| own == name)).map(str::to_owned).collect()
}

/// The name of a variable without what all of them begin with.
fn bare(name: &str) -> &str {
    name.strip_prefix(VARIABLE_PREFIX).unwrap_or(name)
}

/// Unknown variables that begin with `ENTRADA_`, each with the one that was probably meant.
pub fn strange(env: &Env) -> Vec<(String, Option<String>)> {
    if !is_any_set(env) {
        return Vec::new();
    }
    let known: Vec<String> = keys()
        .iter()
        .map(|key| variable(key))
        .chain(OTHER_VARIABLES.iter().map(|(name, _)| (*name).to_owned()))
        .collect();
    own(env)
        .filter(|name| !known.iter().any(|own| own == name))
        .map(|name| {
            let near = nearest(bare(name), known.iter().map(|own| bare(own)));
            (name.to_owned(), near.map(|near| format!("{VARIABLE_PREFIX}{near}")))
        })
        .collect()
}

/// The layer that the `ENTRADA_…` variables make.
pub(super) fn layer(env: &Env) -> Result<Layer, SettingsError> {
    if !is_any_set(env) {
        return Ok(Layer::default());
    }
    let mut given = toml::Table::new();
    for key in keys() {
        let Some(text) = env.own(&name_of(key)) else { continue };
        let value = value_for(key, text).ok_or_else(|| SettingsError::Variable {
            variable: variable(key),
            reason: "expected `true` or `false` (`1`, `yes`, `on`, or `0`, `no`, `off`)".to_owned(),
        })?;
        given.insert(key.clone(), value);
    }
    given.clone().try_into().map_err(|error: toml::de::Error| {
        // The error for all variables together does not name the wrong one.
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

/// A variable's text as the type that its key has in the file; `None` where a boolean is neither true nor false.
fn value_for(key: &str, text: &str) -> Option<toml::Value> {
    if is_boolean(key) {
        return parse_bool(text).map(Into::into);
    }
    let words: Vec<&str> = match key {
        "scope" | "job" => {
            let words = text.split(|c: char| c.is_whitespace() || c == ',');
            words.filter(|word| !word.is_empty()).collect()
        }
        // As in the URL that contains them.
        "param" => text.split('&').collect(),
        _ => return Some(text.into()),
    };
    Some(toml::Value::Array(words.into_iter().map(Into::into).collect()))
}

#[cfg(test)]
mod tests {
    use clap::Args as _;

    use super::super::flags::{Everything, Flags};
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

    #[test]
    fn settings_are_handed_on_and_whatever_else_begins_like_ours_is_not() {
        let names =
            ["ENTRADA_STORE_KEY", "ENTRADA_STOREKEY", "ENTRADA_CONFIG", "ENTRADA_PROFILE", "HOME"];
        let settings: Vec<String> = keys().iter().map(|key| variable(key)).collect();
        let all = names.iter().copied().chain(settings.iter().map(String::as_str));
        let env: Env = all.map(|name| (name.to_owned(), "x".into())).collect();
        assert_eq!(secret(&env), ["ENTRADA_STOREKEY", "ENTRADA_STORE_KEY"]);
    }

    /// The keys that take `true` in the file, whatever the flags say of themselves.
    fn booleans() -> Vec<&'static str> {
        let takes_true = |key: &&str| toml::from_str::<Layer>(&format!("{key} = true")).is_ok();
        keys().iter().map(String::as_str).filter(takes_true).collect()
    }

    #[test]
    fn every_boolean_variable_takes_the_words_of_its_flag() {
        assert!(8 <= booleans().len(), "{:?}", booleans());
        let said = |key: &str, text: &str| {
            let env: Env = [(variable(key), text.into())].into_iter().collect();
            layer(&env).map(|layer| layer.table().get(key).and_then(toml::Value::as_bool))
        };
        for key in booleans() {
            for (text, expected) in [
                ("1", Some(true)),
                ("true", Some(true)),
                ("TRUE", Some(true)),
                ("yes", Some(true)),
                ("y", Some(true)),
                ("on", Some(true)),
                ("0", Some(false)),
                ("false", Some(false)),
                ("False", Some(false)),
                ("no", Some(false)),
                ("n", Some(false)),
                ("off", Some(false)),
                (" 1 ", Some(true)),
                ("", None),
            ] {
                assert_eq!(said(key, text).unwrap(), expected, "{key}={text:?}");
                let flag = format!("--{key}={text}");
                if text == text.trim() && !text.is_empty() {
                    let flags = Flags::<Everything>::augment_args(clap::Command::new("entrada"));
                    let read = flags.try_get_matches_from(["entrada", &flag]);
                    let read = read.unwrap_or_else(|error| panic!("{error}"));
                    assert_eq!(read.get_one(&key.replace('-', "_")), expected.as_ref(), "{flag}");
                }
            }
            for text in ["2", "maybe", "truth", "-1"] {
                let error = said(key, text).unwrap_err().to_string();
                let start = format!(
                    "the variable {} has an invalid value: expected `true` or `false`",
                    variable(key)
                );
                assert!(error.starts_with(&start), "{error}");
            }
        }
    }

    #[test]
    fn every_setting_that_takes_several_values_takes_them_from_its_variable() {
        let takes_several = |key: &&String| toml::from_str::<Layer>(&format!("{key} = []")).is_ok();
        let several: Vec<&String> = keys().iter().filter(takes_several).collect();
        assert_eq!(several, ["scope", "job", "param"]);
        for (key, text) in [("scope", "a b"), ("job", "imap smtp"), ("param", "a=b&c=d")] {
            let env: Env = [(variable(key), text.into())].into_iter().collect();
            let table = layer(&env).unwrap().table();
            assert_eq!(table[key].as_array().map(Vec::len), Some(2), "{key}");
        }
    }
}
