use crate::{Confidence, Facts, Finding, Rule, RuleId, Severity, Who};

pub(super) static RULE: Rule = Rule {
    id: RuleId::NotABearerToken,
    severity: Severity::Error,
    who: Who::Developer,
    docs: include_str!("pages/not-a-bearer-token.md"),
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    by_type(facts).or_else(|| by_header(facts)).or_else(|| by_binding(facts))
}

/// By the type that the response names.
fn by_type(facts: &Facts) -> Option<Finding> {
    let kind = facts.response()?.token_type.as_deref()?;
    (!kind.eq_ignore_ascii_case("bearer")).then(|| {
        RULE.finding(format!("the token is of type `{kind}`, not Bearer"))
            .with_evidence("token_type", kind)
            .help(REMOVE)
    })
}

const REMOVE: &str = "request a bearer token: remove `req_cnf` from the request";

/// Types of a JWT that is a proof of possession itself: of Microsoft's libraries, and of DPoP (RFC 9449 §4.2).
const PROOFS: [&str; 2] = ["pop", "dpop+jwt"];

/// By the type in the header of the JWT.
fn by_header(facts: &Facts) -> Option<Finding> {
    let kind = facts.jwt()?.header.text("typ")?;
    let is_proof = PROOFS.iter().any(|own| own.eq_ignore_ascii_case(kind));
    (is_proof && !facts.evidence.is_accepted()).then(|| {
        RULE.finding(format!(
            "this is a proof that the client has a key (`typ` is `{kind}`), not a Bearer token"
        ))
        .with_evidence("typ", kind)
        .help(REMOVE)
    })
}

/// By the key that the token is bound to (RFC 7800). Alone it may be in use with its proof; a certificate is shown by TLS
/// (RFC 8705).
fn by_binding(facts: &Facts) -> Option<Finding> {
    let binding = facts.claims()?.get("cnf")?.as_object().filter(|binding| !binding.is_empty())?;
    if facts.evidence.is_accepted() {
        return None;
    }
    let names: Vec<&str> = binding.keys().map(String::as_str).collect();
    let by_certificate = binding.contains_key("x5t#S256");
    let (what, help) = if by_certificate {
        ("a certificate", "connect with the certificate that the token is bound to (mutual TLS)")
    } else {
        ("a key", REMOVE)
    };
    let is_sent_as_bearer = facts.evidence.sends_bearer() && !by_certificate;
    Some(
        RULE.finding(format!(
            "the token is bound to {what} (`cnf`): without the proof of it a service refuses the token"
        ))
        .with_evidence("cnf", names.join(", "))
        .with_confidence(if is_sent_as_bearer { Confidence::Certain } else { Confidence::Possible })
        .help(help),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::{finding_of, response, token};

    #[test]
    fn a_token_that_is_bound_to_a_key_is_no_bearer_token() {
        let of = |cnf: &str, sent: &str| {
            let mut evidence = token(&format!(r#"{{"aud":"x","cnf":{cnf}}}"#));
            evidence.answer = Some(crate::HttpAnswer {
                status: Some(401),
                authorization: Some(entrada_core::Secret::new(sent)),
                ..Default::default()
            });
            check(&Facts::new(&evidence)).map(|finding| finding.confidence)
        };
        assert_eq!(of(r#"{"kid":"k"}"#, "Bearer x"), Some(Confidence::Certain));
        assert_eq!(of(r#"{"kid":"k"}"#, "PoP x"), Some(Confidence::Possible));
        assert_eq!(of(r#"{"x5t#S256":"k"}"#, "Bearer x"), Some(Confidence::Possible));
        assert_eq!(of("{}", "Bearer x"), None);
    }

    #[test]
    fn every_other_token_type_is_an_error() {
        let with = |kind: &str| {
            finding_of(
                &RULE,
                &response(&format!(r#"{{"access_token":"x","token_type":"{kind}"}}"#), ""),
            )
        };
        assert!(with("pop").is_some());
        assert_eq!(with("bearer"), None);
        assert_eq!(finding_of(&RULE, &response(r#"{"access_token":"x"}"#, "")), None);
    }
}
