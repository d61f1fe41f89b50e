use crate::judge::polls::{DeviceFlow, SLOW_DOWN_STEP, is_early, seconds};
use crate::judge::{Finding, Record, Rule, Severity};

pub(super) static RULE: Rule = Rule {
    id: "slow-down-ignored",
    severity: Severity::Warning,
    clause: "RFC 8628 §3.5",
    docs: include_str!("pages/slow_down_ignored.md"),
    check,
};

fn check(record: &Record) -> Vec<Finding> {
    let mut found = Vec::new();
    for flow in DeviceFlow::all(record) {
        let mut interval = flow.interval;
        let mut message = None;
        let mut requests = Vec::new();
        for (before, poll, gap) in flow.gaps() {
            if before.error() != Some("slow_down") {
                continue;
            }
            interval += SLOW_DOWN_STEP;
            if is_early(gap, interval) {
                message.get_or_insert_with(|| {
                    format!(
                        "after `slow_down` the next poll comes after {}, where {interval} s are to be kept",
                        seconds(gap)
                    )
                });
                requests.extend([before.number, poll.number]);
            }
        }
        requests.dedup();
        if let Some(message) = message {
            let help = "add five seconds to the interval at each `slow_down`";
            found.push(RULE.finding(requests, message, help));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::script::*;

    #[test]
    fn an_interval_that_does_not_grow_is_found() {
        let script = r#"
        0 POST DEVICE form=CLIENT -> 200 {"device_code":"d","interval":5,"expires_in":900}
        5 POST TOKEN form=CLIENT&grant_type=urn:ietf:params:oauth:grant-type:device_code&device_code=d -> 400 {"error":"slow_down"}
        11 POST TOKEN form=CLIENT&grant_type=urn:ietf:params:oauth:grant-type:device_code&device_code=d -> 400 {"error":"authorization_pending"}
        "#;
        assert_eq!(found(&RULE, script), ["warning #2 and #3: after `slow_down` the next poll comes after 6.0 s, where 10 s are to be kept"]);
    }

    #[test]
    fn five_seconds_more_are_fine() {
        let script = r#"
        0 POST DEVICE form=CLIENT -> 200 {"device_code":"d","interval":5,"expires_in":900}
        5 POST TOKEN form=CLIENT&grant_type=urn:ietf:params:oauth:grant-type:device_code&device_code=d -> 400 {"error":"slow_down"}
        15 POST TOKEN form=CLIENT&grant_type=urn:ietf:params:oauth:grant-type:device_code&device_code=d -> 400 {"error":"slow_down"}
        30 POST TOKEN form=CLIENT&grant_type=urn:ietf:params:oauth:grant-type:device_code&device_code=d -> 400 {"error":"authorization_pending"}
        "#;
        assert!(found(&RULE, script).is_empty());
    }
    #[test]
    fn one_flow_is_one_finding() {
        let poll = |at: u32| format!("{at} {POLL} -> 400 {{\"error\":\"slow_down\"}}\n");
        let script = [DEVICE_FLOW.to_owned(), poll(5), poll(11), poll(18)].concat();
        assert_eq!(found(&RULE, &script), ["warning #2, #3 and #4: after `slow_down` the next poll comes after 6.0 s, where 10 s are to be kept"]);
    }
}
