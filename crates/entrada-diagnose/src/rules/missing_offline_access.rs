use crate::{Confidence, Facts, Finding, Rule, Severity, Who};
use entrada_core::{TokenSubject, human_duration};

pub(super) static RULE: Rule = Rule {
    id: "missing-offline-access",
    severity: Severity::Error,
    order: 270,
    who: Who::User,
    docs: "\
## What it means

No refresh token came with the access token. When the access token ends, somebody has to sign in again: nothing
can be refreshed silently.

## Why it happens

Refresh tokens come only when `offline_access` is asked for, and only when it is consented to.

`offline_access` never stands in the token's `scp`, nor, as a rule, in the response's `scope`. The refresh token
itself is the only evidence: where there is one, all is well, whatever the scopes say.

## What to do

Sign in with `offline_access` among the scopes; entrada asks for it unless the profile says `offline = false`.
If it was asked for, sign in again and accept *Maintain access to data you have given it access to*.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    before_asking(facts).or_else(|| by_response(facts))
}

fn before_asking(facts: &Facts) -> Option<Finding> {
    let requested = facts.request()?;
    let wanted = facts.context().offline != Some(false)
        && facts.context().subject != Some(TokenSubject::App);
    (wanted && !requested.asks_offline()).then(|| {
        RULE.finding("the request lacks `offline_access`: no refresh token will come")
            .with_severity(Severity::Warning)
            .with_evidence("scope", requested)
            .help("add `offline_access` to the scopes")
    })
}

fn by_response(facts: &Facts) -> Option<Finding> {
    let response = facts.response()?;
    let context = facts.context();
    let grant = context.grant_type.as_deref().unwrap_or_default();
    // Refreshing keeps the old one; an application has no user to go offline.
    let none_due = grant == "refresh_token"
        || grant == "client_credentials"
        // On behalf of a user who is signed in elsewhere.
        || grant == "jwt-bearer"
        || context.offline == Some(false)
        || context.subject == Some(TokenSubject::App)
        || facts.is_app_only();
    if none_due || response.refresh_token.is_some() {
        return None;
    }
    let life = format!(
        "the access token ends at {}, in {}",
        response.expires_at(),
        human_duration(response.expires_in.cast_signed())
    );
    let finding = match &context.requested {
        Some(requested) if requested.asks_offline() => RULE
            .finding("`offline_access` was asked for and no refresh token came")
            .with_evidence("requested", requested)
            .help(format!("sign in again and consent to keeping access: {}", facts.login(""))),
        Some(requested) => RULE
            .finding("no refresh token came, because `offline_access` was not asked for")
            .with_evidence("requested", requested)
            .help(ask(facts)),
        None => RULE
            .finding("no refresh token came: `offline_access` was not asked for, or not granted")
            .with_confidence(Confidence::Likely)
            .with_severity(Severity::Warning)
            .help(ask(facts)),
    };
    Some(finding.with_evidence("refresh_token", "absent").with_evidence("expires_in", life))
}

fn ask(facts: &Facts) -> String {
    let job = format!("--job {}", facts.job);
    format!("ask for it, as entrada does by itself: {}", facts.login(&job))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::{finding_of, response, token};

    const WITHOUT: &str = r#"{"access_token":"opaque","expires_in":3599,"scope":"Mail.Read"}"#;
    const WITH: &str = r#"{"access_token":"opaque","refresh_token":"r","scope":"Mail.Read"}"#;

    #[test]
    fn asked_or_not_a_missing_refresh_token_is_told() {
        assert_eq!(
            finding_of(&RULE, &response(WITHOUT, "Mail.Read")).unwrap(),
            "no refresh token came, because `offline_access` was not asked for"
        );
        assert_eq!(
            finding_of(&RULE, &response(WITHOUT, "Mail.Read offline_access")).unwrap(),
            "`offline_access` was asked for and no refresh token came"
        );
    }

    #[test]
    fn a_refresh_token_is_the_evidence_whatever_the_scopes_say() {
        assert_eq!(finding_of(&RULE, &response(WITH, "Mail.Read offline_access")), None);
        assert_eq!(finding_of(&RULE, &response(WITH, "Mail.Read")), None);
    }

    #[test]
    fn a_refresh_that_brings_no_new_one_is_legal() {
        let mut evidence = response(WITHOUT, "Mail.Read offline_access");
        evidence.context.grant_type = Some("refresh_token".to_owned());
        assert_eq!(finding_of(&RULE, &evidence), None);
    }

    #[test]
    fn nobody_misses_what_the_profile_does_not_want() {
        let mut evidence = response(WITHOUT, "Mail.Read");
        evidence.context.offline = Some(false);
        assert_eq!(finding_of(&RULE, &evidence), None);
    }

    #[test]
    fn a_bare_token_proves_nothing() {
        assert_eq!(finding_of(&RULE, &token(r#"{"aud":"x","scp":"Mail.Read"}"#)), None);
    }
}
