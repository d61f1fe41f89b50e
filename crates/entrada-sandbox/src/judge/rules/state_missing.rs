use crate::judge::{Finding, Record, Rule, Severity};

pub(super) static RULE: Rule = Rule {
    id: "state-missing",
    severity: Severity::Error,
    clause: "RFC 6749 §10.12, RFC 9700 §2.1",
    docs: include_str!("pages/state_missing.md"),
    check,
};

fn check(record: &Record) -> Vec<Finding> {
    let without = |one: &&crate::judge::Exchange| one.parameter("state").is_none();
    let (guarded, open): (Vec<_>, Vec<_>) = record
        .authorizations()
        .filter(without)
        .partition(|one| one.parameter("code_challenge_method") == Some("S256"));
    let help = "send a random `state`, and refuse an answer with another one";
    let found = [
        (open, Severity::Error, "the authorization request has neither `state` nor PKCE"),
        (guarded, Severity::Warning, "the authorization request has no `state`"),
    ];
    let found = found.into_iter().filter(|(all, ..)| !all.is_empty());
    found
        .map(|(all, severity, message)| {
            RULE.finding(all.iter().map(|one| one.number), message, help).with_severity(severity)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::script::*;

    #[test]
    fn a_request_without_state_is_found() {
        let script = r"
        0 GET AUTHORIZE?CLIENT&response_type=code -> 200
        1 GET AUTHORIZE?CLIENT&response_type=code&code_challenge=x&code_challenge_method=S256 -> 200
        ";
        assert_eq!(found(&RULE, script), ["error #1: the authorization request has neither `state` nor PKCE", "warning #2: the authorization request has no `state`"]);
    }

    #[test]
    fn a_request_with_state_is_fine() {
        let script = r"
        0 GET AUTHORIZE?CLIENT&state=AbCdEfGhIjKlMnOpQrSt -> 200
        1 POST AUTHORIZE form=flow=x&account=ada -> 302
        ";
        assert!(found(&RULE, script).is_empty());
    }
}
