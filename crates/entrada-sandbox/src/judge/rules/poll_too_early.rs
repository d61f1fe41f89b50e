use crate::judge::polls::{DeviceFlow, is_early, seconds};
use crate::judge::{Finding, Record, Rule, Severity};

pub(super) static RULE: Rule = Rule {
    id: "poll-too-early",
    severity: Severity::Error,
    clause: "RFC 8628 §3.2 and §3.5; Entra: AADSTS50196",
    docs: include_str!("pages/poll_too_early.md"),
    check,
};

/// More polls than this within [`LOOP_TIME`] are taken for a loop.
const LOOP_POLLS: usize = 60;
/// Milliseconds.
const LOOP_TIME: i64 = 120_000;

fn check(record: &Record) -> Vec<Finding> {
    let mut found = Vec::new();
    for flow in DeviceFlow::all(record) {
        let early: Vec<_> = flow
            .gaps()
            .filter(|(before, _, gap)| before.error() != Some("slow_down") && is_early(*gap, flow.interval))
            .collect();
        let Some(shortest) = early.iter().map(|(.., gap)| *gap).min() else { continue };
        let is_loop = flow.polls.windows(LOOP_POLLS).any(|polls| {
            polls.last().is_some_and(|last| last.at - polls[0].at < LOOP_TIME)
        });
        let message = format!(
            "{} polls come early, the earliest after {}, where the authority allows one in {} s",
            early.len(),
            seconds(shortest),
            flow.interval
        );
        let help = format!("wait {} s between two polls", flow.interval);
        let finding = RULE.finding(early.iter().map(|(_, poll, _)| poll.number), message, help);
        found.push(if is_loop { finding } else { finding.with_severity(Severity::Warning) });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::script::*;

    #[test]
    fn early_polls_are_found() {
        let script = r#"
        0 POST DEVICE form=CLIENT -> 200 {"device_code":"d","interval":5,"expires_in":900}
        5 POST TOKEN form=CLIENT&grant_type=urn:ietf:params:oauth:grant-type:device_code&device_code=d -> 400 {"error":"authorization_pending"}
        6.2 POST TOKEN form=CLIENT&grant_type=urn:ietf:params:oauth:grant-type:device_code&device_code=d -> 400 {"error":"authorization_pending"}
        "#;
        assert_eq!(found(&RULE, script), ["warning #3: 1 polls come early, the earliest after 1.2 s, where the authority allows one in 5 s"]);
    }

    #[test]
    fn a_loop_is_an_error() {
        let polls =
            (0..61).map(|poll| format!("{poll} {POLL} -> 400 {{\"error\":\"authorization_pending\"}}\n"));
        let script: Vec<String> = core::iter::once(DEVICE_FLOW.to_owned()).chain(polls).collect();
        assert!(found(&RULE, &script.concat())[0].starts_with("error #3, #4, #5, #6, #7 and 55 more: 60 polls"));
    }

    #[test]
    fn polls_in_time_and_the_first_poll_at_once_are_fine() {
        let script = r#"
        0 POST DEVICE form=CLIENT -> 200 {"device_code":"d","interval":5,"expires_in":900}
        0 POST TOKEN form=CLIENT&grant_type=urn:ietf:params:oauth:grant-type:device_code&device_code=d -> 400 {"error":"authorization_pending"}
        5 POST TOKEN form=CLIENT&grant_type=urn:ietf:params:oauth:grant-type:device_code&device_code=d -> 400 {"error":"authorization_pending"}
        9.7 POST TOKEN form=CLIENT&grant_type=urn:ietf:params:oauth:grant-type:device_code&device_code=d -> 400 {"error":"authorization_pending"}
        "#;
        assert!(found(&RULE, script).is_empty());
    }
}
