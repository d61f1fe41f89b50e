use crate::judge::{Endpoint, Finding, Record, Rule, Severity};

pub(super) static RULE: Rule = Rule {
    id: "two-apis-in-one-request",
    severity: Severity::Error,
    clause: "Entra: AADSTS28000; OAuth 2.0 authorization code flow, `scope`",
    docs: include_str!("pages/two_apis_in_one_request.md"),
    check,
};

use entrada_core::entra::resources::{ResourceOfScope, of_scope};

fn check(record: &Record) -> Vec<Finding> {
    let mut found = Vec::new();
    for one in &record.exchanges {
        let Some(scope) = one.parameter("scope") else { continue };
        let mut names: Vec<&str> = Vec::new();
        for name in scope.split_whitespace().filter_map(name_of) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let severity = match (one.endpoint(), one.grant()) {
            (Endpoint::DeviceCode, _) | (Endpoint::Token, Some("authorization_code" | "device_code")) => Severity::Error,
            (Endpoint::Token, Some("refresh_token")) => Severity::Warning,
            (Endpoint::Authorize, _) => Severity::Note,
            _ => continue,
        };
        if let [first, second, ..] = names.as_slice() {
            let message = format!("one request names permissions of {first} and of {second}");
            let help = "ask for one API in each request; one refresh token serves all of them";
            found.push(RULE.finding([one.number], message, help).with_severity(severity));
        }
    }
    found
}

fn name_of(scope: &str) -> Option<&str> {
    match of_scope(scope) {
        ResourceOfScope::SignIn => None,
        ResourceOfScope::Other(name) => Some(name),
        known => known.resource().map(|resource| resource.name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::script::*;

    #[test]
    fn two_apis_are_found() {
        let script = r"
        0 POST DEVICE form=scope=https://graph.microsoft.com/Mail.Read+https://outlook.office.com/IMAP.AccessAsUser.All -> 400
        1 GET AUTHORIZE?CLIENT&scope=User.Read+api://orders/Read -> 200
        2 POST TOKEN form=grant_type=refresh_token&scope=User.Read+api://orders/Read -> 200
        ";
        assert_eq!(found(&RULE, script), ["error #1: one request names permissions of Microsoft Graph and of Exchange Online", "note #2: one request names permissions of Microsoft Graph and of api://orders", "warning #3: one request names permissions of Microsoft Graph and of api://orders"]);
    }

    #[test]
    fn one_api_beside_the_scopes_of_the_sign_in_is_fine() {
        let script = r"
        0 POST DEVICE form=scope=https://graph.microsoft.com/Mail.Read+User.Read+openid+offline_access -> 200
        ";
        assert!(found(&RULE, script).is_empty());
    }
}
