use crate::{Facts, Finding, Rule, Severity, Shape, Who};

pub(super) static RULE: Rule = Rule {
    id: "encrypted-token",
    severity: Severity::Warning,
    order: 203,
    who: Who::Developer,
    docs: "\
## What it means

The token is encrypted (a JWE of five parts): only the service that it is for can read it. From the token alone
nothing about audience, permissions or life can be said.

## Why it happens

Some services ask for encrypted tokens; refresh tokens of Azure AD B2C look like this too.

## What to do

Judge the whole token response instead: it names the scopes and the life.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    let Shape::Jwe(header) = facts.shape()? else { return None };
    Some(
        RULE.finding("the token is encrypted: only the service that it is for can read it")
            .with_evidence("enc", header.text("enc").unwrap_or("?"))
            .help("judge the whole token response instead"),
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
