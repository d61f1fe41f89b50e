use crate::{Facts, Finding, Rule, RuleId, Severity, Who, refusal};
use entrada_core::entra::clouds::Cloud;

pub(super) static RULE: Rule = Rule {
    id: RuleId::SovereignCloudMismatch,
    severity: Severity::Error,
    who: Who::User,
    docs: include_str!("pages/sovereign-cloud-mismatch.md"),
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    refusal::explain(facts, &RULE, "the tenant belongs to another national cloud")
        .or_else(|| by_service(facts))
        .or_else(|| by_claims(facts))
}

/// The token was sent to another cloud than it is for.
fn by_service(facts: &Facts) -> Option<Finding> {
    let answer = facts.evidence.answer.as_ref();
    let called = answer
        .and_then(|answer| Cloud::of_audience(&answer.origin()?))
        .or_else(|| facts.evidence.mail.as_ref()?.cloud())?;
    let aud = facts.claims()?.aud()?;
    let own = Cloud::of_audience(aud)?;
    let refused = answer.is_none_or(|answer| answer.status.is_none_or(|status| 400 <= status));
    // The same API in another cloud. For a different API, `wrong-audience` comes first.
    let same_api = answer.is_none_or(|answer| {
        answer.service().resource().is_none_or(|resource| resource.accepts(aud))
    });
    if !refused || !same_api || called.shares_authority(own) {
        return None;
    }
    Some(
        RULE.finding(format!(
            "the token is for the {} cloud, but was sent to the {} cloud",
            own.id(),
            called.id()
        ))
        .with_evidence("aud", aud)
        .help(format!(
            "sign in to that cloud: {}",
            facts.login(&format!("--cloud {}", called.id()))
        )),
    )
}

fn by_claims(facts: &Facts) -> Option<Finding> {
    let claims = facts.claims()?;
    let iss = claims.text("iss").unwrap_or_default();
    let context = facts.context();
    if context.cloud.is_none() && context.authority.is_none() && Cloud::of_issuer(iss).is_none() {
        // There is nothing to compare the audience with, as with most tokens.
        return None;
    }
    let aud = claims.aud()?;
    let aud_cloud = Cloud::of_audience(aud)?;
    let authority = facts.context().authority.as_deref().unwrap_or_default();
    let host = authority.split("://").nth(1).unwrap_or_default();
    if let Some(named) = facts.context().cloud
        && named != aud_cloud
    {
        let is_of_call = context.call.as_ref().is_some_and(|call| call.cloud() == Some(named));
        let (found, named) = (aud_cloud.id(), named.id());
        return Some(
            RULE.finding(if is_of_call {
                format!(
                    "the token is for the {found} cloud, but the call goes to the {named} cloud"
                )
            } else {
                format!("the token is for the {found} cloud, but the {named} cloud is configured")
            })
            .with_evidence("aud", aud)
            .with_evidence("cloud", named)
            .help(format!("sign in to that cloud: {}", facts.login(&format!("--cloud {named}")))),
        );
    }
    let (other, field, value) = match (Cloud::of_issuer(iss), Cloud::of_authority_host(host)) {
        (Some(cloud), _) if !cloud.shares_authority(aud_cloud) => (cloud, "iss", iss),
        (_, Some(cloud)) if !cloud.shares_authority(aud_cloud) => (cloud, "authority", authority),
        _ => return None,
    };
    Some(
        RULE.finding(format!(
            "the token was issued in the {} cloud, but is for the {} cloud",
            other.id(),
            aud_cloud.id()
        ))
        .with_evidence("aud", aud)
        .with_evidence(field, value)
        .help(format!("use one cloud: {}", facts.login(&format!("--cloud {}", other.id())))),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::{finding_of, token};

    #[test]
    fn a_government_issuer_does_not_match_a_public_api() {
        let claims = r#"{"aud":"https://graph.microsoft.com","iss":"https://login.microsoftonline.us/t/v2.0"}"#;
        assert!(finding_of(&RULE, &token(claims)).unwrap().contains("usgov"));
    }

    #[test]
    fn the_shared_v1_issuer_proves_no_cloud() {
        let claims = r#"{"aud":"https://graph.microsoft.us","iss":"https://sts.windows.net/t/"}"#;
        assert_eq!(finding_of(&RULE, &token(claims)), None);
    }

    #[test]
    fn one_cloud_for_all_parts_brings_no_finding() {
        let claims = r#"{"aud":"https://graph.microsoft.us","iss":"https://login.microsoftonline.us/t/v2.0"}"#;
        assert_eq!(finding_of(&RULE, &token(claims)), None);
    }
}
