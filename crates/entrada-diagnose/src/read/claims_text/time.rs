//! Times of claims, as tools show them.

use jiff::Timestamp;
use jiff::fmt::{rfc2822, strtime};

/// Claims that are times.
pub(super) const CLAIMS: [&str; 6] = ["exp", "iat", "nbf", "auth_time", "xms_tcdt", "pwd_exp"];

/// Digits of a time in seconds: 2001 to 2286.
const SECONDS: usize = 10;

/// Lengths of a date with its time and zone in bytes.
const DATE_MIN: usize = 16;
const DATE_MAX: usize = 100;

/// Formats of browsers and tools with a zone.
const FORMATS: [&str; 5] = [
    "%a %b %d %Y %H:%M:%S GMT%z",
    "%a %b %d %Y %H:%M:%S UTC%z",
    "%Y-%m-%d %H:%M:%S %z",
    "%Y-%m-%dT%H:%M:%S%z",
    "%a %b %d %H:%M:%S %z %Y",
];

/// The time in `text` in seconds since 1970: a number, also with a date after it, or a date with its zone. `None` for a
/// local time: its zone is unknown.
pub(super) fn seconds(text: &str) -> Option<i64> {
    let text = text.trim().trim_matches(['"', '\'', '`', ',']).trim();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if digits == SECONDS
        && text[digits..].chars().next().is_none_or(|c| !c.is_alphanumeric() && c != '-')
    {
        return text[..digits].parse().ok();
    }
    // Milliseconds, as JavaScript counts.
    if digits == SECONDS + 3 && digits == text.len() {
        return text.parse::<i64>().ok().map(|milliseconds| milliseconds / 1_000);
    }
    if let Some(number) = text.split_once('(').map(|(_, rest)| rest.trim_end_matches(')'))
        && number.len() == SECONDS
        && let Ok(number) = number.parse()
    {
        return Some(number);
    }
    // The shortest date with a time, and the longest.
    if !(DATE_MIN..=DATE_MAX).contains(&text.len()) {
        return None;
    }
    let date = text.split(" (").next().unwrap_or(text).trim();
    let utc = ["UTC", "GMT", "Z"].iter().find_map(|zone| date.strip_suffix(zone));
    let zoned = utc.map(|date| format!("{} +0000", date.trim())).or_else(|| {
        let (time, year) = date.split_once(" UTC ")?;
        Some(format!("{time} +0000 {year}"))
    });
    let read = |format: &str, date: &str| strtime::parse(format, date).ok()?.to_timestamp().ok();
    date.parse::<Timestamp>()
        .ok()
        .or_else(|| rfc2822::DateTimeParser::new().parse_timestamp(date).ok())
        .or_else(|| FORMATS.iter().find_map(|format| read(format, date)))
        .or_else(|| FORMATS.iter().find_map(|format| read(format, zoned.as_deref()?)))
        .map(Timestamp::as_second)
}
