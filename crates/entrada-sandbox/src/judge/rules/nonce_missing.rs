use crate::judge::{Finding, Record, Rule, Severity};

pub(super) static RULE: Rule = Rule {
    id: "nonce-missing",
    severity: Severity::Error,
    clause: "OpenID Connect Core 1.0 §3.1.2.1 and §3.2.2.1",
    docs: include_str!("pages/nonce_missing.md"),
    check,
};

fn check(record: &Record) -> Vec<Finding> {
    let kind = |one: &crate::judge::Exchange| one.parameter("response_type").unwrap_or("code").to_owned();
    let has_openid =
        |one: &crate::judge::Exchange| one.parameter("scope").is_some_and(|scope| scope.split(' ').any(|own| own == "openid"));
    let mut found = Vec::new();
    for one in record.authorizations().filter(|one| one.parameter("nonce").is_none()) {
        let help = "send a random `nonce`, and compare it with the claim of the ID token";
        if kind(one).contains("id_token") {
            let message = "an ID token is requested through the browser without a `nonce`";
            found.push(RULE.finding([one.number], message, help));
        } else if has_openid(one) {
            let message = "the scope has `openid`, and the request has no `nonce`";
            found.push(RULE.finding([one.number], message, help).with_severity(Severity::Note));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::script::*;

    #[test]
    fn a_missing_nonce_is_an_error_only_where_it_is_required() {
        let script = r"
        0 GET AUTHORIZE?CLIENT&response_type=id_token&scope=openid -> 200
        1 GET AUTHORIZE?CLIENT&response_type=code&scope=openid+User.Read -> 200
        ";
        assert_eq!(found(&RULE, script), ["error #1: an ID token is requested through the browser without a `nonce`", "note #2: the scope has `openid`, and the request has no `nonce`"]);
    }

    #[test]
    fn a_nonce_and_a_request_without_an_id_token_are_fine() {
        let script = r"
        0 GET AUTHORIZE?CLIENT&response_type=code&scope=openid&nonce=x -> 200
        1 GET AUTHORIZE?CLIENT&response_type=code&scope=User.Read -> 200
        ";
        assert!(found(&RULE, script).is_empty());
    }
}
