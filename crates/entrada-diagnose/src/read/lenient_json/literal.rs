//! Values without quotes.

use serde_json::{Number, Value};

/// Maximum length of a name without quotes, in bytes.
pub(super) const NAME_MAX: usize = 64;

/// Whether nothing of `value` was read.
pub(super) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Object(members) => members.is_empty(),
        Value::Array(values) => values.is_empty(),
        _ => false,
    }
}

/// The value of a text without quotes.
pub(super) fn literal(text: &str) -> Value {
    match text {
        "true" | "True" => Value::Bool(true),
        "false" | "False" => Value::Bool(false),
        "null" | "None" | "undefined" | "nil" | "NaN" | "" => Value::Null,
        _ => {
            let number = text.starts_with(|c: char| c.is_ascii_digit() || c == '-');
            let number =
                number.then(|| text.trim_end_matches('n').parse::<Number>().ok()).flatten();
            number.map_or_else(|| text.into(), Value::Number)
        }
    }
}

/// Whether `text` is what Node prints for something that it does not show: `[Object]`, `[Function: send]`.
pub(super) fn is_mark(text: &str) -> bool {
    let end = text.bytes().skip(1).take(NAME_MAX).position(|byte| !byte.is_ascii_alphanumeric());
    let word = end.map_or("", |end| &text[1..=end]);
    matches!(text.as_bytes().get(word.len() + 1), Some(b']' | b':' | b' ' | b'('))
        && word.starts_with(|c: char| c.is_ascii_uppercase())
        && !matches!(word, "True" | "False" | "None")
}

/// Whether `text` is a name before an object: `Headers`, `<ref *1> Foo`, `Error: x`.
pub(super) fn is_class(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_uppercase() || c == '<' || c == '[')
        || text.is_empty()
        || text.starts_with('@')
        || text.starts_with("new ")
}

/// Whether `text` begins with a frame of a JavaScript stack.
pub(super) fn is_frame(text: &str) -> bool {
    text.starts_with("at ")
}

/// Whether `text` begins with `name=`.
pub(super) fn is_assignment(text: &str) -> bool {
    after_name(text).is_some_and(|rest| rest.starts_with('='))
}

/// Whether `text` begins with `name = `, as people write it in a script.
pub(super) fn is_spaced_assignment(text: &str) -> bool {
    after_name(text).is_some_and(|rest| rest.trim_start_matches(' ').starts_with("= "))
}

/// The text after the name at the start of `text`.
fn after_name(text: &str) -> Option<&str> {
    let text = text.trim_start();
    let end = text
        .find(|c: char| !(c.is_ascii_alphanumeric() || "_-.@".contains(c)))
        .unwrap_or(text.len());
    (0 < end && end <= NAME_MAX).then(|| &text[end..])
}
