use crate::judge::polls::{DeviceFlow, SLOW_DOWN_STEP};
use crate::judge::{Exchange, Finding, Record, Rule, Severity};

pub(super) static RULE: Rule = Rule {
    id: "sign-in-ends-at-slow-down",
    severity: Severity::Warning,
    clause: "RFC 8628 §3.5",
    docs: include_str!("pages/sign_in_ends_at_slow_down.md"),
    check,
};

fn check(record: &Record) -> Vec<Finding> {
    let flows = DeviceFlow::all(record).into_iter();
    let ended = flows.filter_map(|flow| {
        let (last, earlier) = flow.polls.split_last()?;
        let is_slow_down = |poll: &Exchange| poll.error() == Some("slow_down");
        // A program that has polled after `slow_down` before ended for another reason.
        let went_on = earlier.iter().any(|poll| is_slow_down(poll));
        let is_alive = flow.expires_at().is_none_or(|expires_at| last.ended() < expires_at);
        let had_time = !record.is_cut_short(last, flow.interval + 2 * SLOW_DOWN_STEP);
        (is_slow_down(last) && !went_on && is_alive && had_time).then_some(last.number)
    });
    let help = "continue to poll, with an interval that is five seconds longer";
    ended.map(|number| RULE.finding([number], "the sign-in ends at `slow_down`", help)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::script::*;

    #[test]
    fn a_sign_in_that_stops_is_found() {
        let script = r#"
        0 POST DEVICE form=CLIENT -> 200 {"device_code":"d","interval":5,"expires_in":900}
        5 POST TOKEN form=CLIENT&grant_type=urn:ietf:params:oauth:grant-type:device_code&device_code=d -> 400 {"error":"slow_down"}
        "#;
        assert_eq!(found(&RULE, script), ["warning #2: the sign-in ends at `slow_down`"]);
    }

    #[test]
    fn a_sign_in_that_goes_on_or_has_expired_is_fine() {
        let script = r#"
        0 POST DEVICE form=CLIENT -> 200 {"device_code":"d","interval":5,"expires_in":900}
        5 POST TOKEN form=CLIENT&grant_type=urn:ietf:params:oauth:grant-type:device_code&device_code=d -> 400 {"error":"slow_down"}
        15 POST TOKEN form=CLIENT&grant_type=urn:ietf:params:oauth:grant-type:device_code&device_code=d -> 200 {"access_token":"a"}
        "#;
        assert!(found(&RULE, script).is_empty());
        let script = r#"
        0 POST DEVICE form=CLIENT -> 200 {"device_code":"d","interval":5,"expires_in":15}
        16 POST TOKEN form=CLIENT&grant_type=urn:ietf:params:oauth:grant-type:device_code&device_code=d -> 400 {"error":"slow_down"}
        "#;
        assert!(found(&RULE, script).is_empty());
    }
    #[test]
    fn a_program_that_polls_after_slow_down_or_has_no_time_to_is_fine() {
        let script = r#"
        0 POST DEVICE form=CLIENT -> 200 {"device_code":"d","interval":5,"expires_in":900}
        5 POST TOKEN form=CLIENT&grant_type=urn:ietf:params:oauth:grant-type:device_code&device_code=d -> 400 {"error":"slow_down"}
        15 POST TOKEN form=CLIENT&grant_type=urn:ietf:params:oauth:grant-type:device_code&device_code=d -> 400 {"error":"slow_down"}
        "#;
        assert!(found(&RULE, script).is_empty());
        let mut cut = record(&script.lines().take(3).collect::<Vec<_>>().join("\n"));
        assert_eq!(check(&cut).len(), 1);
        let at = cut.exchanges[1].at + 8_000;
        cut.observations.push(crate::judge::Observation::TimedOut { run: 1, at });
        assert!(check(&cut).is_empty());
    }
}
