//! Lengths of time as people write them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A length of time: `90`, `90s`, `5m`, `1h30m`, `2500ms`. Shorter than 2^32 seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Text", into = "String")]
pub struct Span(pub Duration);

impl Span {
    /// Whole seconds, rounded up: a wait of 7.5 s must not become 7 s.
    pub fn seconds(self) -> i64 {
        self.0.as_secs().cast_signed() + i64::from(self.0.subsec_nanos() != 0)
    }

    fn of_seconds(seconds: u32) -> Self {
        Self(Duration::from_secs(seconds.into()))
    }
}

/// The text is not a duration.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a duration such as `90s`, `5m` or `1h30m`")]
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
            Text::Seconds(seconds) => Ok(Self::of_seconds(seconds)),
            Text::Words(words) => words.parse(),
        }
    }
}

impl FromStr for Span {
    type Err = SpanError;
    fn from_str(text: &str) -> Result<Self, SpanError> {
        if let Ok(seconds) = text.parse() {
            return Ok(Self::of_seconds(seconds));
        }
        let error = || SpanError(entrada_core::clean(text).into_owned());
        let span: jiff::SignedDuration = text.parse().map_err(|_| error())?;
        let span = Duration::try_from(span).map_err(|_| error())?;
        if u64::from(u32::MAX) < span.as_secs() { Err(error()) } else { Ok(Self(span)) }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.subsec_nanos() == 0 {
            return write!(f, "{}s", self.0.as_secs());
        }
        let digits = format!("{:09}", self.0.subsec_nanos());
        write!(f, "{}.{}s", self.0.as_secs(), digits.trim_end_matches('0'))
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
        for (text, millis, shown) in [
            ("90", 90_000, "90s"),
            ("90s", 90_000, "90s"),
            ("5m", 300_000, "300s"),
            ("1h30m", 5_400_000, "5400s"),
            ("1h 30m", 5_400_000, "5400s"),
            ("7.5s", 7_500, "7.5s"),
            ("2500ms", 2_500, "2.5s"),
            ("50ms", 50, "0.05s"),
            ("0", 0, "0s"),
            ("0s", 0, "0s"),
        ] {
            let span: Span = text.parse().unwrap();
            assert_eq!(span, Span(Duration::from_millis(millis)), "{text}");
            assert_eq!(span.to_string(), shown);
            assert_eq!(shown.parse::<Span>().unwrap(), span);
        }
        let seconds = |text: &str| text.parse::<Span>().unwrap().seconds();
        assert_eq!(["7.5s", "500ms", "8s", "0"].map(seconds), [8, 1, 8, 0]);
        for text in ["", "soon", "-5m", "5"[..0].trim(), "1e9h", "-0.5s", "-1ns"] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
    }
}
