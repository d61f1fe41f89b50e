use crate::judge::{Finding, Record, Rule, Severity};

pub(super) static RULE: Rule = Rule {
    id: "implicit-grant",
    severity: Severity::Warning,
    clause: "RFC 9700 §2.1.2",
    docs: include_str!("pages/implicit_grant.md"),
    check,
};

fn check(record: &Record) -> Vec<Finding> {
    let all: Vec<usize> = record
        .authorizations()
        .filter(|one| one.parameter("response_type").is_some_and(|kind| kind.split(' ').any(|own| own == "token")))
        .map(|one| one.number)
        .collect();
    if all.is_empty() {
        return Vec::new();
    }
    vec![RULE.finding(all, "the access token is requested through the browser", "ask for a code, with PKCE")]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::script::*;

    #[test]
    fn a_token_through_the_browser_is_found() {
        let script = r"
        0 GET AUTHORIZE?CLIENT&response_type=id_token+token -> 200
        ";
        assert_eq!(found(&RULE, script), ["warning #1: the access token is requested through the browser"]);
    }

    #[test]
    fn a_code_or_an_id_token_is_fine() {
        let script = r"
        0 GET AUTHORIZE?CLIENT&response_type=code+id_token -> 200
        1 GET AUTHORIZE?CLIENT -> 200
        ";
        assert!(found(&RULE, script).is_empty());
    }
}
