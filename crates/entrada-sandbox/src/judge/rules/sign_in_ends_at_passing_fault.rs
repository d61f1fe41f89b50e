use crate::judge::{Exchange, Finding, Record, Rule, Severity};

pub(super) static RULE: Rule = Rule {
    id: "sign-in-ends-at-passing-fault",
    severity: Severity::Warning,
    clause: "RFC 8628 §3.5, RFC 9110 §15.6.4 and §10.2.3; RFC 6585 §4",
    docs: include_str!("pages/sign_in_ends_at_passing_fault.md"),
    check,
};

/// Seconds that a program may wait before another attempt, in addition to `Retry-After`.
const WAIT: i64 = 15;

fn check(record: &Record) -> Vec<Finding> {
    let mut found = Vec::new();
    for one in record.exchanges.iter().filter(|one| one.is_passing_fault()) {
        let Some((what, secret)) = presented(one) else { continue };
        if one.grant() == Some("authorization_code") && one.status == 0 {
            continue;
        }
        // Another attempt, or a new sign-in of the same run, goes on.
        let goes_on = record
            .after(one)
            .any(|later| later.run == one.run && presented(later).is_some_and(|(_, own)| own == secret));
        let wait = one.response_header("retry-after").and_then(|text| text.parse().ok());
        if !goes_on && !record.is_cut_short(one, wait.unwrap_or(WAIT) + WAIT) {
            let status = match one.status {
                0 => "no answer".to_owned(),
                status => format!("status {status}"),
            };
            let message = format!("{what} ends at a fault that passes ({status})");
            found.push(RULE.finding([one.number], message, "wait for `Retry-After`, and send the request again"));
        }
    }
    found
}

/// What a token request is for, and the secret that it presents.
fn presented(one: &Exchange) -> Option<(&'static str, &str)> {
    match one.grant()? {
        "device_code" => Some(("the device code sign-in", one.polled_code()?)),
        "authorization_code" => Some(("the sign-in", one.parameter("code")?)),
        "refresh_token" => Some(("the refresh", one.parameter("refresh_token")?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::script::*;

    #[test]
    fn a_sign_in_that_gives_up_is_found() {
        let script = r#"
        0 POST DEVICE form=CLIENT -> 200 {"device_code":"d","interval":5,"expires_in":900}
        5 POST TOKEN form=CLIENT&grant_type=urn:ietf:params:oauth:grant-type:device_code&device_code=d -> 429 retry-after=2
        20 POST TOKEN form=grant_type=refresh_token&refresh_token=r -> 0
        "#;
        assert_eq!(found(&RULE, script), ["warning #2: the device code sign-in ends at a fault that passes (status 429)", "warning #3: the refresh ends at a fault that passes (no answer)"]);
    }

    #[test]
    fn another_attempt_and_a_refusal_are_fine() {
        let script = r#"
        0 POST DEVICE form=CLIENT -> 200 {"device_code":"d","interval":5,"expires_in":900}
        5 POST TOKEN form=CLIENT&grant_type=urn:ietf:params:oauth:grant-type:device_code&device_code=d -> 503
        10 POST TOKEN form=CLIENT&grant_type=urn:ietf:params:oauth:grant-type:device_code&device_code=d -> 200 {"access_token":"a"}
        20 POST TOKEN form=grant_type=refresh_token&refresh_token=r -> 400 {"error":"invalid_grant"}
        30 POST TOKEN form=grant_type=authorization_code&code=c -> 0
        "#;
        assert!(found(&RULE, script).is_empty());
    }
    #[test]
    fn a_program_whose_time_is_over_is_fine() {
        let mut cut = record("20 POST TOKEN form=grant_type=refresh_token&refresh_token=r -> 503 retry-after=30");
        assert_eq!(check(&cut).len(), 1);
        let at = cut.exchanges[0].at + 20_000;
        cut.observations.push(crate::judge::Observation::TimedOut { run: 1, at });
        assert!(check(&cut).is_empty());
    }
}
