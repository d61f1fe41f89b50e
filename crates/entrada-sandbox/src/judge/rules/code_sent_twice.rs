use crate::judge::{Exchange, Finding, Record, Rule, Severity};
use entrada_core::har::value_of;

pub(super) static RULE: Rule = Rule {
    id: "code-sent-twice",
    severity: Severity::Error,
    clause: "RFC 6749 §4.1.2; Entra: AADSTS54005",
    docs: include_str!("pages/code_sent_twice.md"),
    check,
};

fn check(record: &Record) -> Vec<Finding> {
    let mut found = Vec::new();
    for one in record.with_grant("authorization_code") {
        let Some(code) = one.parameter("code") else { continue };
        let next = record
            .after(one)
            .find(|later| later.grant() == Some("authorization_code") && later.parameter("code") == Some(code));
        let help = "send each code once; with Go's oauth2 set `AuthStyle` to `AuthStyleInParams`";
        let Some(next) = next.filter(|_| !one.is_passing_fault()) else {
            if next.is_none() && one.issued() && one.facts.empty_password && is_go(one) {
                let message = "HTTP Basic without a secret: where the authority refuses it, Go's oauth2 sends the code again";
                found.push(RULE.finding([one.number], message, help).with_severity(Severity::Note));
            }
            continue;
        };
        found.push(if one.issued() {
            RULE.finding([one.number, next.number], "the code is sent again after it was redeemed", help)
        } else {
            let basic = one.facts.scheme.as_deref().is_some_and(|scheme| scheme.eq_ignore_ascii_case("basic"));
            let how = if basic { ", first with HTTP Basic" } else { "" };
            RULE.finding([one.number, next.number], format!("the code is sent twice{how}"), help)
                .with_severity(Severity::Warning)
        });
    }
    found
}

fn is_go(one: &Exchange) -> bool {
    value_of(&one.headers, "user-agent").is_some_and(|agent| agent.starts_with("Go-http-client/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::script::*;

    #[test]
    fn a_code_that_is_sent_twice_is_found() {
        let script = r#"
        0 POST TOKEN form=grant_type=authorization_code&code=c authorization=Basic -> 401 {"error":"invalid_client"}
        1 POST TOKEN form=grant_type=authorization_code&code=c&CLIENT -> 200 {"access_token":"a"}
        2 POST TOKEN form=grant_type=authorization_code&code=c&CLIENT -> 400 {"error":"invalid_grant"}
        "#;
        assert_eq!(found(&RULE, script), ["warning #1 and #2: the code is sent twice", "error #2 and #3: the code is sent again after it was redeemed"]);
    }

    #[test]
    fn two_codes_and_another_attempt_after_a_fault_are_fine() {
        let script = r#"
        0 POST TOKEN form=grant_type=authorization_code&code=c -> 503
        1 POST TOKEN form=grant_type=authorization_code&code=c -> 200 {"access_token":"a"}
        2 POST TOKEN form=grant_type=authorization_code&code=d -> 200 {"access_token":"a"}
        "#;
        assert!(found(&RULE, script).is_empty());
    }
    #[test]
    fn a_first_attempt_by_basic_is_a_note() {
        let script = r#"
        0 POST TOKEN form=grant_type=authorization_code&code=c user-agent=Go-http-client/1.1 -> 200 {"access_token":"a"}
        "#;
        let mut record = record(script);
        assert!(check(&record).is_empty());
        record.exchanges[0].facts.empty_password = true;
        assert_eq!(shown(check(&record)), ["note #1: HTTP Basic without a secret: where the authority refuses it, Go's oauth2 sends the code again"]);
    }
}
