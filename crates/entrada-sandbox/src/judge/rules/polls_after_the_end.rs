use crate::judge::polls::DeviceFlow;
use crate::judge::{Exchange, Finding, Record, Rule, Severity};

pub(super) static RULE: Rule = Rule {
    id: "polls-after-the-end",
    severity: Severity::Error,
    clause: "RFC 8628 §3.5",
    docs: include_str!("pages/polls_after_the_end.md"),
    check,
};

/// So many polls after the end are a loop.
const LOOP: usize = 3;

fn check(record: &Record) -> Vec<Finding> {
    let mut found = Vec::new();
    for flow in DeviceFlow::all(record) {
        let Some(end) = flow.polls.iter().position(|poll| is_final(poll)) else { continue };
        let late: Vec<usize> = flow.polls[end + 1..].iter().map(|poll| poll.number).collect();
        if late.is_empty() {
            continue;
        }
        let answer = flow.polls[end].error().unwrap_or("tokens");
        let message = format!("the program polls {} times after the final answer ({answer})", late.len());
        let is_loop = LOOP <= late.len();
        let finding = RULE.finding(
            std::iter::once(flow.polls[end].number).chain(late),
            message,
            "stop at every answer except `authorization_pending`, `slow_down` and faults that pass",
        );
        found.push(if is_loop { finding } else { finding.with_severity(Severity::Warning) });
    }
    found
}

fn is_final(poll: &Exchange) -> bool {
    let goes_on = matches!(poll.error(), Some("authorization_pending" | "slow_down"));
    poll.issued() || poll.error().is_some() && !goes_on && !poll.is_passing_fault()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::script::*;

    #[test]
    fn polls_after_the_end_are_found() {
        let script = r#"
        0 POST DEVICE form=CLIENT -> 200 {"device_code":"d","interval":5,"expires_in":900}
        5 POST TOKEN form=CLIENT&grant_type=urn:ietf:params:oauth:grant-type:device_code&device_code=d -> 400 {"error":"authorization_declined"}
        10 POST TOKEN form=CLIENT&grant_type=urn:ietf:params:oauth:grant-type:device_code&device_code=d -> 400 {"error":"authorization_declined"}
        "#;
        assert_eq!(found(&RULE, script), ["warning #2 and #3: the program polls 1 times after the final answer (authorization_declined)"]);
        let script = r#"
        0 POST DEVICE form=CLIENT -> 200 {"device_code":"d","interval":5,"expires_in":900}
        5 POST TOKEN form=CLIENT&grant_type=urn:ietf:params:oauth:grant-type:device_code&device_code=d -> 400 {"error":"expired_token"}
        10 POST TOKEN form=CLIENT&grant_type=urn:ietf:params:oauth:grant-type:device_code&device_code=d -> 400 {"error":"expired_token"}
        15 POST TOKEN form=CLIENT&grant_type=urn:ietf:params:oauth:grant-type:device_code&device_code=d -> 400 {"error":"expired_token"}
        20 POST TOKEN form=CLIENT&grant_type=urn:ietf:params:oauth:grant-type:device_code&device_code=d -> 400 {"error":"expired_token"}
        "#;
        assert_eq!(found(&RULE, script), ["error #2, #3, #4 and #5: the program polls 3 times after the final answer (expired_token)"]);
    }

    #[test]
    fn polls_until_the_end_are_fine() {
        let script = r#"
        0 POST DEVICE form=CLIENT -> 200 {"device_code":"d","interval":5,"expires_in":900}
        5 POST TOKEN form=CLIENT&grant_type=urn:ietf:params:oauth:grant-type:device_code&device_code=d -> 400 {"error":"authorization_pending"}
        10 POST TOKEN form=CLIENT&grant_type=urn:ietf:params:oauth:grant-type:device_code&device_code=d -> 503 {"error":"temporarily_unavailable"}
        15 POST TOKEN form=CLIENT&grant_type=urn:ietf:params:oauth:grant-type:device_code&device_code=d -> 200 {"access_token":"a"}
        "#;
        assert!(found(&RULE, script).is_empty());
    }
}
