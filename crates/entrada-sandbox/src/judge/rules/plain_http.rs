use crate::judge::{Finding, Record, Rule, Severity};

pub(super) static RULE: Rule = Rule {
    id: "plain-http",
    severity: Severity::Error,
    clause: "RFC 6749 §3.1 and §3.2, RFC 6750 §5.3",
    docs: include_str!("pages/plain_http.md"),
    check,
};

fn check(record: &Record) -> Vec<Finding> {
    let is_local = |host: &str| matches!(host, "localhost" | "127.0.0.1" | "[::1]" | "169.254.169.254");
    let all: Vec<usize> = record
        .exchanges
        .iter()
        .filter(|one| one.scheme == "http" && !is_local(&one.host))
        .filter(|one| one.facts.scheme.is_some() || one.grant().is_some())
        .map(|one| one.number)
        .collect();
    if all.is_empty() {
        return Vec::new();
    }
    vec![RULE.finding(all, "a secret is sent over plain http", "use https")]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::script::*;

    #[test]
    fn a_token_over_plain_http_is_found() {
        let script = r"
        0 GET http://graph.microsoft.com/v1.0/me authorization=Bearer -> 301
        1 POST http://login.microsoftonline.com/common/oauth2/v2.0/token form=grant_type=refresh_token&refresh_token=r -> 301
        ";
        assert_eq!(found(&RULE, script), ["error #2: a secret is sent over plain http"]);
    }

    #[test]
    fn https_and_this_machine_are_fine() {
        let script = r"
        0 POST TOKEN form=grant_type=refresh_token&refresh_token=r -> 200
        1 POST http://localhost:8400/common/oauth2/v2.0/token form=grant_type=refresh_token&refresh_token=r -> 200
        2 GET http://ocsp.example/ -> 200
        ";
        assert!(found(&RULE, script).is_empty());
    }
}
