use crate::judge::{Endpoint, Finding, Record, Rule, Severity};

pub(super) static RULE: Rule = Rule {
    id: "v1-endpoint",
    severity: Severity::Error,
    clause: "Entra: v1 and v2 endpoints (OAuth 2.0 `resource` and `scope`)",
    docs: include_str!("pages/v1_endpoint.md"),
    check,
};

fn check(record: &Record) -> Vec<Finding> {
    let is_oauth = |endpoint| matches!(endpoint, Endpoint::Authorize | Endpoint::DeviceCode | Endpoint::Token);
    let mut old = Vec::new();
    let mut found = Vec::new();
    let help = "send `scope` to the v2 endpoints";
    for one in record.exchanges.iter().filter(|one| is_oauth(one.endpoint())) {
        match (one.is_v1(), one.parameter("resource"), one.parameter("scope")) {
            (false, Some(_), _) if one.host != "login.live.com" => {
                found.push(RULE.finding([one.number], "`resource` is sent to a v2 endpoint: AADSTS901002", help));
            }
            (true, None, Some(_)) if one.endpoint() != Endpoint::Token => {
                let message = "`scope` without `resource` is sent to a v1 endpoint, which ignores it";
                found.push(RULE.finding([one.number], message, help).with_severity(Severity::Warning));
            }
            (true, ..) => old.push(one.number),
            _ => (),
        }
    }
    if !old.is_empty() {
        found.push(RULE.finding(old, "the program uses the v1 endpoints", help).with_severity(Severity::Note));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::script::*;

    #[test]
    fn mixed_generations_are_found() {
        let script = r"
        0 POST TOKEN form=grant_type=refresh_token&resource=https://graph.microsoft.com -> 400
        1 GET https://login.microsoftonline.com/common/oauth2/authorize?CLIENT&scope=openid -> 200
        2 POST https://login.microsoftonline.com/common/oauth2/token form=grant_type=refresh_token&resource=x -> 200
        ";
        assert_eq!(found(&RULE, script), ["error #1: `resource` is sent to a v2 endpoint: AADSTS901002", "warning #2: `scope` without `resource` is sent to a v1 endpoint, which ignores it", "note #3: the program uses the v1 endpoints"]);
    }

    #[test]
    fn v2_with_scope_is_fine() {
        let script = r"
        0 POST TOKEN form=grant_type=refresh_token&scope=User.Read -> 200
        1 GET http://169.254.169.254/metadata/identity/oauth2/token?resource=https://vault.azure.net -> 200
        ";
        assert!(found(&RULE, script).is_empty());
    }
}
