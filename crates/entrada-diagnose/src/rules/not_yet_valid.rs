use crate::{Facts, Finding, Rule, Severity, Who};
use entrada_core::human_duration;

/// Seconds that `nbf` may lie ahead: clocks are never quite alike.
const TOLERATED: i64 = 60;

pub(super) static RULE: Rule = Rule {
    id: "not-yet-valid",
    severity: Severity::Error,
    order: 229,
    who: Who::User,
    docs: "\
## What it means

The token's `nbf` lies in the future: by this clock it is not valid yet.

## Why it happens

Almost always this machine's clock is behind. Entra sets `nbf` five minutes back, so a correct clock never meets
this.

## What to do

Switch on time synchronisation (`timedatectl set-ntp true`).
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    let nbf = facts.claims()?.time("nbf")?;
    let now = facts.now?;
    let early = nbf.seconds_since(now);
    (TOLERATED < early).then(|| {
        RULE.finding(format!("the token is valid only in {}", human_duration(early)))
            .with_evidence("nbf", nbf)
            .with_evidence("local time", now)
            .help("set this machine's clock, for example with `timedatectl set-ntp true`")
    })
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
        assert_eq!(at(939).unwrap(), "the token is valid only in 1 min 1 s");
    }

    #[test]
    fn a_token_without_nbf_says_nothing() {
        assert_eq!(finding_of(&RULE, &token(r#"{"aud":"x"}"#)), None);
    }
}
