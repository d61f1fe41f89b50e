use crate::observed::Recorded;
use crate::{Confidence, Facts, Finding, Rule, RuleId, Severity, Who};
use entrada_core::oauth::TokenResponse;
use entrada_core::{NumericDate, human_duration};

/// Seconds after `exp` within which a wrong clock is as likely as an expired token: services tolerate five minutes.
const SKEW: i64 = 300;

/// The year 2010, before Entra ID existed: an earlier `exp` is a placeholder, or was typed.
const FIRST: NumericDate = NumericDate(1_262_304_000);

pub(super) static RULE: Rule = Rule {
    id: RuleId::Expired,
    severity: Severity::Error,
    who: Who::User,
    docs: include_str!("pages/expired.md"),
    check,
    advise,
};

fn check(facts: &Facts) -> Option<Finding> {
    // A response that gives its token no life at all.
    let at_once = facts
        .response()
        .filter(|response| response.expires_in_known && response.expires_in == 0)
        .map(TokenResponse::expires_at);
    let stored = facts.context().expires_at.or(at_once);
    let exp = match facts.claims() {
        Some(claims) => claims.exp().or(stored)?,
        // Where the token is left out, its expiry is as old as the text, and shows nothing of the token in use.
        None => stored.filter(|_| facts.shape().is_some() && !facts.is_elided())?,
    };
    let now = facts.now?;
    let late = now.seconds_since(exp);
    if late < 0 {
        return None;
    }
    if facts.foreign_issuer().is_some() {
        return Some(
            RULE.finding(format!("the token expired {} ago", human_duration(late)))
                .with_severity(Severity::Warning)
                .with_evidence("exp", exp)
                .help("get a new token from its issuer"),
        );
    }
    let just = if late < SKEW { "just now, " } else { "" };
    let finding = RULE
        .finding(format!("the token expired {just}{} ago", human_duration(late)))
        .with_evidence("exp", exp)
        .help(format!("get a new token: {}", facts.command("token", "")));
    if exp < FIRST && FIRST <= now {
        return Some(finding.with_confidence(Confidence::Possible));
    }
    // A stored expiry is as old as the paste. Beside the answer of a service, it does not show what the service refused.
    let is_refused = facts.evidence.answer.is_some() || facts.evidence.mail.is_some();
    if is_refused && facts.claims().is_none() {
        return Some(finding.with_confidence(Confidence::Possible));
    }
    match age(facts, exp) {
        Age::Alive => return None,
        Age::Likely => return Some(finding.with_confidence(Confidence::Likely)),
        Age::Open => return Some(finding.with_confidence(Confidence::Possible)),
        Age::Expired => (),
    }
    Some(if late < SKEW {
        finding
            .help("if the token was issued just now, compare this machine's clock with a clock that you trust")
    } else {
        finding
    })
}

/// Whether a token had expired when a log or a trace recorded its use.
enum Age {
    Expired,
    /// It was used before its end.
    Alive,
    /// It had probably expired: the text states no time, or a local one.
    Likely,
    /// It may have expired, or has since.
    Open,
}

/// Judges a token whose life ended at `exp` by the time of its use, where the text records one: the records of a log, a conversation
/// with a mail server, or an answer without a date.
fn age(facts: &Facts, exp: NumericDate) -> Age {
    let evidence = facts.evidence;
    let is_dated = evidence.answer.as_ref().is_some_and(|answer| answer.date().is_some());
    let is_answered = evidence.mail.is_some() || evidence.answer.is_some();
    match evidence.observed.recorded {
        _ if is_dated => Age::Expired,
        // Nothing shows what became of it.
        Recorded::At(time) if time.latest < exp && !is_answered => Age::Open,
        Recorded::At(time) if time.latest < exp => Age::Alive,
        Recorded::At(time) if time.written < exp => Age::Open,
        Recorded::At(time) if time.earliest < exp => Age::Likely,
        Recorded::Undated if is_answered => Age::Likely,
        Recorded::At(_) | Recorded::Undated | Recorded::Now => Age::Expired,
    }
}

fn advise(facts: &Facts, finding: Finding) -> Finding {
    let finding = if facts.is_good_for_a_while() {
        finding
            .with_confidence(Confidence::Likely)
            .help("the token given here is not expired: check that the same token was sent; if it was, a clock is wrong")
    } else {
        finding
    };
    finding.help(format!("get a new token: {}", facts.command("token", "")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::{finding_of, token};

    fn at(now: i64) -> Option<String> {
        let mut evidence = token(r#"{"exp":1000,"aud":"x"}"#);
        evidence.now = Some(NumericDate(now));
        finding_of(&RULE, &evidence)
    }

    #[test]
    fn the_token_expires_at_the_second_of_exp() {
        assert_eq!(at(999), None);
        assert_eq!(at(1_000).unwrap(), "the token expired just now, 0 s ago");
        assert_eq!(at(1_300).unwrap(), "the token expired 5 min ago");
    }

    #[test]
    fn a_time_before_entra_may_be_a_placeholder() {
        let mut evidence = token(r#"{"exp":1,"aud":"x"}"#);
        evidence.now = Some(NumericDate(1_800_000_000));
        let finding = check(&Facts::new(&evidence)).unwrap();
        assert_eq!(finding.confidence, Confidence::Possible);
    }

    #[test]
    fn a_stored_expiry_counts_for_a_token_that_cannot_be_read() {
        let mut evidence = crate::rules::testing::pasted("opaque");
        evidence.now = Some(NumericDate(2_000));
        evidence.context.expires_at = Some(NumericDate(1_000));
        assert!(finding_of(&RULE, &evidence).is_some());
        evidence.context.expires_at = Some(NumericDate(3_000));
        assert_eq!(finding_of(&RULE, &evidence), None);
    }

    #[test]
    fn beside_an_answer_a_stored_expiry_is_one_explanation() {
        let mut evidence = crate::rules::testing::pasted("opaque");
        evidence.now = Some(NumericDate(2_000));
        evidence.context.expires_at = Some(NumericDate(1_000));
        let confidence =
            |evidence: &crate::Evidence| check(&Facts::new(evidence)).unwrap().confidence;
        assert_eq!(confidence(&evidence), Confidence::Certain);
        evidence.answer = Some(crate::HttpAnswer { status: Some(403), ..Default::default() });
        assert_eq!(confidence(&evidence), Confidence::Possible);
    }

    #[test]
    fn a_token_in_a_log_is_judged_at_the_time_of_the_log() {
        let confidence = |log: &str| {
            let mut evidence = token(r#"{"exp":1300000000,"aud":"x"}"#);
            evidence.mail = crate::MailLog::parse("S: a1 NO AUTHENTICATE failed.");
            evidence.observed = crate::Observed::of(log);
            check(&Facts::new(&evidence)).map(|finding| finding.confidence)
        };
        for (log, expected) in [
            ("2011-03-13T07:06:39Z S: a1 NO AUTHENTICATE failed.", None),
            ("2011-03-13T07:06:41Z S: a1 NO AUTHENTICATE failed.", Some(Confidence::Certain)),
            ("2011-03-13 07:06:39 S: a1 NO AUTHENTICATE failed.", Some(Confidence::Possible)),
            ("2011-03-13 07:06:41 S: a1 NO AUTHENTICATE failed.", Some(Confidence::Likely)),
            ("2011-03-15 07:06:41 S: a1 NO AUTHENTICATE failed.", Some(Confidence::Certain)),
            ("S: a1 NO AUTHENTICATE failed.", Some(Confidence::Likely)),
        ] {
            assert_eq!(confidence(log), expected, "{log}");
        }
    }

    #[test]
    fn a_token_without_exp_brings_no_finding() {
        assert_eq!(finding_of(&RULE, &token(r#"{"aud":"x"}"#)), None);
    }
}
