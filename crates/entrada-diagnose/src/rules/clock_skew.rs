use crate::{Facts, Finding, Rule, RuleId, Severity, Who, refusal};
use entrada_core::human_duration;

/// Seconds of difference between two clocks that are harmless: caches and slow answers cause up to this.
const HARMLESS: i64 = 120;
/// Seconds that `iat` may be in the future before the local clock counts as wrong. Entra backdates it by five minutes.
const IAT_AHEAD: i64 = 600;

pub(super) static RULE: Rule = Rule {
    id: RuleId::ClockSkew,
    severity: Severity::Warning,
    who: Who::User,
    docs: include_str!("pages/clock-skew.md"),
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    refusal::explain(facts, &RULE, "the assertion is outside its validity period: a clock is wrong")
        .map(|finding| finding.with_severity(Severity::Error))
        .or_else(|| by_clock(facts))
}

fn by_clock(facts: &Facts) -> Option<Finding> {
    let local = facts.evidence.now?;
    if let Some(server) = facts.response().and_then(|response| response.server_date) {
        let received = facts.response()?.received_at;
        let ahead = received.seconds_since(server);
        return (HARMLESS < ahead.abs()).then(|| {
            let side = if 0 < ahead { "ahead of" } else { "behind" };
            RULE.finding(format!(
                "this machine's clock is {} {side} the server's",
                human_duration(ahead)
            ))
            .with_evidence("Date", server)
            .with_evidence("local time", received)
            .help("turn on time synchronisation, for example with `timedatectl set-ntp true`")
        });
    }
    let claims = facts.claims()?;
    // Entra backdates `nbf` by five minutes: an `nbf` in the future means a wrong clock. Far in the future is `not-yet-valid`.
    if let Some(nbf) = claims.time("nbf")
        && (1..=60).contains(&nbf.seconds_since(local))
    {
        let ahead = human_duration(nbf.seconds_since(local));
        return Some(
            RULE.finding(format!("the token becomes valid {ahead} in the future"))
                .with_evidence("nbf", nbf)
                .with_evidence("local time", local)
                .help("turn on time synchronisation, for example with `timedatectl set-ntp true`"),
        );
    }
    let iat = claims.time("iat")?;
    let ahead = iat.seconds_since(local);
    (IAT_AHEAD < ahead).then(|| {
        RULE.finding(format!("the token was issued {} in the future", human_duration(ahead)))
            .with_evidence("iat", iat)
            .with_evidence("local time", local)
            .help("compare this machine's clock with a clock that you trust")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::{finding_of, response, token};
    use entrada_core::NumericDate;

    fn skewed(server: i64) -> Option<String> {
        let mut evidence = response(r#"{"access_token":"x"}"#, "");
        let now = evidence.now.unwrap();
        evidence.response.as_mut().unwrap().server_date = Some(now.plus_seconds(server));
        finding_of(&RULE, &evidence)
    }

    #[test]
    fn two_minutes_are_harmless_and_more_is_not() {
        assert_eq!(skewed(120), None);
        assert_eq!(skewed(-120), None);
        assert_eq!(skewed(121).unwrap(), "this machine's clock is 2 min 1 s behind the server's");
        assert_eq!(skewed(-3_600).unwrap(), "this machine's clock is 1 h ahead of the server's");
    }

    #[test]
    fn an_iat_five_minutes_in_the_past_is_normal() {
        let at = |iat: i64| {
            let mut evidence = token(&format!(r#"{{"aud":"x","iat":{iat}}}"#));
            evidence.now = Some(NumericDate(10_000));
            finding_of(&RULE, &evidence)
        };
        assert_eq!(at(9_700), None);
        assert_eq!(at(10_600), None);
        assert!(at(10_601).is_some());
    }

    #[test]
    fn an_nbf_in_the_future_means_a_wrong_clock() {
        let at = |now: i64| {
            let mut evidence = token(r#"{"aud":"x","nbf":10000}"#);
            evidence.now = Some(NumericDate(now));
            finding_of(&RULE, &evidence)
        };
        assert_eq!(at(10_000), None);
        assert!(at(9_999).is_some() && at(9_940).is_some());
        assert_eq!(at(9_939), None, "`not-yet-valid` says that");
    }

    #[test]
    fn without_a_server_date_and_iat_there_is_no_finding() {
        assert_eq!(finding_of(&RULE, &token(r#"{"aud":"x"}"#)), None);
    }
}
