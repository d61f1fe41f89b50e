//! The log of requests, and the headers of every response.

use std::collections::VecDeque;
use std::time::{Duration, UNIX_EPOCH};

use super::answer::{self, Answer, LoggedError};
use super::call::Call;
use super::host::Service;
use super::state::State;
use super::{LogLine, Reply};
use entrada_core::{Jwt, NumericDate, clean};

/// The most secrets and log lines that are kept.
const KEPT: usize = 20_000;

impl State {
    pub(super) fn remember_secret(&mut self, secret: String) {
        push(&mut self.secrets, secret);
    }

    pub(super) fn finish(&mut self, call: &Call, mut answer: Answer, now: NumericDate) -> Answer {
        let since = Duration::from_secs(u64::try_from(now.0).unwrap_or_default());
        // The largest date that HTTP can express is before the year 10000.
        if let Some(time) = UNIX_EPOCH.checked_add(since).filter(|_| now.0 < 253_402_300_800) {
            answer::set_header(&mut answer, "date", &httpdate::fmt_http_date(time));
        }
        answer::set_header(&mut answer, "cache-control", "no-store, no-cache");
        answer::set_header(&mut answer, "pragma", "no-cache");
        answer::set_header(&mut answer, "x-content-type-options", "nosniff");
        if !answer.headers().contains_key("x-ms-request-id") {
            answer::set_header(&mut answer, "x-ms-request-id", &self.entropy.guid());
        }
        let asked = call
            .header("return-client-request-id")
            .is_some_and(|value| value.eq_ignore_ascii_case("true"));
        if let Some(id) = call.header("client-request-id").filter(|_| asked) {
            answer::set_header(&mut answer, "client-request-id", id);
        }
        answer
    }

    /// The host that the request names, if it is not the emulator's own.
    fn foreign_host(&self, call: &Call) -> Option<String> {
        let host = call.host.as_ref()?;
        let own = host.is_loopback() || self.has_name(host);
        (!own || self.service != Service::Every)
            .then(|| clean(host.name()).chars().take(253).collect())
    }

    pub(super) fn write_log(
        &mut self,
        call: &Call,
        client_id: Option<String>,
        reply: &Reply,
        at: NumericDate,
    ) {
        let answer = match reply {
            Reply::Answer(answer) | Reply::Delayed(_, answer) => Some(answer),
            Reply::Hang | Reply::Cut => None,
        };
        let line = LogLine {
            at,
            method: call.method.as_str().chars().take(16).collect(),
            host: self.foreign_host(call),
            path: clean(&call.path).chars().take(120).collect(),
            grant_type: call.form("grant_type").and_then(super::token::known_grant_type),
            client_id,
            status: answer.map(|answer| answer.status().as_u16()),
            error: answer
                .and_then(|answer| answer.extensions().get::<LoggedError>())
                .map(|e| e.0.clone()),
            notes: std::mem::take(&mut self.notes),
        };
        push(&mut self.log, line);
    }
}

fn push<T>(kept: &mut VecDeque<T>, item: T) {
    if KEPT <= kept.len() {
        kept.pop_front();
    }
    kept.push_back(item);
}

/// The GUID of the client, from the parameters or from the presented token.
pub(super) fn client_of(call: &Call) -> Option<String> {
    let guid = |text: &str| Some(uuid::Uuid::try_parse(text).ok()?.to_string());
    call.parameter("client_id").and_then(guid).or_else(|| {
        let jwt = Jwt::decode_unverified(call.bearer()?).ok()?;
        jwt.claims.client_id().and_then(guid)
    })
}
