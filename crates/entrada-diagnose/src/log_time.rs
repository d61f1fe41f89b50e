//! The time that a log states.

use entrada_core::NumericDate;

/// Maximum number of lines that are searched, from the end.
const LINES_MAX: usize = 2_000;

/// Maximum length in bytes of what stands before the time of a record: `[`, or a level.
const BEFORE_MAX: usize = 16;

/// Maximum difference between a local time and UTC, in hours.
const ZONES: i64 = 14;

/// The time of a record of a log. A time without a zone is local, so it is known within half a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LogTime {
    /// The earliest time that it may be.
    pub(crate) earliest: NumericDate,
    /// The latest time that it may be.
    pub(crate) latest: NumericDate,
    /// The time as it is written, taken for UTC.
    pub(crate) written: NumericDate,
}

impl LogTime {
    /// The last time with which a line of `text` begins.
    pub(crate) fn last_in(text: &str) -> Option<Self> {
        text.lines().rev().take(LINES_MAX).find_map(Self::of_line)
    }

    /// The time with which `line` begins, in the form of ISO 8601: `2027-01-15T08:00:00Z`, `[2027-01-15 09:00:00,123]`.
    fn of_line(line: &str) -> Option<Self> {
        let start = line.find(|c: char| c.is_ascii_digit()).filter(|start| *start <= BEFORE_MAX)?;
        let text = line.get(start..)?;
        let date = text.get(..10)?.replace('/', "-");
        let rest = text.get(10..)?;
        let clock = rest.strip_prefix(['T', ' '])?;
        let length =
            clock.find(|c: char| !(c.is_ascii_digit() || ":.,".contains(c))).unwrap_or(clock.len());
        let (clock, zone) = clock.split_at(length);
        let clock = clock.trim_end_matches(['.', ',', ':']).replace(',', ".");
        let zone = zone.trim_start_matches(' ');
        let is_utc = ["Z", "UTC", "GMT"].iter().any(|name| zone.starts_with(name));
        let offset = zone.get(..6).filter(|zone| zone.starts_with(['+', '-'])).unwrap_or_default();
        let stamp = format!("{date}T{clock}{}", if is_utc { "Z" } else { offset });
        if let Ok(time) = stamp.parse::<jiff::Timestamp>() {
            let at = NumericDate(time.as_second());
            return Some(Self { earliest: at, latest: at, written: at });
        }
        let local = format!("{date}T{clock}Z").parse::<jiff::Timestamp>().ok()?;
        let at = NumericDate(local.as_second());
        Some(Self {
            earliest: at.plus_seconds(-ZONES * 3_600),
            latest: at.plus_seconds(ZONES * 3_600),
            written: at,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_record_states_the_time() {
        for (text, earliest, latest) in [
            ("2027-01-15T08:00:00Z C: a1 NOOP", 0, 0),
            ("2027-01-15 08:00:00.123 UTC hello", 0, 0),
            ("[2027-01-15T09:00:00,5+01:00] INFO x", 0, 0),
            ("2020-01-01T00:00:00Z old\n2027-01-15T08:00:00Z new\nand more", 0, 0),
            ("2027/01/15 08:00:00 x", -50_400, 50_400),
            ("DEBUG 2027-01-15 08:00:00,123 x", -50_400, 50_400),
        ] {
            let at = |seconds: i64| NumericDate(1_800_000_000 + seconds);
            let expected = LogTime { earliest: at(earliest), latest: at(latest), written: at(0) };
            assert_eq!(LogTime::last_in(text), Some(expected), "{text}");
        }
        for text in
            ["", "C: a1 NOOP", "12:00:01 x", "the year 2027-01-15", "2027-01-15 is a Friday"]
        {
            assert_eq!(LogTime::last_in(text), None, "{text}");
        }
    }
}
