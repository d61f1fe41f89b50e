use crate::judge::{Finding, Record, Rule, Severity};

pub(super) static RULE: Rule = Rule {
    id: "rotated-token-not-kept",
    severity: Severity::Error,
    clause: "RFC 6749 §6, RFC 9700 §4.14.2; Entra: Refresh tokens",
    docs: include_str!("pages/rotated_token_not_kept.md"),
    check,
};

/// Requests of one run that overlap cannot know of each other's answers. Milliseconds.
const OVERLAP: i64 = 1_000;

fn check(record: &Record) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    for one in record.with_grant("refresh_token").filter(|one| one.issued()) {
        let (Some(sent), Some(new)) = (one.parameter("refresh_token"), one.text("refresh_token")) else { continue };
        let is_reported = found.iter().any(|earlier| earlier.requests.contains(&one.number));
        if sent == new || is_reported {
            continue;
        }
        let again: Vec<usize> = record
            .after(one)
            .filter(|later| later.grant() == Some("refresh_token"))
            .filter(|later| later.parameter("refresh_token") == Some(sent))
            .filter(|later| one.run < later.run || one.ended() + OVERLAP < later.at)
            .map(|later| later.number)
            .collect();
        if !again.is_empty() {
            found.push(RULE.finding(
                std::iter::once(one.number).chain(again),
                "the new refresh token is not kept: the next refresh sends the old one",
                "store the `refresh_token` of each answer in place of the one that was sent",
            ));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::script::*;

    #[test]
    fn the_old_token_after_a_new_one_is_found() {
        let script = r#"
        0 POST TOKEN form=grant_type=refresh_token&refresh_token=r1 -> 200 {"access_token":"a","refresh_token":"r2"}
        9 POST TOKEN form=grant_type=refresh_token&refresh_token=r1 run=2 -> 400 {"error":"invalid_grant"}
        "#;
        assert_eq!(found(&RULE, script), ["error #1 and #2: the new refresh token is not kept: the next refresh sends the old one"]);
    }

    #[test]
    fn a_second_run_that_follows_at_once_has_seen_the_answer() {
        let script = r#"
        0 POST TOKEN form=grant_type=refresh_token&refresh_token=r1 -> 200 {"access_token":"a","refresh_token":"r2"}
        0.5 POST TOKEN form=grant_type=refresh_token&refresh_token=r1 run=2 -> 400 {"error":"invalid_grant"}
        "#;
        assert_eq!(found(&RULE, script).len(), 1);
    }

    #[test]
    fn the_new_token_no_new_token_and_overlapping_requests_are_fine() {
        let script = r#"
        0 POST TOKEN form=grant_type=refresh_token&refresh_token=r1 -> 200 {"access_token":"a","refresh_token":"r2"}
        0.5 POST TOKEN form=grant_type=refresh_token&refresh_token=r1 -> 200 {"access_token":"a","refresh_token":"r2"}
        9 POST TOKEN form=grant_type=refresh_token&refresh_token=r2 -> 200 {"access_token":"a"}
        19 POST TOKEN form=grant_type=refresh_token&refresh_token=r2 -> 200 {"access_token":"a"}
        "#;
        assert!(found(&RULE, script).is_empty());
    }
}
