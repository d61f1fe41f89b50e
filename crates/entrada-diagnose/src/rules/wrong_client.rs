use crate::{Facts, Finding, Rule, RuleId, Severity, Who, refusal};

use super::super::facts::is_guid;
use entrada_core::Jwt;

pub(super) static RULE: Rule = Rule {
    id: RuleId::WrongClient,
    severity: Severity::Error,
    who: Who::User,
    docs: include_str!("pages/wrong-client.md"),
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    refusal::explain(facts, &RULE, "the grant was issued to another application")
        .or_else(|| by_claims(facts))
}

fn by_claims(facts: &Facts) -> Option<Finding> {
    let wanted = facts.context().client_id.as_deref().filter(|id| is_guid(id))?;
    let Some(claims) = facts.claims().filter(|claims| claims.client_id().is_some()) else {
        return by_id_token(facts, wanted);
    };
    let found = claims.client_id()?;
    if found.eq_ignore_ascii_case(wanted) {
        return None;
    }
    let field = if claims.text("appid").is_some() { "appid" } else { "azp" };
    let mut finding = RULE
        .finding(format!("the token was issued to client `{found}`, not to `{wanted}`"))
        .with_evidence(field, found);
    if let Some(name) = claims.text("app_displayname") {
        finding = finding.with_evidence("app_displayname", name);
    }
    Some(finding.help(format!("sign in again: {}", facts.login(""))))
}

/// The access token cannot be read: the ID token of the same response is for the same client.
fn by_id_token(facts: &Facts, wanted: &str) -> Option<Finding> {
    let id_token = Jwt::decode_unverified(facts.response()?.id_token.as_ref()?.expose()).ok()?;
    let aud = id_token.claims.aud()?;
    (!aud.eq_ignore_ascii_case(wanted)).then(|| {
        RULE.finding(format!("the sign-in was for client `{aud}`, not for `{wanted}`"))
            .with_evidence("aud of the ID token", aud)
            .help(format!("sign in again: {}", facts.login("")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::{finding_of, token};

    const OURS: &str = "11111111-2222-3333-4444-555555555555";

    fn with(claims: &str) -> Option<String> {
        let mut evidence = token(claims);
        evidence.context.client_id = Some(OURS.to_owned());
        finding_of(&RULE, &evidence)
    }

    #[test]
    fn the_client_of_either_token_version_is_compared() {
        let other = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";
        assert!(with(&format!(r#"{{"aud":"x","appid":"{other}"}}"#)).is_some());
        assert!(with(&format!(r#"{{"aud":"x","azp":"{other}"}}"#)).is_some());
        assert_eq!(with(&format!(r#"{{"aud":"x","appid":"{OURS}"}}"#)), None);
        assert_eq!(with(r#"{"aud":"x"}"#), None);
    }
}
