use crate::{Confidence, Facts, Finding, Rule, RuleId, Severity, Who};
use entrada_core::{ScopeSet, TokenSubject, human_duration, shell_quoted};

pub(super) static RULE: Rule = Rule {
    id: RuleId::MissingOfflineAccess,
    severity: Severity::Error,
    who: Who::User,
    docs: include_str!("pages/missing-offline-access.md"),
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    before_asking(facts).or_else(|| by_response(facts))
}

fn before_asking(facts: &Facts) -> Option<Finding> {
    let requested = facts.request()?;
    let wanted = facts.context().offline != Some(false)
        && facts.context().subject != Some(TokenSubject::App);
    (wanted && !requested.requests_offline_access()).then(|| {
        RULE.finding("the request lacks `offline_access`, so no refresh token will be issued")
            .with_severity(Severity::Warning)
            .with_evidence("scope", requested)
            .help("add `offline_access` to the scopes")
    })
}

fn by_response(facts: &Facts) -> Option<Finding> {
    let response = facts.response()?;
    let context = facts.context();
    let grant = context.grant_type.as_deref().unwrap_or_default();
    // A refresh may keep the old refresh token; client credentials never bring one.
    let none_due = grant == "refresh_token"
        || grant == "client_credentials"
        // On behalf of a user who signed in to another application.
        || grant == "jwt-bearer"
        || context.offline == Some(false)
        || facts.evidence.mentions.application.is_some()
        || context.subject == Some(TokenSubject::App)
        || facts.is_app_only();
    if none_due || response.refresh_token.is_some() {
        return None;
    }
    let life = format!(
        "the access token expires at {}, in {}",
        response.expires_at(),
        human_duration(response.expires_in.cast_signed())
    );
    let finding = match &context.requested {
        Some(requested) if requested.requests_offline_access() => RULE
            .finding("`offline_access` was requested, but no refresh token came")
            .with_evidence("requested", requested)
            .help(format!(
                "sign in again and accept *Maintain access to data you have given it access to*: {}",
                facts.login("")
            )),
        Some(requested) => RULE
            .finding("no refresh token came, because `offline_access` was not requested")
            .with_evidence("requested", requested)
            .help(ask(facts)),
        None => RULE
            .finding("no refresh token came: `offline_access` was not requested, or not granted")
            .with_confidence(Confidence::Likely)
            .with_severity(Severity::Warning)
            .help(ask(facts))
            .help("an application's own sign-in (client credentials) brings no refresh token and needs none"),
    };
    Some(finding.with_evidence("refresh_token", "absent").with_evidence("expires_in", life))
}

fn ask(facts: &Facts) -> String {
    let named = || facts.context().requested.as_ref().or(facts.granted()).map(ScopeSet::api);
    // A job without scopes of its own needs those of the request.
    let what = match named().filter(|_| facts.job_scopes().is_empty()) {
        Some(scopes) => {
            let flags = scopes.iter().map(|scope| format!("--scope {}", shell_quoted(scope)));
            flags.collect::<Vec<_>>().join(" ")
        }
        None => format!("--job {}", facts.job),
    };
    format!("request `offline_access`, as entrada does by default: {}", facts.login(&what))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::{finding_of, response, token};

    const WITHOUT: &str = r#"{"access_token":"opaque","expires_in":3599,"scope":"Mail.Read"}"#;
    const WITH: &str = r#"{"access_token":"opaque","refresh_token":"r","scope":"Mail.Read"}"#;

    #[test]
    fn the_scopes_of_an_unknown_api_are_requested_again() {
        let body = r#"{"access_token":"opaque","expires_in":3599,"scope":"api://mine/do"}"#;
        let evidence = response(body, "api://mine/do");
        let finding = (RULE.check)(&Facts::new(&evidence)).unwrap();
        assert!(
            finding.help[0].contains("`entrada login --scope api://mine/do`"),
            "{:?}",
            finding.help
        );
    }

    #[test]
    fn a_missing_refresh_token_is_found_whether_requested_or_not() {
        assert_eq!(
            finding_of(&RULE, &response(WITHOUT, "Mail.Read")).unwrap(),
            "no refresh token came, because `offline_access` was not requested"
        );
        assert_eq!(
            finding_of(&RULE, &response(WITHOUT, "Mail.Read offline_access")).unwrap(),
            "`offline_access` was requested, but no refresh token came"
        );
    }

    #[test]
    fn a_refresh_token_counts_whatever_the_scopes_are() {
        assert_eq!(finding_of(&RULE, &response(WITH, "Mail.Read offline_access")), None);
        assert_eq!(finding_of(&RULE, &response(WITH, "Mail.Read")), None);
    }

    #[test]
    fn a_refresh_may_bring_no_new_refresh_token() {
        let mut evidence = response(WITHOUT, "Mail.Read offline_access");
        evidence.context.grant_type = Some("refresh_token".to_owned());
        assert_eq!(finding_of(&RULE, &evidence), None);
    }

    #[test]
    fn a_profile_without_offline_needs_no_refresh_token() {
        let mut evidence = response(WITHOUT, "Mail.Read");
        evidence.context.offline = Some(false);
        assert_eq!(finding_of(&RULE, &evidence), None);
    }

    #[test]
    fn a_bare_token_proves_nothing() {
        assert_eq!(finding_of(&RULE, &token(r#"{"aud":"x","scp":"Mail.Read"}"#)), None);
    }
}
