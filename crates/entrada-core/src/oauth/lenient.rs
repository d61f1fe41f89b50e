//! JSON members as servers really send them: numbers as text, text as numbers, one value in place of a list.

use serde_json::{Map, Value};

pub(super) type Members = Map<String, Value>;

/// The text of `name`; empty text and other types count as absent.
pub(super) fn text(members: &Members, name: &str) -> Option<String> {
    members.get(name)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// The number of `name`, which may be text or have a fraction. A value that cannot be a count of seconds counts as absent.
pub(super) fn number(members: &Members, name: &str) -> Option<u64> {
    number_of(members.get(name)?)
}

fn number_of(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64().or_else(|| {
            let float = number.as_f64()?;
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "range is checked, the fraction is meant to go"
            )]
            (0.0..1e15).contains(&float).then_some(float as u64)
        }),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// The members of a token response in a JSON object that cannot be parsed as a whole, as far as they are texts; the first
/// of each name counts. It recovers the refresh token of a damaged response, which the server does not send again.
pub(super) fn recover_members(text: &str) -> Members {
    let mut members = Members::new();
    if !text.starts_with('{') {
        return members;
    }
    for name in ["access_token", "client_info", "error", "id_token", "refresh_token", "token_type"]
    {
        let Some((_, rest)) = text.split_once(&format!("\"{name}\"")) else { continue };
        let Some(value) = rest.trim_start().strip_prefix(':').map(str::trim_start) else {
            continue;
        };
        let value = value.strip_prefix('"').and_then(|value| value.split_once('"'));
        let value = value.map(|(value, _)| value).filter(|value| !value.contains('\\'));
        members.insert(name.to_owned(), value.map_or(Value::Null, Value::from));
    }
    members
}

/// The numbers of `name`: a list, one number, or text such as `"[500011]"`. Servers send all three forms.
pub(super) fn numbers(members: &Members, name: &str) -> Vec<u64> {
    match members.get(name) {
        Some(Value::Array(all)) => all.iter().filter_map(number_of).collect(),
        Some(Value::String(text)) => text
            .split(|c: char| !c.is_ascii_digit())
            .filter_map(|digits| digits.parse().ok())
            .collect(),
        Some(value) => number_of(value).into_iter().collect(),
        None => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(json: &str) -> Members {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn numbers_may_be_text_or_have_a_fraction() {
        for (json, expected) in [
            (r#"{"n":3599}"#, Some(3599)),
            (r#"{"n":"3599"}"#, Some(3599)),
            (r#"{"n":3599.5}"#, Some(3599)),
            (r#"{"n":-5}"#, None),
            (r#"{"n":1e400}"#, None),
            (r#"{"n":"soon"}"#, None),
            (r#"{"n":null}"#, None),
            (r"{}", None),
        ] {
            let read = serde_json::from_str(json).ok().and_then(|m: Members| number(&m, "n"));
            assert_eq!(read, expected, "{json}");
        }
    }

    #[test]
    fn error_codes_come_in_three_forms() {
        for json in [r#"{"c":[7,8]}"#, r#"{"c":"[7, 8]"}"#, r#"{"c":["7","8"]}"#] {
            assert_eq!(numbers(&members(json), "c"), [7, 8], "{json}");
        }
    }
}
