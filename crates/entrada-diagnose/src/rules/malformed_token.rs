use crate::{Confidence, Facts, Finding, Rule, Severity, Shape, Who};

pub(super) static RULE: Rule = Rule {
    id: "malformed-token",
    severity: Severity::Error,
    order: 200,
    who: Who::User,
    docs: "\
## What it means

What was given is not a whole token. No service can read it.

## Why it happens

A viewer cut it short, a line break or a quote came between, a part was lost in copying, or something else
altogether was taken for the token: a SAML assertion, a code, a whole JSON document.

## What to do

Take the token from where it is made, without a screen in between: `entrada token | entrada diagnose`.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    let finding = match facts.shape()? {
        Shape::Broken { reason, length } => RULE
            .finding(format!("this is not a whole token: {reason}"))
            .with_evidence("token", format!("{length} characters")),
        // An RSA signature has 342 characters or more. A real one that was cut has fewer; one that somebody left out, or
        // replaced by a word, is short.
        Shape::Jwt(jwt)
            if jwt.header.text("alg").is_some_and(|alg| alg.starts_with("RS"))
                && (90..342).contains(&jwt.signature_length) =>
        {
            RULE.finding("the end of the token is missing: its signature was cut").with_evidence(
                "signature",
                format!("{} characters of 342 or more", jwt.signature_length),
            )
        }
        Shape::Saml => RULE
            .finding("this is a SAML assertion, not an OAuth access token")
            .with_evidence("token", "a SAML assertion"),
        // Another issuer's token may look like anything; one for a service of Microsoft's does not.
        Shape::Opaque { length }
            if facts.response().is_none() && facts.wanted_resource().is_some() =>
        {
            RULE.finding("this does not look like a token of Entra's")
                .with_evidence(
                    "token",
                    format!("{length} characters, neither a JWT nor a personal account's"),
                )
                .with_confidence(Confidence::Possible)
        }
        _ => return None,
    };
    Some(finding.help("copy the token whole, or pipe it: `entrada token | entrada diagnose`"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::{finding_of, pasted};

    #[test]
    fn a_cut_signature_is_named() {
        let with = |length: usize| {
            let signature = "x".repeat(length);
            finding_of(&RULE, &pasted(&format!("eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJ4In0.{signature}")))
        };
        assert!(with(341).unwrap().contains("signature was cut"));
        assert_eq!(with(342), None);
        assert_eq!(with(3), None, "left out on purpose");
    }

    #[test]
    fn a_cut_token_is_named_and_a_whole_one_is_not() {
        assert_eq!(
            finding_of(&RULE, &pasted("eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJ4In0")).unwrap(),
            "this is not a whole token: expected 3 dot-separated parts, found 2"
        );
        assert!(finding_of(&RULE, &pasted("opaque")).unwrap().contains("does not look like"));
        let mut evidence = pasted("opaque");
        evidence.context.job = Some(entrada_core::Job::None);
        assert_eq!(finding_of(&RULE, &evidence), None, "another issuer's, perhaps");
    }
}
