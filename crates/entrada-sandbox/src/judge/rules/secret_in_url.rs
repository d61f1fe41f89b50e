use crate::judge::{Endpoint, Exchange, Finding, Record, Rule, SecretKind, Severity};

pub(super) static RULE: Rule = Rule {
    id: "secret-in-url",
    severity: Severity::Error,
    clause: "RFC 6750 §2.3 and §5.3, RFC 9700 §4.3.2",
    docs: include_str!("pages/secret_in_url.md"),
    check,
};

fn check(record: &Record) -> Vec<Finding> {
    let mut found = Vec::new();
    for one in &record.exchanges {
        let is_local = matches!(one.host.as_str(), "localhost" | "127.0.0.1" | "[::1]");
        if is_local && one.endpoint() == Endpoint::Other {
            continue;
        }
        for pair in &one.query {
            let Some(kind) = kind_of(one, &pair.name).filter(|_| !pair.value.is_empty()) else { continue };
            let message = format!("{} stands in the URL (`{}`)", kind.title(), pair.name);
            let help = "send tokens in the header `Authorization`, and token requests as the body of a POST";
            found.push(RULE.finding([one.number], message, help));
        }
    }
    found
}

/// The secret that the parameter `name` holds. The answer to an authorization request is a redirect with the code.
fn kind_of(one: &Exchange, name: &str) -> Option<SecretKind> {
    match SecretKind::of_name(name)? {
        SecretKind::AuthorizationCode | SecretKind::DeviceCode | SecretKind::CodeVerifier
            if one.endpoint() != Endpoint::Token => None,
        kind => Some(kind),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::script::*;

    #[test]
    fn secrets_in_urls_are_found() {
        let script = r"
        0 GET https://graph.microsoft.com/v1.0/me?access_token=t -> 200
        1 POST TOKEN?code=c&client_secret=s -> 400
        ";
        assert_eq!(found(&RULE, script), ["error #1: an access token stands in the URL (`access_token`)", "error #2: an authorization code stands in the URL (`code`)", "error #2: a client secret stands in the URL (`client_secret`)"]);
    }

    #[test]
    fn the_answer_at_the_redirect_uri_is_fine() {
        let script = r"
        0 GET http://localhost:5000/?code=c&state=s -> 200
        1 GET https://login.microsoftonline.com/common/oauth2/nativeclient?code=c -> 200
        2 POST TOKEN form=code=c -> 200
        ";
        assert!(found(&RULE, script).is_empty());
    }
}
