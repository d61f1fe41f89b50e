use serde_json::Value;
use std::ops::Range;
pub(crate) struct Found {
    pub span: Range<usize>,
    pub value: Value,
    pub strict: bool,
}
pub(crate) fn objects(text: &str) -> Vec<Found> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(next) = text[at..].find(['{']) {
        let start = at + next;
        let mut values = serde_json::Deserializer::from_str(&text[start..]).into_iter::<Value>();
        match values.next() {
            Some(Ok(value)) => {
                let end = start + values.byte_offset();
                found.push(Found { span: start..end, value, strict: true });
                at = end;
            }
            _ => at = start + 1,
        }
    }
    found
}
