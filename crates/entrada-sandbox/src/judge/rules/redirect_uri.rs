use crate::judge::{Finding, Record, Rule, Severity};

pub(super) static RULE: Rule = Rule {
    id: "redirect-uri",
    severity: Severity::Error,
    clause: "RFC 8252 §7.3 and §8.4; Entra: Redirect URI restrictions",
    docs: include_str!("pages/redirect_uri.md"),
    check,
};

fn check(record: &Record) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    for one in record.authorizations() {
        let Some(uri) = one.parameter("redirect_uri") else { continue };
        let lower = uri.to_ascii_lowercase();
        let url = url::Url::parse(&lower).ok();
        let host = url.as_ref().and_then(url::Url::host_str).unwrap_or_default();
        let help = "use `http://localhost` with a free port";
        let finding = if matches!(host, "127.0.0.1" | "[::1]") {
            let message = format!("the redirect URI names `{host}`: Entra ignores the port of `http://localhost` only");
            RULE.finding([one.number], message, help).with_severity(Severity::Warning)
        } else if lower.starts_with("urn:ietf:wg:oauth:2.0:oob") {
            RULE.finding([one.number], "the redirect URI is the out-of-band address, which is not one of Entra", help)
                .with_severity(Severity::Warning)
        } else if lower.starts_with("http://") && host != "localhost" {
            RULE.finding([one.number], "the redirect URI is plain http to another machine: Entra refuses to register it", help)
        } else {
            continue;
        };
        found.push(finding);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::script::*;

    #[test]
    fn addresses_that_entra_treats_otherwise_are_found() {
        let script = r"
        0 GET AUTHORIZE?CLIENT&redirect_uri=http://127.0.0.1:5000/ -> 400
        1 GET AUTHORIZE?CLIENT&redirect_uri=urn:ietf:wg:oauth:2.0:oob -> 400
        2 GET AUTHORIZE?CLIENT&redirect_uri=http://app.example/back -> 400
        ";
        assert_eq!(found(&RULE, script), ["warning #1: the redirect URI names `127.0.0.1`: Entra ignores the port of `http://localhost` only", "warning #2: the redirect URI is the out-of-band address, which is not one of Entra", "error #3: the redirect URI is plain http to another machine: Entra refuses to register it"]);
    }

    #[test]
    fn localhost_https_and_schemes_of_apps_are_fine() {
        let script = r"
        0 GET AUTHORIZE?CLIENT&redirect_uri=http://localhost:5000/ -> 302
        1 GET AUTHORIZE?CLIENT&redirect_uri=https://app.example/back -> 302
        2 GET AUTHORIZE?CLIENT&redirect_uri=msauth://com.example/x -> 302
        ";
        assert!(found(&RULE, script).is_empty());
    }
}
