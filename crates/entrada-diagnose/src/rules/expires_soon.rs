use crate::{Facts, Finding, Rule, Severity, Who};
use entrada_core::human_duration;

/// Seconds of life below which Microsoft's own libraries take a new token.
const SOON: i64 = 300;

pub(super) static RULE: Rule = Rule {
    id: "expires-soon",
    severity: Severity::Warning,
    order: 231,
    who: Who::User,
    docs: "\
## What it means

The token has less than five minutes to live. A job that takes longer, or a clock that is a little off, meets a
refusal.

## Why it happens

It was issued about an hour ago, or the authority issues short-lived tokens.

## What to do

Refresh before using it: `entrada token --min-ttl 10m`.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    let exp = facts.claims()?.exp()?;
    let left = exp.seconds_since(facts.now?);
    // A token that was issued just now lives as long as it lives: no advice could change that.
    if !(1..SOON).contains(&left) || facts.response().is_some() {
        return None;
    }
    Some(
        RULE.finding(format!("the token expires in {}", human_duration(left)))
            .with_evidence("exp", exp)
            .help(format!("get a fresh one: {}", facts.command("token", "--min-ttl 10m"))),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::{finding_of, token};
    use entrada_core::NumericDate;

    #[test]
    fn the_last_five_minutes_are_soon() {
        let at = |now| {
            let mut evidence = token(r#"{"exp":1000,"aud":"x"}"#);
            evidence.now = Some(NumericDate(now));
            finding_of(&RULE, &evidence)
        };
        assert_eq!(at(700), None);
        assert_eq!(at(701).unwrap(), "the token expires in 4 min 59 s");
        assert_eq!(at(999).unwrap(), "the token expires in 1 s");
        assert_eq!(at(1_000), None);
    }
}
