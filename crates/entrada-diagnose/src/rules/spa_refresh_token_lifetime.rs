use crate::{Facts, Finding, Rule, RuleId, Severity, Who, refusal};
use entrada_core::entra::clouds;
use entrada_core::human_duration;

/// The longest life of a refresh token of a single-page application, in seconds.
const DAY: u64 = 86_400;

pub(super) static RULE: Rule = Rule {
    id: RuleId::SpaRefreshTokenLifetime,
    severity: Severity::Error,
    who: Who::Developer,
    docs: include_str!("pages/spa-refresh-token-lifetime.md"),
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    refusal::explain(
        facts,
        &RULE,
        "the refresh token was issued to a single-page application and expires after 24 hours",
    )
    .or_else(|| by_response(facts))
}

/// The response gives a lifetime of one day at the most.
fn by_response(facts: &Facts) -> Option<Finding> {
    let response = facts.response()?;
    response.refresh_token.as_ref()?;
    // Other issuers, and directories for customers, have different lifetimes.
    let iss = facts.claims().and_then(|claims| claims.text("iss"));
    let own = |iss: &str| {
        clouds::is_entra_issuer(iss) && !iss.contains("b2clogin") && !iss.contains("ciamlogin")
    };
    if iss.is_some_and(|iss| !own(iss)) {
        return None;
    }
    let seconds = response.refresh_token_expires_in.filter(|seconds| *seconds <= DAY)?;
    let life = human_duration(seconds.cast_signed());
    Some(
        RULE.finding(format!("the refresh token expires in {life}, even if it is used"))
            .with_severity(Severity::Warning)
            .with_evidence("refresh_token_expires_in", seconds)
            .help("move the redirect URI to *Mobile and desktop applications*, then sign in again"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::{finding_of, response};

    #[test]
    fn a_refresh_token_of_one_day_is_found_and_a_longer_one_is_not() {
        let with = |seconds: &str| {
            let body = format!(
                r#"{{"access_token":"x","refresh_token":"r","refresh_token_expires_in":{seconds}}}"#
            );
            finding_of(&RULE, &response(&body, ""))
        };
        assert_eq!(with("86400").unwrap(), "the refresh token expires in 1 d, even if it is used");
        assert_eq!(with("86401"), None);
        assert_eq!(with("null"), None);
    }
}
