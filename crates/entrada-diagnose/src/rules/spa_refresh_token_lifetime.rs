use crate::{Facts, Finding, Rule, Severity, Who, refusal};
use entrada_core::entra::clouds;
use entrada_core::human_duration;

/// Seconds that a refresh token of a single-page application lives at most.
const DAY: u64 = 86_400;

pub(super) static RULE: Rule = Rule {
    id: "spa-refresh-token-lifetime",
    severity: Severity::Error,
    order: 109,
    who: Who::Developer,
    docs: "\
## What it means

Refresh tokens that were issued to a redirect URI of type *Single-page application* end after 24 hours, used
or not.

## Why it happens

The redirect URI is registered under the wrong platform.

## What to do

In the app registration, under Authentication, move the redirect URI to *Mobile and desktop applications*;
then sign in again.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    refusal::explain(
        facts,
        &RULE,
        "the refresh token was issued to a single-page application and lives 24 hours",
    )
    .or_else(|| by_response(facts))
}

/// A12: the answer says how long, and that is a day at most.
fn by_response(facts: &Facts) -> Option<Finding> {
    let response = facts.response()?;
    response.refresh_token.as_ref()?;
    // Other issuers, and directories for customers, have lifetimes of their own.
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
        RULE.finding(format!("the refresh token ends in {life}, used or not"))
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
    fn a_refresh_token_that_lives_a_day_is_told_and_a_longer_one_is_not() {
        let with = |seconds: &str| {
            let body = format!(
                r#"{{"access_token":"x","refresh_token":"r","refresh_token_expires_in":{seconds}}}"#
            );
            finding_of(&RULE, &response(&body, ""))
        };
        assert_eq!(with("86400").unwrap(), "the refresh token ends in 1 d, used or not");
        assert_eq!(with("86401"), None);
        assert_eq!(with("null"), None);
    }
}
