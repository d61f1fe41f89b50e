use crate::{Facts, Finding, Rule, Severity, Who};

pub(super) static RULE: Rule = Rule {
    id: "long-lived-token",
    severity: Severity::Note,
    order: 324,
    who: Who::User,
    docs: "\
## What it means

The token lives for a day or so. That is right: the client declared that it understands claims challenges (continuous
access evaluation).

## Why it happens

`xms_cc` says `CP1`. In return for the long life the service may take the token back at any moment.

## What to do

Be ready for `401` with `insufficient_claims`: `entrada token --challenge` answers it.
",
    check,
};

/// Seconds of life that only tokens of continuous access evaluation have.
const LONG: u64 = 7_200;

fn check(facts: &Facts) -> Option<Finding> {
    let response = facts.response();
    let lives =
        response.filter(|response| response.expires_in_known).map(|response| response.expires_in);
    let declared = facts
        .claims()
        .and_then(|claims| claims.get("xms_cc"))
        .is_some_and(|all| all.to_string().to_ascii_lowercase().contains("cp1"));
    let long = lives.is_some_and(|seconds| LONG < seconds);
    if !declared && !long {
        return None;
    }
    let finding = RULE.finding(
        "the service may take this token back before its time (continuous access evaluation)",
    );
    Some(match lives {
        Some(seconds) => finding.with_evidence("expires_in", seconds),
        None => finding.with_evidence("xms_cc", "CP1"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::{finding_of, response, token};

    #[test]
    fn a_long_life_or_the_capability_tells() {
        assert!(
            finding_of(&RULE, &response(r#"{"access_token":"x","expires_in":86399}"#, ""))
                .is_some()
        );
        assert_eq!(
            finding_of(&RULE, &response(r#"{"access_token":"x","expires_in":7200}"#, "")),
            None
        );
        assert!(finding_of(&RULE, &token(r#"{"aud":"x","xms_cc":["CP1"]}"#)).is_some());
        assert_eq!(finding_of(&RULE, &token(r#"{"aud":"x","xms_cc":[]}"#)), None);
    }
}
