//! Changes the text of `config.toml`. Comments, order and line ends stay as the user wrote them.

use toml_edit::{DocumentMut, InlineTable, Item, Table, TableLike, Value};

/// The table of the file that is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section<'a> {
    /// `[defaults]`.
    Defaults,
    /// `[profiles.NAME]`.
    Profile(&'a str),
}

/// Sets `settings` in the profile `name`, which is added at the end of the file if it is missing. The first profile of a file
/// becomes its default profile.
///
/// # Errors
///
/// Why the text cannot be changed: it is not TOML, or `profiles` is not a table.
pub fn upsert_profile(text: &str, name: &str, settings: &toml::Table) -> Result<String, String> {
    edit(text, |document| {
        let is_first =
            !document.contains_key("default-profile") && !document.contains_key("profiles");
        if is_first {
            let has_text = !text.trim().is_empty();
            let mut value = Value::from(name);
            // A blank line before what the file has.
            value.decor_mut().set_suffix(if has_text { "\n" } else { "" });
            document.insert("default-profile", Item::Value(value));
        }
        set(document, Section::Profile(name), settings, &[])
    })
}

/// Sets `settings` in `section`, and removes the keys in `removed` from it.
///
/// # Errors
///
/// As [`upsert_profile`].
pub fn change(
    text: &str,
    section: Section<'_>,
    settings: &toml::Table,
    removed: &[&str],
) -> Result<String, String> {
    edit(text, |document| set(document, section, settings, removed))
}

/// Byte order mark, which some editors write at the start of a file.
const BOM: char = '\u{feff}';

fn edit(
    text: &str,
    change: impl FnOnce(&mut DocumentMut) -> Result<(), String>,
) -> Result<String, String> {
    let bare = text.strip_prefix(BOM).unwrap_or(text);
    let mut document: DocumentMut =
        bare.parse().map_err(|_| "the file is not TOML: `entrada config check` shows the place")?;
    change(&mut document)?;
    let mut text = text[..text.len() - bare.len()].to_owned();
    let changed = document.to_string();
    // The file has one kind of line end: that of its first line. The library writes `\n`.
    let is_dos = bare.find('\n').is_some_and(|at| bare[..at].ends_with('\r'));
    if is_dos {
        text += &changed.replace("\r\n", "\n").replace('\n', "\r\n");
    } else {
        text += &changed;
    }
    Ok(text)
}

fn set(
    document: &mut DocumentMut,
    section: Section<'_>,
    settings: &toml::Table,
    removed: &[&str],
) -> Result<(), String> {
    let text = toml::to_string(settings).map_err(|error| error.to_string())?;
    let fragment: DocumentMut = text.parse().map_err(|error| format!("{error}"))?;
    let table = table(document, section)?;
    for key in removed {
        table.remove(key);
    }
    for (key, item) in fragment.iter() {
        let mut item = item.clone();
        match (table.get_mut(key), item.as_value_mut()) {
            (Some(Item::Value(old)), Some(new)) => {
                // A comment behind the value stays.
                *new.decor_mut() = old.decor().clone();
                *old = new.clone();
            }
            _ => drop(table.insert(key, item)),
        }
    }
    Ok(())
}

/// The table of `section`; a new one at the end of the file if it is missing.
fn table<'d>(
    document: &'d mut DocumentMut,
    section: Section<'_>,
) -> Result<&'d mut dyn TableLike, String> {
    let is_missing = match section {
        Section::Defaults => !document.contains_key("defaults"),
        Section::Profile(name) => {
            let profiles = document.get("profiles").and_then(Item::as_table_like);
            !profiles.is_some_and(|profiles| profiles.contains_key(name))
        }
    };
    let new = is_missing.then(|| last_table(document));
    let root = document.as_table_mut();
    match section {
        Section::Defaults => {
            if let Some(new) = new {
                root.insert("defaults", Item::Table(new));
            }
            root.get_mut("defaults").and_then(Item::as_table_like_mut)
        }
        Section::Profile(name) => {
            let profiles = root.entry("profiles").or_insert_with(|| {
                let mut profiles = Table::new();
                profiles.set_implicit(true);
                Item::Table(profiles)
            });
            let is_inline = profiles.is_inline_table();
            let profiles = profiles.as_table_like_mut();
            let profiles = profiles.ok_or("`profiles` in the file is not a table")?;
            if let Some(new) = new {
                let inline = || Item::Value(InlineTable::new().into());
                profiles.insert(name, if is_inline { inline() } else { Item::Table(new) });
            }
            profiles.get_mut(name).and_then(Item::as_table_like_mut)
        }
    }
    .ok_or_else(|| "the section in the file is not a table".to_owned())
}

/// A table that is written behind everything that the file has, also behind its last comment.
fn last_table(document: &mut DocumentMut) -> Table {
    let trailing = document.trailing().as_str().unwrap_or_default().to_owned();
    document.set_trailing("");
    let is_empty = document.is_empty() && trailing.is_empty();
    let mut prefix = trailing;
    if !is_empty && !prefix.ends_with("\n\n") && !prefix.ends_with("\r\n\r\n") {
        prefix += if prefix.is_empty() || prefix.ends_with('\n') { "\n" } else { "\n\n" };
    }
    let mut new = Table::new();
    new.decor_mut().set_prefix(prefix);
    new.set_position(Some(isize::MAX));
    new
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(text: &str) -> toml::Table {
        text.parse().unwrap()
    }

    fn upserted(text: &str) -> String {
        let new = settings("client-id = 'c'\njob = ['imap', 'smtp']");
        upsert_profile(text, "mail", &new).unwrap()
    }

    const NEW: &str = "[profiles.mail]\nclient-id = \"c\"\njob = [\"imap\", \"smtp\"]\n";

    #[test]
    fn a_profile_is_added_behind_all_that_there_is() {
        for (before, after) in [
            ("", format!("default-profile = \"mail\"\n\n{NEW}")),
            (
                "# only a comment\n",
                format!("default-profile = \"mail\"\n\n# only a comment\n\n{NEW}"),
            ),
            (
                "# mine\n\n[defaults] # d\ntenant='t'   # as I like it\n\n# the end",
                format!(
                    "default-profile = \"mail\"\n\n# mine\n\n[defaults] # d\ntenant='t'   # as I like it\n\n# the end\n\n{NEW}"
                ),
            ),
            (
                "default-profile = 'a'\n[profiles.a]\nx-y.z = 1 # odd\n\n[jobs.crm]\naudience = 'x'\n",
                format!(
                    "default-profile = 'a'\n[profiles.a]\nx-y.z = 1 # odd\n\n[jobs.crm]\naudience = 'x'\n\n{NEW}"
                ),
            ),
            ("[profiles.a]\n\n\n", format!("[profiles.a]\n\n\n{NEW}")),
        ] {
            assert_eq!(upserted(before), after, "{before:?}");
        }
    }

    #[test]
    fn line_ends_and_the_byte_order_mark_stay() {
        let before = "\u{feff}# mine\r\n[profiles.a] # a\r\ntenant = 't' # t\r\n";
        let after = upserted(before);
        assert_eq!(after, format!("{before}\r\n{}", NEW.replace('\n', "\r\n")));
        assert_eq!(upserted("[profiles.a]\n# end\n"), format!("[profiles.a]\n# end\n\n{NEW}"));
    }

    #[test]
    fn a_profile_is_changed_in_its_place() {
        let before = "# top\n[profiles.mail] # mine\n# about it\nclient-id = 'old' # the id\nstore-key-file = 'k'\n\n[jobs.x]\n";
        let new = settings("client-id = 'new'\nstore = 'file'");
        let section = Section::Profile("mail");
        assert_eq!(
            change(before, section, &new, &["store-key-file"]).unwrap(),
            "# top\n[profiles.mail] # mine\n# about it\nclient-id = \"new\" # the id\nstore = \"file\"\n\n[jobs.x]\n"
        );
        assert_eq!(
            change("# top\n", Section::Defaults, &new, &[]).unwrap(),
            "# top\n\n[defaults]\nclient-id = \"new\"\nstore = \"file\"\n"
        );
    }

    #[test]
    fn profiles_in_one_line_are_changed_too() {
        assert_eq!(
            upserted("profiles = { a = { tenant = 't' } } # mine\n"),
            "profiles = { a = { tenant = 't' } , mail = { client-id = \"c\", job = [\"imap\", \"smtp\"]} } # mine\n"
        );
        assert!(upsert_profile("profiles = 5", "mail", &toml::Table::new()).is_err());
        assert!(upsert_profile("not toml [", "mail", &toml::Table::new()).is_err());
    }
}
