use crate::{Confidence, Facts, Finding, Rule, RuleId, Severity, Shape, Who};
use entrada_core::Jwt;

pub(super) static RULE: Rule = Rule {
    id: RuleId::MalformedToken,
    severity: Severity::Error,
    who: Who::User,
    docs: include_str!("pages/malformed-token.md"),
    check,
    advise,
};

fn check(facts: &Facts) -> Option<Finding> {
    if let Some(finding) = malformed_field(facts) {
        return Some(finding);
    }
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
        Shape::Jwt(jwt) => {
            return short_signature(facts, jwt)
                .or_else(|| critical_extension(facts, jwt))
                .or_else(|| implausible_expiry(jwt));
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
    Some(finding.help(COPY))
}

/// A field of the shown request that no service accepts. A success in the same text does not answer this token.
fn malformed_field(facts: &Facts) -> Option<Finding> {
    let evidence = facts.evidence;
    let fault = evidence.observed.field_fault?;
    let is_answered = evidence.answer.as_ref().is_some_and(|answer| answer.status.is_some());
    let is_refused = facts.refusal().is_some()
        || evidence
            .answer
            .as_ref()
            .is_some_and(|answer| answer.status.is_some_and(|status| 300 <= status));
    (!is_refused).then(|| {
        let finding = RULE
            .finding(format!(
                "no service accepts the `Authorization` field of this request: {fault}"
            ))
            .with_confidence(if is_answered { Confidence::Possible } else { Confidence::Likely })
            .by(Who::Developer);
        finding.help("send `Authorization: Bearer TOKEN`, with the token alone after the one space")
    })
}

const COPY: &str = "copy the complete token, or pipe it: `entrada token | entrada diagnose`";

/// Maximum length, in characters, of what stands in the place of a signature that was removed on purpose.
const REMOVED_MAX: usize = 40;

/// A signature that is shorter than the algorithm makes them. A short one may have been removed on purpose; then an answer to the
/// token counts more.
fn short_signature(facts: &Facts, jwt: &Jwt) -> Option<Finding> {
    let length = jwt.signature_length?;
    let whole = signature_min(jwt.header.text("alg")?)?;
    if whole <= length {
        return None;
    }
    let characters = format!("{length} characters of {whole} or more");
    if REMOVED_MAX <= length {
        return Some(
            RULE.finding("the end of the token is missing: its signature is truncated")
                .with_evidence("signature", characters)
                .help(COPY),
        );
    }
    (!has_error(facts)).then(|| {
        RULE.finding("the token has no complete signature: no service accepts it as it stands here")
            .with_evidence("signature", characters)
            .with_confidence(Confidence::Possible)
            .help(COPY)
    })
}

/// The length of the shortest signature by `alg` in base64url (RFC 7518 §3, RFC 8037 §3.1); `None` for another algorithm.
fn signature_min(alg: &str) -> Option<usize> {
    Some(match alg {
        "HS256" => 43,
        "HS384" => 64,
        "HS512" | "ES256" | "ES256K" | "EdDSA" => 86,
        "ES384" => 128,
        "ES512" => 176,
        "RS256" | "RS384" | "RS512" | "PS256" | "PS384" | "PS512" => 342,
        _ => return None,
    })
}

/// A header that requires its recipient to know an extension (RFC 7515 §4.1.11). Entra ID issues no such token.
fn critical_extension(facts: &Facts, jwt: &Jwt) -> Option<Finding> {
    let names = jwt.header.get("crit").filter(|_| !facts.evidence.is_accepted())?;
    let is_foreign = facts.foreign_issuer().is_some();
    let finding = RULE
        .finding("the header requires an extension (`crit`) that the services of Microsoft do not know: they have to refuse the token")
        .with_evidence("crit", names)
        .with_confidence(if is_foreign { Confidence::Possible } else { Confidence::Certain });
    Some(finding.help("get a token whose header has no `crit`"))
}

/// The last second of the year 9999.
const LATEST: i64 = 253_402_300_799;

/// An `exp` that is no date when it counts seconds, as it has to (RFC 7519 §2).
fn implausible_expiry(jwt: &Jwt) -> Option<Finding> {
    let exp = jwt.claims.exp().filter(|exp| LATEST < exp.0)?;
    Some(
        RULE.finding(
            "`exp` is after the year 9999: it seems to count milliseconds instead of seconds",
        )
        .with_evidence("exp", exp.0)
        .with_confidence(Confidence::Likely)
        .by(Who::Developer)
        .help("let the issuer of the token write `exp`, `iat` and `nbf` in seconds since 1970"),
    )
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
        assert!(with(3).unwrap().contains("no complete signature"));
    }

    #[test]
    fn a_signature_that_was_removed_on_purpose_does_not_outweigh_an_answer() {
        let mut evidence = pasted("eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJ4In0.c2ln");
        assert!(check(&Facts::new(&evidence)).is_some());
        evidence.answer = Some(crate::HttpAnswer { status: Some(200), ..Default::default() });
        assert!(check(&Facts::new(&evidence)).is_none());
    }

    #[test]
    fn an_extension_that_nobody_knows_and_an_expiry_in_milliseconds_are_found() {
        use base64::Engine as _;
        let part = |json: &str| base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(json);
        let with = |header: &str, claims: &str| {
            let text = format!("{}.{}.{}", part(header), part(claims), "x".repeat(342));
            finding_of(&RULE, &pasted(&text))
        };
        let plain = r#"{"alg":"RS256"}"#;
        assert_eq!(with(plain, r#"{"aud":"x","exp":1700003600}"#), None);
        assert!(
            with(plain, r#"{"aud":"x","exp":1700003600000}"#).unwrap().contains("milliseconds")
        );
        let critical = r#"{"alg":"RS256","crit":["x"],"x":1}"#;
        assert!(with(critical, r#"{"aud":"x"}"#).unwrap().contains("`crit`"));
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
