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
        assert_eq!(with("HS256", r#"{"aud":"api://mine","iss":"https://x.example/"}"#), None);
    }
}
