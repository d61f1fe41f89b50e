use serde_json::Value;

use crate::{Confidence, Facts, Finding, Rule, RuleId, Severity, Who};
use entrada_core::entra::clouds;

pub(super) static RULE: Rule = Rule {
    id: RuleId::NotIssuedByEntra,
    severity: Severity::Warning,
    who: Who::User,
    docs: include_str!("pages/not-issued-by-entra.md"),
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    if let Some(iss) = facts.foreign_issuer() {
        return Some(
            RULE.finding("this is not a token of Microsoft Entra ID: another provider issued it")
                .with_severity(Severity::Error)
                .with_confidence(Confidence::Possible)
                .with_evidence("iss", iss)
                .help("ask that provider, or the API that the token is for: what entrada knows about Entra's tokens does not apply"),
        );
    }
    // Tokens of other providers for their own services are not checked.
    facts.audience()?;
    let jwt = facts.jwt().filter(|_| !facts.is_id_token())?;
    let finding_of = |field, value: &str| {
        RULE.finding("Entra does not issue such a token for this service")
            .with_confidence(Confidence::Likely)
            .with_evidence(field, value)
    };
    let alg = jwt.header.text("alg").unwrap_or_default();
    if alg.eq_ignore_ascii_case("none") || alg.starts_with("HS") {
        return Some(finding_of("alg", alg));
    }
    let iss = jwt.claims.text("iss").unwrap_or_default();
    // The configured authority may be any issuer, for example an emulator.
    let named = facts.context().authority.as_deref().unwrap_or("https://none.invalid");
    // Only issuers with `https://` are checked: Outlook add-ins used to get tokens from Exchange itself.
    if iss.starts_with("https://") && !iss.starts_with(named) && !clouds::is_entra_issuer(iss) {
        return Some(finding_of("iss", iss));
    }
    let time = ["exp", "nbf", "iat"]
        .into_iter()
        .find(|name| jwt.claims.get(name).is_some_and(Value::is_string))?;
    Some(finding_of(time, "is text, not a number"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::{finding_of, pasted};

    #[test]
    fn what_entra_never_issues_is_found_in_tokens_for_microsoft_services() {
        use base64::Engine as _;
        let part = |json: &str| base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(json);
        let with = |alg: &str, claims: &str| {
            let header = format!(r#"{{"alg":"{alg}"}}"#);
            finding_of(&RULE, &pasted(&format!("{}.{}.x", part(&header), part(claims))))
        };
        let graph = r#"{"aud":"https://graph.microsoft.com","iss":"https://sts.windows.net/t/"}"#;
        assert!(with("none", graph).is_some() && with("HS256", graph).is_some());
        assert_eq!(with("RS256", graph), None);
        assert!(
            with("RS256", r#"{"aud":"https://graph.microsoft.com","iss":"https://x.example/"}"#)
                .is_some()
        );
        assert!(with("RS256", r#"{"aud":"https://graph.microsoft.com","exp":"1"}"#).is_some());
    }

    #[test]
    fn a_token_of_another_provider_is_told_unless_somebody_names_its_api() {
        let claims = r#"{"aud":"api://mine","iss":"https://x.example/"}"#;
        let mut evidence = crate::rules::testing::token(claims);
        assert!(finding_of(&RULE, &evidence).unwrap().contains("another provider"));
        evidence.context.audience = Some("api://mine".to_owned());
        assert_eq!(finding_of(&RULE, &evidence), None);
        let own = r#"{"aud":"api://mine","iss":"https://sts.windows.net/t/"}"#;
        assert_eq!(finding_of(&RULE, &crate::rules::testing::token(own)), None);
    }
}
