//! The device flows of a record, each with its polls.

use super::{Endpoint, Exchange, Record};

/// Seconds between polls when the authority names none (RFC 8628 §3.2).
const INTERVAL: i64 = 5;
/// Seconds that `slow_down` adds (RFC 8628 §3.5).
pub(super) const SLOW_DOWN_STEP: i64 = 5;

/// One device flow.
pub(super) struct DeviceFlow<'a> {
    /// The request for the device code, if it was recorded.
    pub(super) start: Option<&'a Exchange>,
    /// The polls, in order.
    pub(super) polls: Vec<&'a Exchange>,
    /// Seconds between polls.
    pub(super) interval: i64,
}

impl<'a> DeviceFlow<'a> {
    /// Every flow of `record` that was polled.
    pub(super) fn all(record: &'a Record) -> Vec<Self> {
        let mut flows: Vec<(&str, Self)> = Vec::new();
        for poll in record.with_grant("device_code") {
            let Some(code) = poll.polled_code() else { continue };
            if let Some((_, flow)) = flows.iter_mut().find(|(own, _)| *own == code) {
                flow.polls.push(poll);
                continue;
            }
            let start = record
                .at(Endpoint::DeviceCode)
                .find(|start| start.text("device_code") == Some(code));
            let interval = start.and_then(|start| start.number("interval")).unwrap_or(INTERVAL);
            flows.push((code, Self { start, polls: vec![poll], interval }));
        }
        flows.into_iter().map(|(_, flow)| flow).collect()
    }

    /// Each poll with the one before it, and the milliseconds between them.
    pub(super) fn gaps(&self) -> impl Iterator<Item = (&'a Exchange, &'a Exchange, i64)> + '_ {
        self.polls.windows(2).map(|pair| (pair[0], pair[1], pair[1].at - pair[0].at))
    }

    /// When the device code expires: milliseconds since 1970.
    pub(super) fn expires_at(&self) -> Option<i64> {
        let start = self.start?;
        Some(start.ended() + start.number("expires_in")? * 1_000)
    }
}

/// Whether `gap` milliseconds are less than `seconds`. Timers are inexact: a tenth is tolerated.
pub(super) fn is_early(gap: i64, seconds: i64) -> bool {
    gap < seconds * 900
}

/// `4.2 s`.
pub(super) fn seconds(milliseconds: i64) -> String {
    format!("{}.{} s", milliseconds / 1_000, milliseconds % 1_000 / 100)
}
