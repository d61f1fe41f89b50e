use crate::{Facts, Finding, Rule, RuleId, Severity, Who};
use entrada_core::human_duration;

/// Seconds that `nbf` may be in the future: two clocks are never exactly equal.
const TOLERATED: i64 = 60;

pub(super) static RULE: Rule = Rule {
    id: RuleId::NotYetValid,
    severity: Severity::Error,
    who: Who::User,
    docs: include_str!("pages/not-yet-valid.md"),
    check,
    advise,
};

fn check(facts: &Facts) -> Option<Finding> {
    let nbf = facts.claims()?.time("nbf")?;
    let now = facts.now?;
    let early = nbf.seconds_since(now);
    (TOLERATED < early).then(|| {
        RULE.finding(format!("the token becomes valid in {}", human_duration(early)))
            .with_evidence("nbf", nbf)
            .with_evidence("local time", now)
            .help("correct this machine's clock, for example with `timedatectl set-ntp true`")
    })
}

fn advise(_facts: &Facts, finding: Finding) -> Finding {
    finding.help("correct this machine's clock, then sign in again")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::{finding_of, token};
    use entrada_core::NumericDate;

    #[test]
    fn a_minute_is_tolerated() {
        let at = |now| {
            let mut evidence = token(r#"{"nbf":1000,"aud":"x"}"#);
            evidence.now = Some(NumericDate(now));
            finding_of(&RULE, &evidence)
        };
        assert_eq!(at(940), None);
        assert_eq!(at(939).unwrap(), "the token becomes valid in 1 min 1 s");
    }

    #[test]
    fn a_token_without_nbf_brings_no_finding() {
        assert_eq!(finding_of(&RULE, &token(r#"{"aud":"x"}"#)), None);
    }
}
