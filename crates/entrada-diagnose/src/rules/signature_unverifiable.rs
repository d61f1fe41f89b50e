use crate::{Facts, Finding, Rule, RuleId, Severity, Who};
use entrada_core::entra::resources::{EXCHANGE, GRAPH};

pub(super) static RULE: Rule = Rule {
    id: RuleId::SignatureUnverifiable,
    severity: Severity::Note,
    who: Who::Microsoft,
    docs: include_str!("pages/signature-unverifiable.md"),
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    let jwt = facts.jwt().filter(|_| !facts.is_id_token())?;
    if let Some(keys) = &facts.context().published_keys
        && let Some(kid) = jwt.header.text("kid")
        && !keys.iter().any(|key| key == kid)
    {
        return Some(
            RULE.finding(
                "the authority has no key that signed the token: it is of an earlier run of the emulator, or of another authority",
            )
            .with_severity(Severity::Error)
            .by(Who::User)
            .with_evidence("kid", kid)
            .help(format!("sign in again: {}", facts.login(""))),
        );
    }
    let nonce = jwt.header.get("nonce").is_some();
    let microsofts = facts.audience().is_some_and(|found| {
        [GRAPH.app_id, EXCHANGE.app_id].contains(&found.app_id) || found.name.contains("SharePoint")
    });
    if !nonce && !microsofts {
        return None;
    }
    let finding = RULE.finding("only the service can verify the signature, by design");
    Some(if nonce { finding.with_evidence("header", "has `nonce`") } else { finding })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::{finding_of, token};

    #[test]
    fn a_graph_token_is_not_invalid() {
        let found = finding_of(&RULE, &token(r#"{"aud":"https://graph.microsoft.com"}"#)).unwrap();
        assert!(found.contains("by design") && !found.contains("invalid"));
        assert_eq!(finding_of(&RULE, &token(r#"{"aud":"api://mine"}"#)), None);
    }

    #[test]
    fn a_key_that_the_authority_does_not_publish_is_an_error() {
        use base64::Engine as _;
        let part = |json: &str| base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(json);
        let jwt = format!(
            "{}.{}.x",
            part(r#"{"alg":"RS256","kid":"k1"}"#),
            part(r#"{"aud":"api://mine"}"#)
        );
        let with = |keys: Option<&[&str]>| {
            let mut evidence = crate::rules::testing::pasted(&jwt);
            let owned = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect();
            evidence.context.published_keys = keys.map(owned);
            finding_of(&RULE, &evidence)
        };
        assert!(with(Some(&["k2"])).unwrap().contains("has no key that signed the token"));
        assert_eq!((with(Some(&["k2", "k1"])), with(None)), (None, None));
    }
}
