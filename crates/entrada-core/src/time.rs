//! Points in time and durations, with their display forms.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Seconds since 1970-01-01T00:00:00Z, ignoring leap seconds (RFC 7519 §2, "NumericDate").
///
/// ```
/// use entrada_core::{NumericDate, human_duration};
///
/// let issued = NumericDate(1_790_000_000);
/// let expires = issued.plus_seconds(3_900);
/// assert_eq!(issued.to_string(), "2026-09-21 14:13:20Z");
/// assert_eq!(human_duration(expires.seconds_since(issued)), "1 h 5 min");
/// ```
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct NumericDate(pub i64);

impl NumericDate {
    /// This time plus a duration; saturates instead of overflowing.
    pub fn plus(self, duration: Duration) -> Self {
        self.plus_seconds(i64::try_from(duration.as_secs()).unwrap_or(i64::MAX))
    }

    /// This time plus a number of seconds, which may be negative.
    pub fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds))
    }

    /// The seconds from `earlier` to this time; negative when `earlier` is later.
    pub fn seconds_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// `2026-11-23 21:08:17Z`; the bare number outside the range of the calendar.
impl fmt::Display for NumericDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_second(self.0) {
            Ok(time) => write!(f, "{}", time.strftime("%Y-%m-%d %H:%M:%SZ")),
            Err(_) => write!(f, "{}", self.0),
        }
    }
}

/// A duration for people: the two largest units, `3 h 12 min`. The sign is dropped.
pub fn human_duration(seconds: i64) -> String {
    const UNITS: [(u64, &str); 4] = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    let mut rest = seconds.unsigned_abs();
    let mut parts = Vec::new();
    for (size, name) in UNITS {
        if size <= rest && parts.len() < 2 {
            parts.push(format!("{} {name}", rest / size));
            rest %= size;
        } else if !parts.is_empty() {
            break;
        }
    }
    if parts.is_empty() { "0 s".to_owned() } else { parts.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_shown_in_the_two_largest_units() {
        for (seconds, said) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (3_599, "59 min 59 s"),
            (11_520, "3 h 12 min"),
            (-11_520, "3 h 12 min"),
            (86_400, "1 d"),
            (7_776_000, "90 d"),
        ] {
            assert_eq!(human_duration(seconds), said);
        }
    }

    #[test]
    fn times_are_shown_in_utc_and_never_panic() {
        assert_eq!(NumericDate(1_700_000_000).to_string(), "2023-11-14 22:13:20Z");
        assert_eq!(NumericDate(i64::MAX).to_string(), i64::MAX.to_string());
        assert_eq!(NumericDate(i64::MAX).plus_seconds(1), NumericDate(i64::MAX));
    }
}
