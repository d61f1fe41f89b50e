use crate::{Facts, Finding, Rule, Severity, Who};
use entrada_core::entra::resources::{EXCHANGE, GRAPH};

pub(super) static RULE: Rule = Rule {
    id: "signature-unverifiable",
    severity: Severity::Note,
    order: 311,
    who: Who::Microsoft,
    docs: "\
## What it means

Nobody but the service can check this token's signature. That is by design, and the token is not invalid for it.

## Why it happens

Tokens for Graph, Exchange and SharePoint carry a `nonce` in the header that is hashed before signing. Tools that
check the signature all the same call every such token forged.

## What to do

Nothing. Only the service itself needs to check the signature.
",
    check,
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
    let finding =
        RULE.finding("the signature cannot be checked by anyone but the service, by design");
    Some(if nonce { finding.with_evidence("header", "has `nonce`") } else { finding })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::{finding_of, token};

    #[test]
    fn graph_tokens_are_never_called_invalid() {
        let found = finding_of(&RULE, &token(r#"{"aud":"https://graph.microsoft.com"}"#)).unwrap();
        assert!(found.contains("by design") && !found.contains("invalid"));
        assert_eq!(finding_of(&RULE, &token(r#"{"aud":"api://mine"}"#)), None);
    }
}
