use crate::{Facts, Finding, Rule, RuleId, Severity, Who};
use entrada_core::human_duration;

/// Seconds of remaining life below which Microsoft's libraries get a new token.
const SOON: i64 = 300;

pub(super) static RULE: Rule = Rule {
    id: RuleId::ExpiresSoon,
    severity: Severity::Warning,
    who: Who::User,
    docs: include_str!("pages/expires-soon.md"),
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    let exp = facts.claims()?.exp()?;
    let left = exp.seconds_since(facts.now?);
    // A new token would not live longer than one that was issued just now.
    if !(1..SOON).contains(&left) || facts.response().is_some() {
        return None;
    }
    Some(
        RULE.finding(format!("the token expires in {}", human_duration(left)))
            .with_evidence("exp", exp)
            .help(format!("get a new token: {}", facts.command("token", "--min-ttl 10m"))),
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
