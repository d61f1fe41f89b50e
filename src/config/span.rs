//! Lengths of time as people write them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A length of time in whole seconds: `90`, `90s`, `5m`, `1h30m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Text", into = "String")]
pub struct Span(pub u32);

/// The text is no length of time.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a length of time such as `90s`, `5m` or `1h30m`")]
pub struct SpanError(String);

#[derive(Deserialize)]
#[serde(untagged)]
enum Text {
    Seconds(u32),
    Words(String),
}

impl TryFrom<Text> for Span {
    type Error = SpanError;
    fn try_from(text: Text) -> Result<Self, SpanError> {
        match text {
            Text::Seconds(seconds) => Ok(Self(seconds)),
            Text::Words(words) => words.parse(),
        }
    }
}

impl FromStr for Span {
    type Err = SpanError;
    fn from_str(text: &str) -> Result<Self, SpanError> {
        if let Ok(seconds) = text.parse() {
            return Ok(Self(seconds));
        }
        let error = || SpanError(entrada_core::clean(text).into_owned());
        let span: jiff::SignedDuration = text.parse().map_err(|_| error())?;
        if span.is_negative() {
            return Err(error());
        }
        // Up, because nobody who asks for 7.5 s wants to be cut off after 7.
        let seconds = span.as_secs().saturating_add((0 < span.subsec_nanos()).into());
        u32::try_from(seconds).map(Self).map_err(|_| error())
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}s", self.0)
    }
}

impl From<Span> for String {
    fn from(span: Span) -> Self {
        span.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_as_people_write_them() {
        for (text, seconds) in [
            ("90", 90),
            ("90s", 90),
            ("5m", 300),
            ("1h30m", 5_400),
            ("1h 30m", 5_400),
            ("7.5s", 8),
            ("500ms", 1),
            ("0", 0),
            ("0s", 0),
        ] {
            assert_eq!(text.parse::<Span>().unwrap(), Span(seconds), "{text}");
        }
        for text in ["", "soon", "-5m", "5"[..0].trim(), "1e9h", "-0.5s", "-1ns"] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
    }
}
