use crate::{Facts, Finding, Rule, Severity, Who, refusal};
use entrada_core::entra::clouds::Cloud;

pub(super) static RULE: Rule = Rule {
    id: "sovereign-cloud-mismatch",
    severity: Severity::Error,
    order: 240,
    who: Who::User,
    docs: "\
## What it means

Token and target belong to different national clouds. Registrations, consent and tokens do not cross clouds.

## Why it happens

The authority is that of one cloud (`login.microsoftonline.us`) and the API that of another
(`graph.microsoft.com`), or the tenant lives in another cloud than the authority.

## What to do

Use one cloud throughout: `--cloud usgov`, `--cloud dod` or `--cloud china` sets authority and API together.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    refusal::explain(facts, &RULE, "the tenant lives in another national cloud")
        .or_else(|| by_service(facts))
        .or_else(|| by_claims(facts))
}

/// The token was shown in another cloud than it is for.
fn by_service(facts: &Facts) -> Option<Finding> {
    let answer = facts.evidence.answer.as_ref();
    let called = answer
        .and_then(|answer| Cloud::of_audience(&answer.origin()?))
        .or_else(|| facts.evidence.mail.as_ref()?.cloud())?;
    let aud = facts.claims()?.aud()?;
    let own = Cloud::of_audience(aud)?;
    let refused = answer.is_none_or(|answer| answer.status.is_none_or(|status| 400 <= status));
    // The same API under another cloud's name; another API altogether is a wrong audience first.
    let same_api = answer.is_none_or(|answer| {
        answer.service().resource().is_none_or(|resource| resource.accepts(aud))
    });
    if !refused || !same_api || called.shares_authority(own) {
        return None;
    }
    Some(
        RULE.finding(format!(
            "the token is for the {} cloud, and was shown in the {} cloud",
            own.id(),
            called.id()
        ))
        .with_evidence("aud", aud)
        .help(format!("sign in there: {}", facts.login(&format!("--cloud {}", called.id())))),
    )
}

fn by_claims(facts: &Facts) -> Option<Finding> {
    let claims = facts.claims()?;
    let iss = claims.text("iss").unwrap_or_default();
    let context = facts.context();
    if context.cloud.is_none() && context.authority.is_none() && Cloud::of_issuer(iss).is_none() {
        // Nothing that the audience could be compared with: so it is with most tokens.
        return None;
    }
    let aud = claims.aud()?;
    let aud_cloud = Cloud::of_audience(aud)?;
    let authority = facts.context().authority.as_deref().unwrap_or_default();
    let host = authority.split("://").nth(1).unwrap_or_default();
    if let Some(named) = facts.context().cloud
        && named != aud_cloud
    {
        let (found, named) = (aud_cloud.id(), named.id());
        return Some(
            RULE.finding(format!(
                "the token is for the {found} cloud, and the {named} cloud is meant"
            ))
            .with_evidence("aud", aud)
            .with_evidence("cloud", named)
            .help(format!("sign in there: {}", facts.login(&format!("--cloud {named}")))),
        );
    }
    let (other, field, value) = match (Cloud::of_issuer(iss), Cloud::of_authority_host(host)) {
        (Some(cloud), _) if !cloud.shares_authority(aud_cloud) => (cloud, "iss", iss),
        (_, Some(cloud)) if !cloud.shares_authority(aud_cloud) => (cloud, "authority", authority),
        _ => return None,
    };
    Some(
        RULE.finding(format!(
            "the token comes from the {} cloud and is for the {} cloud",
            other.id(),
            aud_cloud.id()
        ))
        .with_evidence("aud", aud)
        .with_evidence(field, value)
        .help(format!("stay in one cloud: {}", facts.login(&format!("--cloud {}", other.id())))),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::{finding_of, token};

    #[test]
    fn a_government_issuer_and_a_public_api_do_not_go_together() {
        let claims = r#"{"aud":"https://graph.microsoft.com","iss":"https://login.microsoftonline.us/t/v2.0"}"#;
        assert!(finding_of(&RULE, &token(claims)).unwrap().contains("usgov"));
    }

    #[test]
    fn the_shared_v1_issuer_proves_no_cloud() {
        let claims = r#"{"aud":"https://graph.microsoft.us","iss":"https://sts.windows.net/t/"}"#;
        assert_eq!(finding_of(&RULE, &token(claims)), None);
    }

    #[test]
    fn one_cloud_throughout_is_right() {
        let claims = r#"{"aud":"https://graph.microsoft.us","iss":"https://login.microsoftonline.us/t/v2.0"}"#;
        assert_eq!(finding_of(&RULE, &token(claims)), None);
    }
}
