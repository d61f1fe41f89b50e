//! The lifetime of a token and of its grant: past events, and the events that will end it.

use crate::Facts;
use entrada_core::entra::known::CONSUMERS_TENANT;
use entrada_core::entra::lifetimes::{
    CONTINUOUS_ACCESS, DEVICE_CODE, LONG_LIVED, REFRESH_INACTIVITY,
};
use entrada_core::{Claims, NumericDate};

/// When something happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// At this time.
    At(NumericDate),
    /// At any time, without warning.
    AnyTime,
}

/// An event in a token's lifetime.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// A stable identifier in kebab-case.
    pub id: &'static str,
    /// When.
    pub when: Moment,
    /// A description for people.
    pub what: String,
}

/// Seconds between `iat` and the receipt of a response that was not kept before it is read.
const NEW_MAX: i64 = 600;

/// The events in order; those without a time last.
pub(super) fn events(facts: &Facts) -> Vec<Event> {
    // The times of a text whose token is left out are as old as the text, and their beginning is unknown.
    if facts.is_elided() {
        return Vec::new();
    }
    let mut all = Vec::new();
    let mut at = |id, when: Option<NumericDate>, what: &str| {
        all.extend(when.map(|when| Event { id, when: Moment::At(when), what: what.to_owned() }));
    };
    let claims = facts.claims();
    let response = facts.response();
    // The token says when it was issued. A response that is read from a file may be much older than the reading.
    let says_issued = claims.and_then(|claims| claims.time("iat"));
    let received = response.map(|response| response.received_at);
    // Entra sets `iat` five minutes into the past: the receipt of a new response is the better time.
    let is_new = |issued: &NumericDate| {
        received.is_some_and(|received| received.seconds_since(*issued) <= NEW_MAX)
    };
    let says_issued = says_issued.filter(|issued| !is_new(issued));
    let issued = says_issued.or(received);
    // With a wrong clock it would be an event to come.
    let issued = issued.filter(|issued| facts.now.is_none_or(|now| *issued <= now));
    let after_issue = |seconds| Some(issued.or(received)?.plus_seconds(seconds));
    let ends = claims
        .and_then(Claims::exp)
        .or_else(|| Some(response.filter(|response| response.expires_in_known)?.expires_at()));
    if ends.is_none() && response.is_none() {
        return Vec::new();
    }
    let how = if says_issued.is_some() {
        "the token was issued, or up to five minutes later"
    } else {
        "the token was issued"
    };
    at("issued", issued, how);
    at("judged", facts.now, "entrada checked the token");
    at(
        "refresh-in",
        response.and_then(|response| {
            let seconds = i64::try_from(response.refresh_in?).ok()?;
            after_issue(seconds)
        }),
        "the authority recommends a refresh (`refresh_in`)",
    );
    at("access-token-end", ends, "the access token expires");
    if let Some(response) = response {
        let spa = response.refresh_token_expires_in.and_then(|seconds| i64::try_from(seconds).ok());
        match (&response.refresh_token, spa) {
            (Some(_), Some(seconds)) => at(
                "refresh-token-end",
                after_issue(seconds),
                "the refresh token expires, whether or not it is used: it was issued to a single-page application",
            ),
            (Some(_), None) => at(
                "refresh-inactivity",
                after_issue(REFRESH_INACTIVITY),
                "the refresh token expires if it has not been used by then; each use adds 90 days",
            ),
            (None, _)
                if facts.context().grant_type.as_deref() != Some("refresh_token")
                    && facts.evidence.mentions.application.is_none() =>
            {
                at("sign-in-needed", ends, "a new sign-in is needed: there is no refresh token");
            }
            (None, _) => (),
        }
    }
    all.sort_by_key(|event| match event.when {
        Moment::At(at) => at,
        Moment::AnyTime => NumericDate(i64::MAX),
    });
    all.extend(at_any_time(facts, issued, ends));
    all
}

fn at_any_time(
    facts: &Facts,
    issued: Option<NumericDate>,
    ends: Option<NumericDate>,
) -> Vec<Event> {
    if facts.foreign_issuer().is_some() {
        return Vec::new();
    }
    let mut all = Vec::new();
    let mut any = |id, what: &str| {
        all.push(Event { id, when: Moment::AnyTime, what: what.to_owned() });
    };
    let claims = facts.claims();
    let personal = claims.and_then(|claims| claims.text("tid")) == Some(CONSUMERS_TENANT);
    let declared = claims
        .and_then(|claims| claims.get("xms_cc"))
        .is_some_and(|capabilities| capabilities.to_string().to_ascii_lowercase().contains("cp1"));
    let lives = ends.zip(issued).map(|(ends, issued)| ends.seconds_since(issued));
    if declared || lives.is_some_and(|seconds| LONG_LIVED < seconds) {
        any("continuous-access-evaluation", CONTINUOUS_ACCESS);
    }
    let by_device_code = facts
        .context()
        .grant_type
        .as_deref()
        .is_some_and(|grant_type| grant_type.rsplit(':').next() == Some("device_code"));
    let lasts = facts.response().is_some_and(|response| response.refresh_token.is_some());
    if by_device_code && lasts && !personal {
        any("device-code-tracked", DEVICE_CODE);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Evidence;
    use crate::rules::testing::{NOW, response, token};

    fn ids(evidence: &Evidence) -> Vec<&'static str> {
        events(&Facts::new(evidence)).iter().map(|event| event.id).collect()
    }

    #[test]
    fn a_bare_token_has_a_beginning_and_an_end() {
        let claims = r#"{"aud":"x","iat":1699999700,"exp":1700003600}"#;
        assert_eq!(ids(&token(claims)), ["issued", "judged", "access-token-end"]);
        let life = events(&Facts::new(&token(claims)));
        assert_eq!(life[0].when, Moment::At(NOW.plus_seconds(-300)), "`iat`");
        assert!(
            ids(&crate::rules::testing::pasted("eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJ4In0.c2ln"))
                .is_empty()
        );
    }

    #[test]
    fn what_ends_the_grant_depends_on_how_it_came() {
        let with = |more: &str| {
            format!(r#"{{"access_token":"x","expires_in":3600,"scope":"Mail.Read"{more}}}"#)
        };
        let last = |evidence: &Evidence| *ids(evidence).last().unwrap();
        assert_eq!(last(&response(&with(""), "")), "sign-in-needed");
        assert_eq!(last(&response(&with(r#","refresh_token":"r""#), "")), "refresh-inactivity");
        let spa = with(r#","refresh_token":"r","refresh_token_expires_in":86400"#);
        assert_eq!(last(&response(&spa, "")), "refresh-token-end");
        let mut evidence = response(&with(r#","refresh_token":"r""#), "");
        evidence.context.grant_type =
            Some("urn:ietf:params:oauth:grant-type:device_code".to_owned());
        assert_eq!(last(&evidence), "device-code-tracked");
    }

    #[test]
    fn a_response_that_is_read_late_has_the_times_of_its_token() {
        use base64::Engine as _;
        let part = |json: &str| base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(json);
        let claims = part(r#"{"aud":"x","iat":1699900000,"exp":1699903600}"#);
        let token = format!("{}.{claims}.c2ln", part(r#"{"alg":"RS256"}"#));
        let body = format!(
            r#"{{"access_token":"{token}","expires_in":3600,"scope":"Mail.Read","refresh_token":"r","refresh_in":1800}}"#
        );
        let evidence = response(&body, "");
        let life = events(&Facts::new(&evidence));
        let at = |id: &str| life.iter().find(|event| event.id == id).map(|event| event.when);
        assert_eq!(at("issued"), Some(Moment::At(NumericDate(1_699_900_000))));
        assert_eq!(at("refresh-in"), Some(Moment::At(NumericDate(1_699_901_800))));
        assert_eq!(at("access-token-end"), Some(Moment::At(NumericDate(1_699_903_600))));
        let inactive = NumericDate(1_699_900_000).plus_seconds(REFRESH_INACTIVITY);
        assert_eq!(at("refresh-inactivity"), Some(Moment::At(inactive)));
    }

    #[test]
    fn a_token_that_lives_a_day_may_be_taken_back() {
        let claims = r#"{"aud":"x","iat":1699999700,"exp":1700090000}"#;
        assert!(ids(&token(claims)).contains(&"continuous-access-evaluation"));
        let claims = r#"{"aud":"x","iat":1699999700,"exp":1700003600,"xms_cc":["CP1"]}"#;
        assert!(ids(&token(claims)).contains(&"continuous-access-evaluation"));
    }
}
