use crate::judge::{Finding, Record, Rule, Severity};

pub(super) static RULE: Rule = Rule {
    id: "pkce-missing",
    severity: Severity::Warning,
    clause: "RFC 7636 §4.3, RFC 8252 §6, RFC 9700 §2.1.1",
    docs: include_str!("pages/pkce_missing.md"),
    check,
};

fn check(record: &Record) -> Vec<Finding> {
    let all: Vec<usize> = record
        .authorizations()
        .filter(|one| one.parameter("response_type").is_none_or(|kind| kind.contains("code")))
        .filter(|one| one.parameter("code_challenge").is_none())
        .map(|one| one.number)
        .collect();
    if all.is_empty() {
        return Vec::new();
    }
    let help = "send `code_challenge` with `code_challenge_method=S256`, and `code_verifier` with the code";
    vec![RULE.finding(all, "the authorization request has no PKCE challenge", help)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::script::*;

    #[test]
    fn a_code_without_a_challenge_is_found() {
        let script = r"
        0 GET AUTHORIZE?CLIENT&response_type=code -> 200
        ";
        assert_eq!(found(&RULE, script), ["warning #1: the authorization request has no PKCE challenge"]);
    }

    #[test]
    fn a_challenge_and_a_request_for_no_code_are_fine() {
        let script = r"
        0 GET AUTHORIZE?CLIENT&response_type=code&code_challenge=x -> 200
        1 GET AUTHORIZE?CLIENT&response_type=id_token -> 200
        ";
        assert!(found(&RULE, script).is_empty());
    }
}
