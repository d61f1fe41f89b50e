//! Changes the text of the configuration file, and keeps its comments, its order and its line ends.

use toml_edit::{DocumentMut, Item, Table, Value};

use super::Layer;

/// `text` with the profile `name`, in which the settings of `layer` have the values of `layer`. Its other settings stay. The
/// error says why it cannot be written into this text.
///
/// # Errors
///
/// The text is not TOML, or `profiles` in it is not a table.
pub fn upsert_profile(text: &str, name: &str, layer: &Layer) -> Result<String, String> {
    let is_crlf = text.contains("\r\n");
    let text = text.replace("\r\n", "\n");
    let mut document: DocumentMut =
        text.parse().map_err(|error: toml_edit::TomlError| error.message().to_owned())?;
    // Comments at the end of the file stay before a table that is added.
    let end = document.trailing().as_str().unwrap_or_default().trim_end().to_owned();
    let no_table = |what: &str| format!("`{what}` is not a table");
    let mut profiles = Table::new();
    profiles.set_implicit(true);
    let profiles = document
        .entry("profiles")
        .or_insert(Item::Table(profiles))
        .as_table_like_mut()
        .ok_or_else(|| no_table("profiles"))?;
    let is_new = !profiles.contains_key(name);
    let mut new = Table::new();
    if !text.trim().is_empty() {
        let gap = if end.is_empty() { "\n" } else { "\n\n" };
        new.decor_mut().set_prefix(format!("{end}{gap}"));
    }
    let profile = profiles
        .entry(name)
        .or_insert(Item::Table(new))
        .as_table_like_mut()
        .ok_or_else(|| no_table(&format!("profiles.{name}")))?;
    for (key, value) in layer.table() {
        let mut value: Value =
            value.to_string().parse().map_err(|error: toml_edit::TomlError| error.to_string())?;
        match profile.get_mut(&key) {
            Some(item) => {
                // A comment behind the value belongs to it.
                if let Some(old) = item.as_value() {
                    *value.decor_mut() = old.decor().clone();
                }
                *item = Item::Value(value);
            }
            None => drop(profile.insert(&key, Item::Value(value))),
        }
    }
    if is_new && document.get("profiles").is_some_and(Item::is_table) {
        document.set_trailing("");
    }
    let text = document.to_string();
    Ok(if is_crlf { text.replace('\n', "\r\n") } else { text })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ConfigFile;

    fn layer(tenant: &str) -> Layer {
        Layer {
            tenant: Some(tenant.to_owned()),
            job: Some(vec!["imap".parse().unwrap()]),
            ..Layer::default()
        }
    }

    #[test]
    fn a_new_profile_follows_what_is_there() {
        let before = "# mine\ndefault-profile = \"a\" # first\n\n[profiles.a]\ntenant = 'x' # here\n\n# a job\n[jobs.crm]\naudience = 'api://crm'\n";
        let after = upsert_profile(before, "work", &layer("contoso.example")).unwrap();
        let file = ConfigFile::parse(&after).unwrap();
        assert_eq!(file.profiles["work"], layer("contoso.example"));
        for line in before.lines() {
            assert!(after.contains(line), "{line}: {after}");
        }
        assert!(after.contains("\n\n[profiles.work]\n"), "{after}");
        for (before, start) in [
            ("# only\n# comments\n", "# only\n# comments\n\n[profiles.work]\n"),
            (
                "[defaults]\nquiet = true\n\n# the end\n",
                "[defaults]\nquiet = true\n\n# the end\n\n[profiles.work]\n",
            ),
            ("default-profile = 'work'\n\n", "default-profile = 'work'\n\n[profiles.work]\n"),
        ] {
            let after = upsert_profile(before, "work", &layer("contoso.example")).unwrap();
            assert!(after.starts_with(start) && after.ends_with("example\"\n"), "{after}");
        }
        let first = upsert_profile("", "work", &layer("contoso.example")).unwrap();
        assert_eq!(first, "[profiles.work]\njob = [\"imap\"]\ntenant = \"contoso.example\"\n");
    }

    #[test]
    fn a_profile_that_is_there_keeps_comments_other_keys_and_line_ends() {
        let before =
            "[profiles.work]\r\n# the customer\r\ntenant = 'x' # until May\r\nflow = 'device'\r\n";
        let after = upsert_profile(before, "work", &layer("y.example")).unwrap();
        assert_eq!(
            after,
            "[profiles.work]\r\n# the customer\r\ntenant = \"y.example\" # until May\r\nflow = 'device'\r\njob = [\"imap\"]\r\n"
        );
        let inline = upsert_profile("profiles = { a = { tenant = 'x' } }\n", "a", &layer("y"));
        assert_eq!(ConfigFile::parse(&inline.unwrap()).unwrap().profiles["a"], layer("y"));
        assert_eq!(
            upsert_profile("profiles = 1\n", "a", &layer("y")).unwrap_err(),
            "`profiles` is not a table"
        );
    }
}
