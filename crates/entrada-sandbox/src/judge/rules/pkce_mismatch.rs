use crate::judge::{Finding, Record, Rule, Severity};

pub(super) static RULE: Rule = Rule {
    id: "pkce-mismatch",
    severity: Severity::Error,
    clause: "RFC 7636 §4.5 and §4.6",
    docs: include_str!("pages/pkce_mismatch.md"),
    check,
};

fn check(record: &Record) -> Vec<Finding> {
    let challenges = || record.authorizations().filter(|one| one.parameter("code_challenge").is_some());
    let mut found = Vec::new();
    for one in record.with_grant("authorization_code") {
        let before: Vec<usize> =
            challenges().filter(|start| start.number < one.number).map(|start| start.number).collect();
        let verifier = one.parameter("code_verifier");
        let unguarded = record.authorizations().filter(|start| start.number < one.number).count();
        let message = if one.facts.verifier_fits == Some(false) {
            "the PKCE verifier does not match the challenge"
        } else if verifier.is_none() && !before.is_empty() && before.len() == unguarded {
            "there was a PKCE challenge, and the code is redeemed without a verifier"
        } else {
            continue;
        };
        let help = "send the `code_verifier` whose SHA-256, base64url without padding, was the `code_challenge`";
        found.push(RULE.finding(before.last().copied().into_iter().chain([one.number]), message, help));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::script::*;

    #[test]
    fn a_wrong_and_a_missing_verifier_are_found() {
        let script = r#"
        0 GET AUTHORIZE?CLIENT&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256 -> 302
        1 POST TOKEN form=grant_type=authorization_code&code=c&code_verifier=aaaabbbbccccddddaaaabbbbccccddddaaaabbbbccccdddd -> 400 {"error":"invalid_grant"}
        2 POST TOKEN form=grant_type=authorization_code&code=c -> 400 {"error":"invalid_grant"}
        "#;
        assert_eq!(found(&RULE, script), ["error #1 and #2: the PKCE verifier does not match the challenge", "error #1 and #3: there was a PKCE challenge, and the code is redeemed without a verifier"]);
    }

    #[test]
    fn a_verifier_that_fits_is_fine() {
        let script = r#"
        0 GET AUTHORIZE?CLIENT&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256 -> 302
        1 POST TOKEN form=grant_type=authorization_code&code=c&code_verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk -> 200 {"access_token":"a"}
        "#;
        assert!(found(&RULE, script).is_empty());
        let script = r#"
        0 GET AUTHORIZE?CLIENT&response_type=code -> 302
        1 POST TOKEN form=grant_type=authorization_code&code=c -> 200 {"access_token":"a"}
        "#;
        assert!(found(&RULE, script).is_empty());
    }
}
