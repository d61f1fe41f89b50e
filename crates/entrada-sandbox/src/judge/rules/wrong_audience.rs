use crate::judge::{Finding, Record, Rule, Severity};
use entrada_core::entra::resources::{self, ARM, EXCHANGE, GRAPH, Resource};

pub(super) static RULE: Rule = Rule {
    id: "wrong-audience",
    severity: Severity::Error,
    clause: "RFC 9068 §4; Entra: Access tokens, `aud`",
    docs: include_str!("pages/wrong_audience.md"),
    check,
};

fn check(record: &Record) -> Vec<Finding> {
    let mut found = Vec::new();
    for one in &record.exchanges {
        let Some(api) = api_of(&one.host) else { continue };
        let aud = one.facts.bearer.as_ref().and_then(|token| token.claims.get("aud")?.as_str());
        let Some(aud) = aud.filter(|aud| !api.accepts(aud)) else { continue };
        let message = format!("the token is for `{aud}`, and it is shown to {} (`{}`)", api.name, one.host);
        let help = format!("ask for a scope of {}", api.audience());
        found.push(RULE.finding([one.number], message, help));
    }
    found
}

/// The API at this host.
fn api_of(host: &str) -> Option<&'static Resource> {
    match host {
        "graph.microsoft.com" => Some(&GRAPH),
        "management.azure.com" => Some(&ARM),
        "outlook.office365.com" | "outlook.office.com" => Some(&EXCHANGE),
        host => resources::of_audience(&format!("https://{host}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::script::*;

    #[test]
    fn a_token_at_another_api_is_found() {
        let script = r#"
        0 GET https://management.azure.com/subscriptions bearer={"aud":"https://graph.microsoft.com"} -> 401
        "#;
        assert_eq!(found(&RULE, script), ["error #1: the token is for `https://graph.microsoft.com`, and it is shown to Azure Resource Manager (`management.azure.com`)"]);
    }

    #[test]
    fn a_token_at_its_api_and_at_an_unknown_host_are_fine() {
        let script = r#"
        0 GET https://graph.microsoft.com/v1.0/me bearer={"aud":"00000003-0000-0000-c000-000000000000"} -> 200
        1 GET https://api.example/ bearer={"aud":"api://orders"} -> 200
        2 GET https://graph.microsoft.com/v1.0/me -> 401
        "#;
        assert!(found(&RULE, script).is_empty());
    }
}
