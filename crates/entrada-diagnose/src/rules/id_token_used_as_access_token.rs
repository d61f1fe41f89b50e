use crate::{Facts, Finding, Rule, RuleId, Severity, Who};

pub(super) static RULE: Rule = Rule {
    id: RuleId::IdTokenUsedAsAccessToken,
    severity: Severity::Error,
    who: Who::User,
    docs: include_str!("pages/id-token-used-as-access-token.md"),
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    // A program that checks an ID token has it at its place.
    if !facts.is_id_token() || facts.evidence.mentions.id_token_checked {
        return None;
    }
    let claims = &facts.jwt()?.claims;
    let mut finding = RULE.finding("this is an ID token, not an access token");
    if let Some(aud) = claims.aud() {
        finding = finding.with_evidence("aud", format!("{aud} (the client itself)"));
    }
    Some(
        finding
            .with_evidence("scp", "absent")
            .help("use the `access_token`; `entrada token` prints one"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::{finding_of, token};

    const CLIENT: &str = "11111111-2222-3333-4444-555555555555";

    #[test]
    fn an_id_token_is_recognised() {
        let claims = format!(r#"{{"aud":"{CLIENT}","preferred_username":"a@b","nonce":"n"}}"#);
        assert_eq!(
            finding_of(&RULE, &token(&claims)).unwrap(),
            "this is an ID token, not an access token"
        );
    }

    #[test]
    fn a_token_for_the_applications_own_api_is_not_one() {
        let claims = format!(r#"{{"aud":"{CLIENT}","name":"A","azp":"{CLIENT}","scp":"do"}}"#);
        assert_eq!(finding_of(&RULE, &token(&claims)), None);
    }

    #[test]
    fn a_token_for_a_known_api_is_not_one() {
        let claims = r#"{"aud":"00000003-0000-0000-c000-000000000000","name":"A"}"#;
        assert_eq!(finding_of(&RULE, &token(claims)), None);
    }
}
