//! JSON as `az`, Microsoft Graph, the portal and PowerShell print it: the objects in it, and typed access to their members.

use std::fmt;

use entrada_core::NumericDate;
use serde_json::{Map, Value};

use super::RegistrationError;

/// A value, and the path of the member that it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Member<T> {
    /// The path, with `[]` for the elements of a list.
    pub(super) path: &'static str,
    pub(super) value: T,
    /// Whether the document says `null`, and the value is what Entra takes it for.
    is_null: bool,
}

impl<T> Member<T> {
    pub(super) fn new(path: &'static str, value: T) -> Self {
        Self { path, value, is_null: false }
    }

    fn of_null(path: &'static str, value: T) -> Self {
        Self { path, value, is_null: true }
    }
}

impl<T: fmt::Display> Member<T> {
    /// The value as the document has it.
    pub(super) fn shown(&self) -> String {
        if self.is_null { "null".to_owned() } else { self.value.to_string() }
    }
}

/// How many lines may be where the document starts.
const STARTS_MAX: usize = 20;

/// The objects in `text`: one object, a list, or the list in `value`. A byte order mark and lines before the JSON are skipped.
pub(super) fn objects(text: &str) -> Result<Vec<Map<String, Value>>, RegistrationError> {
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.is_empty() {
        return Err(RegistrationError::Empty);
    }
    let value = serde_json::from_str(text).or_else(|error| {
        // `az` prints warnings before the document.
        let start = text.match_indices('\n').map(|(at, _)| &text[at + 1..]);
        let starts = start.filter(|rest| rest.starts_with(['{', '[']));
        let mut documents = starts.take(STARTS_MAX);
        documents.find_map(|rest| serde_json::from_str(rest).ok()).ok_or(error)
    });
    let mut found = Vec::new();
    collect(value?, &mut found)?;
    Ok(found)
}

fn collect(value: Value, found: &mut Vec<Map<String, Value>>) -> Result<(), RegistrationError> {
    match value {
        Value::Null => Ok(()),
        Value::Array(all) => all.into_iter().try_for_each(|one| match one {
            Value::Object(members) => {
                found.push(members);
                Ok(())
            }
            _ => Err(RegistrationError::NotAnObject),
        }),
        Value::Object(mut members) => {
            let name = members.keys().find(|name| name.eq_ignore_ascii_case("value")).cloned();
            match name.and_then(|name| members.remove(&name)) {
                Some(list @ Value::Array(_)) => collect(list, found),
                other => {
                    // Of an object that has another kind of `value`, everything else counts.
                    drop(other);
                    found.push(members);
                    Ok(())
                }
            }
        }
        _ => Err(RegistrationError::NotAnObject),
    }
}

/// The members of one object. Names are compared without regard to case, because PowerShell writes `AppId`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Members<'a>(pub(super) &'a Map<String, Value>);

impl<'a> Members<'a> {
    /// The member at `path`, whose parts are separated by dots. `Some(Null)` is a member without a value.
    pub(super) fn get(self, path: &str) -> Option<&'a Value> {
        let (name, rest) = match path.split_once('.') {
            Some((name, rest)) => (name, Some(rest)),
            None => (path, None),
        };
        let value = self.0.get(name).or_else(|| {
            self.0.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value)
        })?;
        match (rest, value) {
            (None, value) => Some(value),
            (Some(rest), Value::Object(members)) => Members(members).get(rest),
            (Some(_), Value::Null) => Some(&Value::Null),
            (Some(_), _) => None,
        }
    }

    pub(super) fn has(self, path: &str) -> bool {
        self.get(path).is_some()
    }

    /// The text at `path`, unless it is empty.
    pub(super) fn text(self, path: &'static str) -> Option<Member<String>> {
        let text = self.get(path)?.as_str()?.trim();
        (!text.is_empty()).then(|| Member::new(path, text.to_owned()))
    }

    /// The switch at `path`; `null` is off.
    pub(super) fn switch(self, path: &'static str) -> Option<Member<bool>> {
        let value = match self.get(path)? {
            Value::Bool(on) => *on,
            Value::Null => return Some(Member::of_null(path, false)),
            Value::String(text) => entrada_core::parse_bool(text)?,
            _ => return None,
        };
        Some(Member::new(path, value))
    }

    /// The number at `path`; `null` is 1, as for versions.
    pub(super) fn version(self, path: &'static str) -> Option<Member<u64>> {
        let version = match self.get(path)? {
            Value::Null => return Some(Member::of_null(path, 1)),
            Value::Number(number) => number.as_u64()?,
            Value::String(text) => text.trim().parse().ok()?,
            _ => return None,
        };
        Some(Member::new(path, version))
    }

    /// The texts in the list at `path`; `null` is an empty list.
    pub(super) fn texts(self, path: &'static str) -> Option<Member<Vec<String>>> {
        let texts = match self.get(path)? {
            Value::Null => Vec::new(),
            Value::Array(all) => {
                all.iter().map(|one| one.as_str().map(str::to_owned)).collect::<Option<_>>()?
            }
            // PowerShell writes the elements in one text where `-Depth` is too small.
            Value::String(text) if !is_cut(text) => {
                text.split_whitespace().map(str::to_owned).collect()
            }
            _ => return None,
        };
        Some(Member::new(path, texts))
    }

    /// The objects in the list at `path`. A single object counts as a list, and `null` as an empty one.
    pub(super) fn list(self, path: &str) -> Option<Vec<Members<'a>>> {
        match self.get(path)? {
            Value::Null => Some(Vec::new()),
            Value::Object(members) => Some(vec![Members(members)]),
            Value::Array(all) => all.iter().map(|one| one.as_object().map(Members)).collect(),
            _ => None,
        }
    }

    /// The time at `path`: RFC 3339, or `/Date(milliseconds)/` of Windows PowerShell.
    pub(super) fn time(self, path: &str) -> Option<NumericDate> {
        let text = self.get(path)?.as_str()?;
        if let Some(rest) = text.strip_prefix("/Date(") {
            let digits = rest.split([')', '+']).next()?;
            return Some(NumericDate(digits.parse::<i64>().ok()?.div_euclid(1_000)));
        }
        let time: jiff::Timestamp = text.parse().ok()?;
        Some(NumericDate(time.as_second()))
    }

    /// Whether the member at `path` is there, and PowerShell printed its type instead of its contents.
    pub(super) fn is_cut(self, path: &str) -> bool {
        match self.get(path) {
            Some(Value::String(text)) => is_cut(text),
            Some(Value::Array(all)) => all.iter().any(|one| one.as_str().is_some_and(is_cut)),
            _ => false,
        }
    }
}

/// Whether `text` is what PowerShell writes for an object below its `-Depth`.
fn is_cut(text: &str) -> bool {
    text.starts_with("@{") || text.starts_with("System.") || text.starts_with("Microsoft.Graph.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        let all = objects(text).unwrap();
        all.iter().filter_map(|one| Some(Members(one).text("name")?.value)).collect()
    }

    #[test]
    fn objects_are_found_in_every_wrapping() {
        for text in [
            r#"{"name":"a"}"#,
            "\u{feff}{\"name\":\"a\"}\r\n",
            r#"[{"Name":"a"}]"#,
            r#"{"@odata.context":"x","value":[{"name":"a"}]}"#,
            r#"{"value":[{"name":"a"}],"Count":1}"#,
            "WARNING: this command is in preview\n{\"name\":\"a\"}",
        ] {
            assert_eq!(names(text), ["a"], "{text}");
        }
        assert_eq!(names(r#"[{"name":"a"},{"name":"b"}]"#), ["a", "b"]);
        for text in ["[]", "null", r#"{"value":[]}"#] {
            assert_eq!(names(text), [""; 0], "{text}");
        }
        for text in ["", "  ", "\u{feff}", "no", "7", r#"["a"]"#, "{"] {
            assert!(objects(text).is_err(), "{text}");
        }
    }

    #[test]
    fn members_are_found_whatever_their_case_and_null_is_a_value() {
        let all = objects(
            r#"{"PublicClient":{"RedirectUris":["http://localhost"]},"web":null,"isDisabled":null,
                "spa":{"redirectUris":"http://a http://b"},"api":"@{x=1}","keys":["Microsoft.Graph.Key"],
                "end":"/Date(1700000000123)/","other":"2023-11-14T22:13:20Z"}"#,
        )
        .unwrap();
        let members = Members(&all[0]);
        assert_eq!(members.texts("publicClient.redirectUris").unwrap().value, ["http://localhost"]);
        assert_eq!(members.texts("web.redirectUris").unwrap().value, [""; 0]);
        assert_eq!(members.texts("spa.redirectUris").unwrap().value, ["http://a", "http://b"]);
        assert!(!members.switch("isDisabled").unwrap().value);
        assert_eq!(members.switch("absent"), None);
        assert!(members.is_cut("api") && members.is_cut("keys") && !members.is_cut("web"));
        assert_eq!(members.time("end"), Some(NumericDate(1_700_000_000)));
        assert_eq!(members.time("other"), Some(NumericDate(1_700_000_000)));
    }
}
