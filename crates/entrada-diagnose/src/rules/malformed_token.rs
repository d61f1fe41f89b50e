use crate::{Confidence, Facts, Finding, Rule, RuleId, Severity, Shape, Who};

pub(super) static RULE: Rule = Rule {
    id: RuleId::MalformedToken,
    severity: Severity::Error,
    who: Who::User,
    docs: include_str!("pages/malformed-token.md"),
    check,
    advise,
};

fn check(facts: &Facts) -> Option<Finding> {
    if facts.is_elided() {
        return Some(
            RULE.finding("the token is left out of the response, so it cannot be checked")
                .with_severity(Severity::Note)
                .help("if the token itself is in question, diagnose the complete response"),
        );
    }
    let finding = match facts.shape()? {
        // A person cut it out of a text that has the error itself.
        Shape::Broken { reason, .. } if reason.contains("viewer") && has_error(facts) => {
            return None;
        }
        Shape::Broken { reason, length } => RULE
            .finding(format!("this is not a complete token: {reason}"))
            .with_evidence("token", format!("{length} characters")),
        // An RSA signature has 342 characters or more. A truncated one has fewer. A short one was removed or replaced
        // on purpose.
        Shape::Jwt(jwt)
            if jwt.header.text("alg").is_some_and(|alg| alg.starts_with("RS"))
                && (40..342).contains(&jwt.signature_length) =>
        {
            RULE.finding("the end of the token is missing: its signature is truncated")
                .with_evidence(
                    "signature",
                    format!("{} characters of 342 or more", jwt.signature_length),
                )
        }
        Shape::Saml => RULE
            .finding("this is a SAML assertion, not an OAuth access token")
            .with_evidence("token", "a SAML assertion"),
        // Another issuer's token can have any form; a token for a Microsoft service cannot.
        Shape::Opaque { length }
            if facts.response().is_none() && facts.wanted_resource().is_some() =>
        {
            RULE.finding("this does not look like a token that Entra issues")
                .with_evidence(
                    "token",
                    format!("{length} characters, neither a JWT nor a personal account's token"),
                )
                .with_confidence(Confidence::Possible)
        }
        _ => return None,
    };
    Some(finding.help("copy the complete token, or pipe it: `entrada token | entrada diagnose`"))
}

/// Whether the evidence has the error of an authority or a service beside the token.
fn has_error(facts: &Facts) -> bool {
    let evidence = facts.evidence;
    facts.refusal().is_some() || evidence.answer.is_some() || evidence.mail.is_some()
}

fn advise(facts: &Facts, finding: Finding) -> Finding {
    finding.help(format!(
        "send the whole access token once, after `Bearer `: {}",
        facts.command("token", "")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::{finding_of, pasted};

    #[test]
    fn a_truncated_signature_is_found() {
        let with = |length: usize| {
            let signature = "x".repeat(length);
            finding_of(&RULE, &pasted(&format!("eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJ4In0.{signature}")))
        };
        assert!(with(341).unwrap().contains("signature is truncated"));
        assert_eq!(with(342), None);
        assert!(with(42).is_some(), "the last 300 characters are missing");
        assert_eq!(with(3), None, "left out on purpose");
    }

    #[test]
    fn a_truncated_token_is_found_and_a_complete_one_is_not() {
        assert_eq!(
            finding_of(&RULE, &pasted("eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJ4In0")).unwrap(),
            "this is not a complete token: expected 3 dot-separated parts, found 2"
        );
        assert!(finding_of(&RULE, &pasted("opaque")).unwrap().contains("does not look like"));
        let mut evidence = pasted("opaque");
        evidence.context.job = Some(entrada_core::Job::None);
        assert_eq!(finding_of(&RULE, &evidence), None, "another issuer's, perhaps");
    }
}
