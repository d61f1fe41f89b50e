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
}
