use crate::{Facts, Finding, Rule, RuleId, Severity, Who};

pub(super) static RULE: Rule = Rule {
    id: RuleId::LongLivedToken,
    severity: Severity::Note,
    who: Who::User,
    docs: include_str!("pages/long-lived-token.md"),
    check,
    advise: Rule::as_it_is,
};

/// Only tokens with continuous access evaluation live longer than this. In seconds.
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
        "the service may revoke this token before it expires (continuous access evaluation)",
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
    fn a_long_life_or_the_capability_is_noted() {
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
