use crate::{Facts, Finding, Rule, RuleId, Severity, Shape, Who};

pub(super) static RULE: Rule = Rule {
    id: RuleId::EncryptedToken,
    severity: Severity::Warning,
    who: Who::Developer,
    docs: include_str!("pages/encrypted-token.md"),
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    let Shape::Jwe(header) = facts.shape()? else { return None };
    Some(
        RULE.finding("the token is encrypted: only the service that it is for can read it")
            .with_evidence("enc", header.text("enc").unwrap_or("?"))
            .help("diagnose the whole token response instead"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::{finding_of, pasted};

    #[test]
    fn five_parts_with_enc_are_an_encrypted_token() {
        // {"alg":"RSA-OAEP","enc":"A256GCM"}
        let jwe = "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.a.b.c.d";
        assert!(finding_of(&RULE, &pasted(jwe)).is_some());
        assert_eq!(finding_of(&RULE, &pasted("x")), None);
    }
}
