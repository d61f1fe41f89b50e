use crate::judge::{Exchange, Finding, Record, Rule, Severity};
use entrada_core::entra::known;

pub(super) static RULE: Rule = Rule {
    id: "secret-of-public-client",
    severity: Severity::Error,
    clause: "RFC 8252 §8.5, RFC 6749 §2.1; Entra: AADSTS700025",
    docs: include_str!("pages/secret_of_public_client.md"),
    check,
};

fn check(record: &Record) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut empty = Vec::new();
    for one in record.exchanges.iter().filter(|one| one.grant().is_some()) {
        let is_microsofts = known::client(one.client_id()).is_some_and(|client| client.first_party);
        let is_desktop = one.grant() == Some("device_code")
            || one.parameter("redirect_uri").is_some_and(|uri| {
                uri.ends_with("/oauth2/nativeclient") || !uri.starts_with("http")
            });
        if !sends_secret(one) {
            if one.has_form("client_secret") {
                empty.push(one.number);
            }
        } else if is_microsofts {
            let message = "a client secret is sent for a client of Microsoft, which is public: AADSTS700025";
            found.push(RULE.finding([one.number], message, "leave out `client_secret`"));
        } else if is_desktop {
            let message = "a client secret is sent where the registration is a public client: AADSTS700025";
            let finding = RULE.finding([one.number], message, "leave out `client_secret`");
            found.push(finding.with_severity(Severity::Warning));
        }
    }
    if !empty.is_empty() {
        let finding = RULE.finding(empty, "an empty `client_secret` is sent", "leave out `client_secret`");
        found.push(finding.with_severity(Severity::Note));
    }
    found
}

fn sends_secret(one: &Exchange) -> bool {
    let is_basic = one.facts.scheme.as_deref().is_some_and(|scheme| scheme.eq_ignore_ascii_case("basic"));
    one.parameter("client_secret").is_some()
        || one.parameter("client_assertion").is_some()
        || is_basic && !one.facts.empty_password
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::script::*;

    #[test]
    fn a_secret_of_a_program_on_a_desktop_is_found() {
        let script = r"
        0 POST TOKEN form=CLIENT&grant_type=urn:ietf:params:oauth:grant-type:device_code&device_code=d&client_secret=s -> 400
        1 POST TOKEN form=grant_type=refresh_token&client_id=04b07795-8ddb-461a-bbee-02f9e1bf7b46&client_secret=s -> 400
        2 POST TOKEN form=grant_type=refresh_token&CLIENT&client_secret= -> 200
        ";
        assert_eq!(found(&RULE, script), ["warning #1: a client secret is sent where the registration is a public client: AADSTS700025", "error #2: a client secret is sent for a client of Microsoft, which is public: AADSTS700025", "note #3: an empty `client_secret` is sent"]);
    }

    #[test]
    fn a_web_application_and_a_service_are_fine() {
        let script = r"
        0 POST TOKEN form=grant_type=authorization_code&CLIENT&client_secret=s&redirect_uri=https://app.example/ -> 200
        1 POST TOKEN form=grant_type=client_credentials&CLIENT&client_secret=s -> 200
        2 POST TOKEN form=grant_type=refresh_token&CLIENT -> 200
        ";
        assert!(found(&RULE, script).is_empty());
    }
}
