use crate::judge::{Finding, Record, Rule, Severity};

pub(super) static RULE: Rule = Rule {
    id: "pkce-plain",
    severity: Severity::Warning,
    clause: "RFC 7636 §4.2",
    docs: include_str!("pages/pkce_plain.md"),
    check,
};

fn check(record: &Record) -> Vec<Finding> {
    let all: Vec<usize> = record
        .authorizations()
        .filter(|one| one.parameter("code_challenge").is_some())
        .filter(|one| one.parameter("code_challenge_method") != Some("S256"))
        .map(|one| one.number)
        .collect();
    if all.is_empty() {
        return Vec::new();
    }
    let help = "send the SHA-256 of the verifier, with `code_challenge_method=S256`";
    vec![RULE.finding(all, "the PKCE challenge is the verifier itself", help)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::script::*;

    #[test]
    fn plain_and_no_method_are_found() {
        let script = r"
        0 GET AUTHORIZE?CLIENT&code_challenge=x&code_challenge_method=plain -> 200
        1 GET AUTHORIZE?CLIENT&code_challenge=x -> 200
        ";
        assert_eq!(found(&RULE, script), ["warning #1 and #2: the PKCE challenge is the verifier itself"]);
    }

    #[test]
    fn a_hash_is_fine() {
        let script = r"
        0 GET AUTHORIZE?CLIENT&code_challenge=x&code_challenge_method=S256 -> 200
        ";
        assert!(found(&RULE, script).is_empty());
    }
}
