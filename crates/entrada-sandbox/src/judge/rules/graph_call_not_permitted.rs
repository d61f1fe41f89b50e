use crate::judge::{Exchange, Finding, Record, Rule, Severity};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use entrada_core::NumericDate;
use entrada_core::entra::graph::GraphCall;
use entrada_diagnose::{Context, Evidence, RuleId, Shape, judge};

pub(super) static RULE: Rule = Rule {
    id: "graph-call-not-permitted",
    severity: Severity::Error,
    clause: "Microsoft Graph: permissions of each method (reference)",
    docs: include_str!("pages/graph_call_not_permitted.md"),
    check,
};

fn check(record: &Record) -> Vec<Finding> {
    record.exchanges.iter().filter_map(of_call).collect()
}

fn of_call(one: &Exchange) -> Option<Finding> {
    let token = one.facts.bearer.as_ref()?;
    if one.host != "graph.microsoft.com" {
        return None;
    }
    let call = GraphCall::new(&one.method, &format!("https://{}{}", one.host, one.path)).ok()?;
    let part = |json: &serde_json::Map<String, serde_json::Value>| {
        BASE64_URL_SAFE_NO_PAD.encode(serde_json::Value::Object(json.clone()).to_string())
    };
    let text = format!("{}.{}.c2ln", part(&token.header), part(&token.claims));
    let evidence = Evidence {
        token: Some(Shape::of(&text)),
        context: Context { call: Some(call), ..Context::default() },
        now: Some(NumericDate(one.at / 1_000)),
        ..Evidence::default()
    };
    let lacking = [
        RuleId::MissingScope,
        RuleId::MissingAppRole,
        RuleId::GraphCallPermissions,
        RuleId::AppOnlyTokenForDelegatedJob,
        RuleId::DelegatedTokenForAppOnlyJob,
    ];
    let found = judge(&evidence).findings.into_iter().find(|finding| {
        finding.severity == Severity::Error && lacking.contains(&finding.rule.id)
    })?;
    let help = "ask for that permission in the scope of the sign-in, and for consent to it";
    Some(RULE.finding([one.number], found.message, help))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::script::*;

    #[test]
    fn a_call_that_the_token_does_not_permit_is_found() {
        let script = r#"0 GET https://graph.microsoft.com/v1.0/me/messages bearer={"aud":"https://graph.microsoft.com","scp":"User.Read","tid":"72f988bf-86f1-41af-91ab-2d7cd011db47","iss":"https://sts.windows.net/72f988bf-86f1-41af-91ab-2d7cd011db47/","exp":1890000000} -> 403"#;
        let all = found(&RULE, script);
        assert_eq!(all.len(), 1);
        assert!(all[0].starts_with("error #1: ") && all[0].contains("GET /me/messages"), "{all:?}");
    }

    #[test]
    fn a_call_that_the_token_permits_is_fine() {
        let script = r#"
        0 GET https://graph.microsoft.com/v1.0/me bearer={"aud":"https://graph.microsoft.com","scp":"User.Read","exp":1890000000} -> 200
        1 GET https://graph.microsoft.com/v1.0/me/messages bearer={"aud":"https://graph.microsoft.com","scp":"Mail.ReadWrite","exp":1890000000} -> 200
        2 GET https://graph.microsoft.com/v1.0/me/messages -> 401
        "#;
        assert!(found(&RULE, script).is_empty());
    }
}
