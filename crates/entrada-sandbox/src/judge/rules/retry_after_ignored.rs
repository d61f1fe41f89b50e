use crate::judge::polls::{is_early, seconds};
use crate::judge::{Finding, Record, Rule, Severity};

pub(super) static RULE: Rule = Rule {
    id: "retry-after-ignored",
    severity: Severity::Warning,
    clause: "RFC 9110 §10.2.3, RFC 6585 §4; Microsoft Graph throttling guidance",
    docs: include_str!("pages/retry_after_ignored.md"),
    check,
};

fn check(record: &Record) -> Vec<Finding> {
    let mut found = Vec::new();
    for one in record.exchanges.iter().filter(|one| matches!(one.status, 429 | 503)) {
        let asked = one.response_header("retry-after").and_then(|text| text.trim().parse::<i64>().ok());
        let Some(asked) = asked else { continue };
        let next = record.after(one).find(|next| {
            (&next.host, &next.path, next.grant()) == (&one.host, &one.path, one.grant())
        });
        if let Some(next) = next.filter(|next| is_early(next.at - one.ended(), asked)) {
            let message = format!(
                "the server asked for a pause of {asked} s, and the next request comes after {}",
                seconds(next.at - one.ended())
            );
            found.push(RULE.finding([one.number, next.number], message, "wait as long as `Retry-After` says"));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::script::*;

    #[test]
    fn a_request_within_the_pause_is_found() {
        let script = r"
        0 GET https://graph.microsoft.com/v1.0/me -> 429 retry-after=10
        1.05 GET https://graph.microsoft.com/v1.0/me -> 200
        ";
        assert_eq!(found(&RULE, script), ["warning #1 and #2: the server asked for a pause of 10 s, and the next request comes after 1.0 s"]);
    }

    #[test]
    fn a_request_after_the_pause_or_to_another_path_is_fine() {
        let script = r"
        0 GET https://graph.microsoft.com/v1.0/me -> 429 retry-after=2
        1 GET https://graph.microsoft.com/v1.0/users -> 200
        3 GET https://graph.microsoft.com/v1.0/me -> 200
        ";
        assert!(found(&RULE, script).is_empty());
    }
}
